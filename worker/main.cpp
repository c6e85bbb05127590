// `worker`: works for one pool until it is asked to leave.
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <malloc.h>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "common/base/errors.hpp"
#include "common/model/worker_exit.hpp"
#include "common/process/tree.hpp"
#include "common/store/open.hpp"
#include "machines/definitions/fleet_hooks.hpp"
#include "machines/definitions/own_machine.hpp"
#include "worker/options.hpp"
#include "worker/retry.hpp"
#include "worker/signal_watch.hpp"
#include "worker/worker.hpp"

namespace {

/// A closed standard descriptor would be given to the next file opened: a database, perhaps.
void fill_standard_descriptors() {
    int fd = 0;
    do {
        fd = ::open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        ::close(fd);
    }
}

constexpr int kExitUsage = 2;

/// nullopt: what is wrong with the file was said.
std::optional<fleet::definitions::OwnMachine> load_machine(
    const fleet::worker::WorkerOptions& options, const fleet::contracts::Store& store,
    const fleet::base::Clock& clock, fleet::base::Log& log) {
    const auto hooks_of = [&](const std::filesystem::path& folder) {
        return fleet::definitions::fleet_hooks(store, folder, clock, log);
    };
    return fleet::definitions::loaded_or_explained(
        fleet::definitions::load_own_machine(options.machine_file,
                                             fleet::worker::Worker::action_names(), hooks_of),
        std::cerr);
}

int run(const fleet::worker::WorkerOptions& options) {
    // Before any thread starts: all of them inherit the mask.
    fleet::worker::block_signals();
    fleet::process::become_subreaper();
    const fleet::base::SystemClock clock;
    fleet::base::Log log("worker", options.log_level);
    const auto store =
        fleet::store::open_store(options.store, clock, fleet::store::Missing::refuse);
    fleet::definitions::OwnMachine machine;
    if (!options.machine_file.empty()) {
        auto loaded = load_machine(options, *store, clock, log);
        if (!loaded) {
            return kExitUsage;
        }
        machine = std::move(*loaded);
    }
    fleet::worker::Worker worker(options, *store, clock, log, {}, std::move(machine));
    const fleet::worker::SignalWatch signals(
        [&worker](const std::string& name) { worker.interrupt(name); });
    return worker.run();
}

}  // namespace

int main(int argc, char** argv) {
    fill_standard_descriptors();
    // Slots allocate little at once; an arena for each thread would only cost memory.
    ::mallopt(M_ARENA_MAX, 2);
    const auto environment = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value == nullptr ? "" : value);
    };
    bool has_scaler = false;
    try {
        const auto parsed = fleet::worker::parse_options(
            std::vector<std::string>(argv + 1, argv + argc), environment, std::cout, std::cerr);
        if (const int* code = std::get_if<int>(&parsed)) {
            return *code;
        }
        ::unsetenv(fleet::worker::kLaunchTokenVariable);  // not for the commands
        const auto& options = std::get<fleet::worker::WorkerOptions>(parsed);
        has_scaler = options.seat != 0;
        return run(options);
    } catch (const fleet::base::StoreError& error) {
        std::cerr << "worker: " << error.full_text() << std::endl;
        if (has_scaler && fleet::worker::is_ruined(error.kind())) {
            return fleet::model::kExitStoreDamaged;
        }
    } catch (const fleet::base::Error& error) {
        std::cerr << "worker: " << error.full_text() << std::endl;
    } catch (const std::exception& error) {
        std::cerr << "worker: an unexpected failure: " << error.what()
                  << "; this is a fault of the program, please report it" << std::endl;
    }
    return 1;
}
