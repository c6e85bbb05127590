// A fleet with nothing to do, and how quickly it starts: processor time and memory of one scaler
// and four workers over a span, and the time from a push in another process to the item's recorded
// end. Options: --json, --seconds N (default 20), --samples N (default 200).
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "bench/support/own_process.hpp"
#include "bench/support/table.hpp"
#include "common/base/clock.hpp"
#include "common/contracts/store.hpp"
#include "common/store/open.hpp"

namespace {

using namespace fleet;

constexpr std::size_t kWorkers = 4;
constexpr double kLimitPercent = 0.1;

/// User and system time of a process, in seconds.
double cpu_seconds(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    std::istringstream fields{text.substr(text.rfind(')') + 2)};
    std::string skipped;
    for (int i = 0; i < 11; ++i) {
        fields >> skipped;
    }
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double pss_mebibytes(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/smaps_rollup"};
    std::string word;
    double kibibytes = 0;
    while (file >> word) {
        if (word == "Pss:") {
            file >> kibibytes;
            break;
        }
    }
    return kibibytes / 1024;
}

std::vector<pid_t> wait_for_workers(contracts::Store& store) {
    contracts::WorkerFilter filter;
    filter.statuses = {model::WorkerStatus::active};
    filter.kind = model::WorkerKind::worker;
    for (int tries = 0; tries < 2'000; ++tries) {
        const auto workers = store.registration().list(filter);
        if (workers.size() == kWorkers) {
            std::vector<pid_t> pids;
            for (const auto& worker : workers) {
                pids.push_back(worker.process.pid);
            }
            return pids;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    throw std::runtime_error("the workers did not start within 20 s");
}

/// Milliseconds from before the push to the item being recorded as done.
double dispatch_once(contracts::Store& store, std::int64_t spec) {
    contracts::PushRequest request;
    request.pool = "default";
    request.spec = spec;
    contracts::NewExecution item;
    item.input = "null";
    request.executions.push_back(std::move(item));
    const auto start = std::chrono::steady_clock::now();
    const auto pushed = store.work().push(request);
    const auto uri = contracts::result_uri(pushed.executions.at(0).id.text());
    if (!store.results().read(uri, base::Millis{10'000}, {})) {
        throw std::runtime_error("an item did not end within 10 s");
    }
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
        .count();
}

double quantile(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
    return values[at];
}

std::vector<bench::Row> measure(int seconds, int samples) {
    const bench::ScratchFolder folder;
    const base::SystemClock clock;
    const auto url = base::StoreUrl::parse((folder.path() / "idle.db").string(), "/");
    const auto store = store::open_store(url, clock);
    const auto count = std::to_string(kWorkers);
    const bench::OwnProcess scaler{{(bench::program_folder() / "scaler").string(), "--store",
                                    url.text(), "--min", count, "--max", count}};
    auto pids = wait_for_workers(*store);
    pids.push_back(scaler.pid());
    std::this_thread::sleep_for(std::chrono::seconds{2});  // what starting costs is not idling
    const auto total = [&pids] {
        double sum = 0;
        for (const auto pid : pids) {
            sum += cpu_seconds(pid);
        }
        return sum;
    };
    const double before = total();
    std::this_thread::sleep_for(std::chrono::seconds{seconds});
    const double percent = 100 * (total() - before) / seconds;
    std::vector<double> worker_pss;
    for (std::size_t i = 0; i < kWorkers; ++i) {
        worker_pss.push_back(pss_mebibytes(pids[i]));
    }
    const double scaler_pss = pss_mebibytes(scaler.pid());
    model::WorkSpec noop;
    noop.machine = "builtin:noop";
    const auto spec = store->work().put_spec(noop);
    std::vector<double> times;
    for (int i = 0; i < samples; ++i) {
        times.push_back(dispatch_once(*store, spec));
        std::this_thread::sleep_for(std::chrono::milliseconds{5});  // idle again
    }
    scaler.signal(SIGTERM);
    for (const auto pid : pids) {
        for (int tries = 0; tries < 1'000 && ::kill(pid, 0) == 0 && pid != scaler.pid(); ++tries) {
            std::this_thread::sleep_for(std::chrono::milliseconds{5});
        }
    }
    return {{.name = "idle scaler and 4 workers",
             .value = percent,
             .unit = "% of a core",
             .limit = kLimitPercent,
             .ratio = percent / kLimitPercent,
             .samples = 1},
            {.name = "idle worker, PSS",
             .value = bench::median(worker_pss),
             .unit = "MiB",
             .samples = static_cast<int>(kWorkers)},
            {.name = "idle scaler, PSS", .value = scaler_pss, .unit = "MiB", .samples = 1},
            {.name = "push to recorded end, p50",
             .value = quantile(times, 0.5),
             .unit = "ms",
             .samples = samples},
            {.name = "push to recorded end, p99",
             .value = quantile(times, 0.99),
             .unit = "ms",
             .samples = samples}};
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const int seconds = bench::integer_option(argc, argv, "--seconds", 20);
        const int samples = bench::integer_option(argc, argv, "--samples", 200);
        bench::print_table(measure(seconds, samples), bench::wants_json(argc, argv));
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench_idle: " << error.what() << '\n';
        return 1;
    }
}
