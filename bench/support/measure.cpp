#include "bench/support/measure.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "bench/support/own_process.hpp"
#include "common/base/clock.hpp"

namespace fleet::bench {

std::int64_t boot_ns() {
    return base::SystemClock().boot_now().time_since_epoch().count();
}

double milliseconds(std::int64_t from_ns, std::int64_t to_ns) {
    return static_cast<double>(to_ns - from_ns) / 1e6;
}

double quantile(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
    return values.at(at);
}

std::optional<double> pss_mebibytes(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/smaps_rollup"};
    std::string word;
    while (file >> word) {
        if (word == "Pss:") {
            double kibibytes = 0;
            file >> kibibytes;
            return kibibytes / 1024;
        }
    }
    return std::nullopt;
}

void wait_until(const std::string& what, const std::function<bool()>& is_true,
                std::chrono::milliseconds limit, std::chrono::microseconds pause) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!is_true()) {
        if (std::chrono::steady_clock::now() > end) {
            throw std::runtime_error(what + ": not within " + std::to_string(limit.count() / 1000) +
                                     " s");
        }
        std::this_thread::sleep_for(pause);
    }
}

double run_milliseconds(const std::vector<std::string>& argv) {
    const auto start = boot_ns();
    OwnProcess program{argv};
    const int code = program.wait();
    const auto end = boot_ns();
    if (code != 0) {
        std::string line;
        for (const auto& one : argv) {
            line += one + " ";
        }
        throw std::runtime_error(line + "ended with exit code " + std::to_string(code));
    }
    return milliseconds(start, end);
}

}  // namespace fleet::bench
