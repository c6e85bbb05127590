// Whether memory stays flat while one `fleet run` completes many no-op items: the proportional set
// size (smaps_rollup) of `fleet run`, its scaler and its two workers. Taken each time another tenth
// of the items is done; the last sample is the last one before the processes leave. A row gives the
// last sample beside that at 20 % (the limit column), a second one the growth between them.
//
//   bench_memory [--json] [--items N (500000)] [--all]
//
// --all prints every tenth of every process as a row as well.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bench/support/bench_fleet.hpp"
#include "bench/support/measure.hpp"
#include "bench/support/table.hpp"

namespace {

using namespace fleet;

constexpr int kTenths = 10;
constexpr int kReference = 2;
constexpr const char* kBatch = "memory";

/// Mebibytes by tenth of the items done; by name of the process.
using Samples = std::map<std::string, std::map<int, double>>;

/// The processes of this store, by name; workers in the order of their start.
std::map<std::string, pid_t> processes(contracts::Store& store) {
    std::map<std::string, pid_t> pids;
    contracts::WorkerFilter filter;
    filter.statuses = {model::WorkerStatus::active, model::WorkerStatus::terminating};
    int number = 0;
    for (const auto& worker : store.registration().list(filter)) {
        const bool host = worker.kind == model::WorkerKind::host;
        pids[host ? "scaler" : "worker " + std::to_string(++number)] = worker.process.pid;
    }
    return pids;
}

std::filesystem::path write_items(const std::filesystem::path& folder, int items) {
    const auto file = folder / "items.txt";
    std::ofstream stream{file};
    for (int i = 0; i < items; ++i) {
        stream << "item-" << i << '\n';
    }
    return file;
}

Samples run(int items) {
    bench::BenchFleet fleet;
    const auto file = write_items(fleet.folder(), items);
    bench::OwnProcess run{{(bench::program_folder() / "fleet").string(), "run", "--store",
                           fleet.url(), "--items", file.string(), "--batch", kBatch, "--workers",
                           "2", "--quiet", "builtin:noop"}};
    auto& store = fleet.store();
    bench::wait_until("the batch is there", [&] { return store.work().batch(kBatch).has_value(); });
    bench::wait_until("the scaler and its workers are there",
                      [&] { return processes(store).size() == 3; });
    auto pids = processes(store);
    pids["fleet run"] = run.pid();
    Samples samples;
    bench::wait_until(
        "all items are done",
        [&] {
            const auto done = store.work().batch(kBatch)->counts.done;
            const int tenth = static_cast<int>(done * kTenths / items);
            for (const auto& [name, pid] : pids) {
                auto& of_process = samples[name];
                // At the last tenth again and again: nobody knows how long the process still is.
                if (!of_process.contains(tenth) || tenth == kTenths) {
                    if (const auto mebibytes = bench::pss_mebibytes(pid)) {
                        of_process[tenth] = *mebibytes;
                    }
                }
            }
            return done >= items;
        },
        std::chrono::seconds{600}, std::chrono::milliseconds{5});
    if (const int code = run.wait(); code != 0) {
        throw std::runtime_error("fleet run ended with exit code " + std::to_string(code));
    }
    return samples;
}

std::vector<bench::Row> rows_of(const Samples& samples, bool all) {
    std::vector<bench::Row> rows;
    for (const auto& [name, values] : samples) {
        const auto reference = values.lower_bound(kReference);
        if (reference == values.end()) {
            throw std::runtime_error(name + " was gone before a fifth was done: take more --items");
        }
        const auto& [tenth, last] = *values.rbegin();
        const auto percent = [](int tenths) { return std::to_string(tenths * 10) + " %"; };
        const int count = static_cast<int>(values.size());
        rows.push_back({.name = name + ", PSS at " + percent(tenth) + " (limit: at " +
                                percent(reference->first) + ")",
                        .value = last,
                        .unit = "MiB",
                        .limit = reference->second,
                        .ratio = last / reference->second,
                        .samples = count});
        rows.push_back({.name = name + ", growth from " + percent(reference->first) + " on",
                        .value = last - reference->second,
                        .unit = "MiB",
                        .samples = count});
        for (const auto& [at, mebibytes] : values) {
            if (all) {
                rows.push_back({.name = name + " at " + percent(at),
                                .value = mebibytes,
                                .unit = "MiB",
                                .samples = 1});
            }
        }
    }
    return rows;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const int items = bench::integer_option(argc, argv, "--items", 500'000);
        const bool all = std::any_of(argv + 1, argv + argc, [](const char* text) {
            return std::string_view(text) == "--all";
        });
        bench::print_table(rows_of(run(items), all), bench::wants_json(argc, argv));
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench_memory: " << error.what() << '\n';
        return 1;
    }
}
