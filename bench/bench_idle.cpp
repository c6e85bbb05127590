// A fleet with nothing to do: processor time of one scaler and four workers together over a span,
// and the memory of each (PSS: shared pages are counted in parts). How soon it begins with an item
// is bench_dispatch.
//
//   bench_idle [--json] [--seconds N (20)]
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "bench/support/bench_fleet.hpp"
#include "bench/support/measure.hpp"
#include "bench/support/table.hpp"

namespace {

using namespace fleet;

constexpr std::size_t kWorkers = 4;
constexpr double kLimitPercent = 0.1;

/// Time on a processor of all threads of a process, in seconds. The ticks of /proc/PID/stat are ten
/// milliseconds: longer than a heartbeat takes.
double cpu_seconds(pid_t pid) {
    double nanoseconds = 0;
    for (const auto& task :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        std::ifstream file{task.path() / "schedstat"};
        double running = 0;
        file >> running;
        nanoseconds += running;
    }
    return nanoseconds / 1e9;
}

double total_cpu_seconds(const std::vector<pid_t>& pids) {
    double sum = 0;
    for (const auto pid : pids) {
        sum += cpu_seconds(pid);
    }
    return sum;
}

std::vector<bench::Row> measure(int seconds) {
    bench::BenchFleet fleet;
    const auto count = std::to_string(kWorkers);
    auto scaler = fleet.start("scaler", {"--min", count, "--max", count});
    std::vector<pid_t> pids;
    for (const auto& worker : fleet.wait_for_workers(kWorkers)) {
        pids.push_back(worker.process.pid);
    }
    pids.push_back(scaler.pid());
    std::this_thread::sleep_for(std::chrono::seconds{2});  // what starting costs is not idling
    const double before = total_cpu_seconds(pids);
    std::this_thread::sleep_for(std::chrono::seconds{seconds});
    const double percent = 100 * (total_cpu_seconds(pids) - before) / seconds;
    std::vector<double> memory;
    for (const auto pid : pids) {
        memory.push_back(bench::pss_mebibytes(pid).value());
    }
    const double scaler_memory = memory.back();
    memory.pop_back();
    bench::retire(scaler);
    return {{.name = "idle scaler and 4 workers",
             .value = percent,
             .unit = "% of a core",
             .limit = kLimitPercent,
             .ratio = percent / kLimitPercent,
             .samples = 1},
            {.name = "idle worker, PSS",
             .value = bench::median(memory),
             .unit = "MiB",
             .samples = static_cast<int>(kWorkers)},
            {.name = "idle scaler, PSS", .value = scaler_memory, .unit = "MiB", .samples = 1}};
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const int seconds = bench::integer_option(argc, argv, "--seconds", 20);
        bench::print_table(measure(seconds), bench::wants_json(argc, argv));
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench_idle: " << error.what() << '\n';
        return 1;
    }
}
