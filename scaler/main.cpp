#include <exception>
#include <iostream>
#include <malloc.h>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"
#include "common/base/logging.hpp"
#include "common/store/open.hpp"
#include "coordinator/run_scaler.hpp"
#include "coordinator/scaler_options.hpp"

int main(int argc, char** argv) {
    using namespace fleet;
    // Few threads that allocate little: more arenas would only cost memory.
    ::mallopt(M_ARENA_MAX, 2);
    try {
        const auto parsed = coordinator::parse_scaler_options(
            std::vector<std::string>(argv + 1, argv + argc), std::cout, std::cerr);
        if (const int* exit_code = std::get_if<int>(&parsed)) {
            return *exit_code;
        }
        const auto& options = std::get<coordinator::ScalerOptions>(parsed);
        const base::SystemClock clock;
        base::Log log("scaler", options.log_level);
        const auto store = store::open_store(options.store, clock);
        return coordinator::run_scaler(*store, clock, log, options, std::cout, std::cerr);
    } catch (const base::Error& error) {
        std::cerr << "scaler: " << error.full_text() << '\n';
    } catch (const std::exception& error) {
        std::cerr << "scaler: unexpected: " << error.what() << '\n';
    }
    return 1;
}
