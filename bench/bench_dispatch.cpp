// How soon an idle fleet begins with an item that another process pushes, and how soon a worker
// that is started begins to work. A scaler with its workers idles on a store; this process pushes
// one item at a time, waits for its end, and pauses 5 ms. All times are CLOCK_BOOTTIME in
// nanoseconds, taken in this process before the push begins and:
//
//   claimed   when a reader that asks without a pause sees the claim's commit: before the start
//   ended     when that reader sees the recorded end of the no-op: after the start
//   woken     when a reader that is blocked until the result is there returns with it
//   running   when the program of a command item has come to its main (it says so itself)
//   cold      from the start of a worker process to the commit of its first claim
//
// The reader without a pause only yields its core; it makes the slowest of the first two slower.
// Commands write two log files; a thousand have run before, so that the folders of the logs are
// there. Limits of the same run: a bare row through SQLite and a pipe to another process's claim of
// it; two files opened and posix_spawn to the main of the same program; `worker --version` from
// start to end.
//
//   bench_dispatch [--json] [--samples N (500)] [--workers N (1)] [--starts N (50)]
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "bench/support/bare_relay.hpp"
#include "bench/support/bench_fleet.hpp"
#include "bench/support/measure.hpp"
#include "bench/support/start_marks.hpp"
#include "bench/support/table.hpp"
#include "common/base/fd.hpp"

namespace {

using namespace fleet;
using bench::boot_ns;
using bench::milliseconds;

/// The first items of a batch make the folders of its logs, at most 256.
constexpr int kCommandsBefore = 1'000;

struct Times {
    std::vector<double> pushed, claimed, ended, woken, relay;
    std::vector<double> running, spawned_with_files, spawned;
    std::vector<double> cold, version;
};

/// A worker that has just ended an item is not idle yet.
void let_it_idle() {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
}

/// Asks without a pause until the execution is at least there; returns when that was seen.
std::int64_t watch_for(contracts::Store& store, const model::ExecutionId& id, bool ended) {
    const auto limit = boot_ns() + 30'000'000'000;
    while (true) {
        const auto execution = store.work().get(id);
        const auto now = boot_ns();
        if (execution && (model::is_terminal(execution->status) ||
                          (!ended && execution->status == model::Status::running))) {
            return now;
        }
        std::this_thread::yield();
        if (now > limit) {
            throw std::runtime_error("an item was not claimed within 30 s");
        }
    }
}

void measure_noop(bench::BenchFleet& fleet, int samples, Times& times) {
    const auto noop = fleet.put_noop();
    for (int i = 0; i < samples; ++i) {
        let_it_idle();
        const auto start = boot_ns();
        const auto id = fleet.push_one(noop);
        times.pushed.push_back(milliseconds(start, boot_ns()));
        times.claimed.push_back(milliseconds(start, watch_for(fleet.store(), id, false)));
        times.ended.push_back(milliseconds(start, watch_for(fleet.store(), id, true)));
    }
    for (int i = 0; i < samples; ++i) {
        let_it_idle();
        const auto start = boot_ns();
        fleet.wait_for_end(fleet.push_one(noop));
        times.woken.push_back(milliseconds(start, boot_ns()));
    }
}

/// Milliseconds from before the start of a bare program to its main.
double spawn_bare(const std::vector<std::string>& argv, bench::StartMarks& marks) {
    const auto start = boot_ns();
    bench::OwnProcess program{argv};
    const double time = milliseconds(start, marks.next("a bare program").boot_ns);
    program.wait();
    return time;
}

/// Likewise, and two files are made for its output first.
double spawn_with_files(const std::vector<std::string>& argv, bench::StartMarks& marks,
                        const std::filesystem::path& stem) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC;
    const auto start = boot_ns();
    const base::UniqueFd out(::open((stem.string() + ".stdout.txt").c_str(), kFlags, 0644));
    const base::UniqueFd err(::open((stem.string() + ".stderr.txt").c_str(), kFlags, 0644));
    if (!out || !err) {
        throw std::runtime_error("files cannot be made in " + stem.parent_path().string());
    }
    const double opened = milliseconds(start, boot_ns());
    return opened + spawn_bare(argv, marks);
}

void measure_command(bench::BenchFleet& fleet, int samples, Times& times) {
    bench::StartMarks marks{fleet.folder() / "marks"};
    const std::vector<std::string> argv{(bench::program_folder() / "note_start").string(),
                                        marks.path()};
    const auto command = fleet.put_command(argv);
    for (int i = 0; i < kCommandsBefore; ++i) {
        (void)fleet.push_one(command);
    }
    for (int i = 0; i < kCommandsBefore; ++i) {
        (void)marks.next("a command");
    }
    for (int i = 0; i < samples; ++i) {
        let_it_idle();
        const auto start = boot_ns();
        const auto id = fleet.push_one(command);
        times.running.push_back(milliseconds(start, marks.next("a command").boot_ns));
        fleet.wait_for_end(id);
        times.spawned.push_back(spawn_bare(argv, marks));
        times.spawned_with_files.push_back(
            spawn_with_files(argv, marks, fleet.folder() / ("bare." + std::to_string(i))));
    }
}

void measure_cold_start(int starts, Times& times) {
    bench::BenchFleet fleet;
    const auto noop = fleet.put_noop();
    const auto program = (bench::program_folder() / "worker").string();
    for (int i = 0; i < starts; ++i) {
        times.version.push_back(bench::run_milliseconds({program, "--version"}));
        const auto id = fleet.push_one(noop);
        const auto start = boot_ns();
        auto worker = fleet.start("worker", {});
        times.cold.push_back(milliseconds(start, watch_for(fleet.store(), id, false)));
        fleet.wait_for_end(id);
        bench::retire(worker);
    }
}

void add_rows(std::vector<bench::Row>& rows, const std::string& name,
              const std::vector<double>& values, const std::vector<double>& limits) {
    for (const auto& [label, share] : {std::pair{", p50", 0.5}, std::pair{", p99", 0.99}}) {
        bench::Row row{.name = name + label,
                       .value = bench::quantile(values, share),
                       .unit = "ms",
                       .samples = static_cast<int>(values.size())};
        if (!limits.empty()) {
            row.limit = bench::quantile(limits, share);
            row.ratio = row.value / *row.limit;
        }
        rows.push_back(row);
    }
}

std::vector<bench::Row> measure(int samples, int workers, int starts) {
    Times times;
    {
        bench::BenchFleet fleet;
        const auto count = std::to_string(workers);
        auto scaler = fleet.start("scaler", {"--min", count, "--max", count});
        (void)fleet.wait_for_workers(static_cast<std::size_t>(workers));
        measure_noop(fleet, samples, times);
        measure_command(fleet, samples, times);
        bench::retire(scaler);
        bench::BareRelay relay{fleet.folder(),
                               (bench::program_folder() / "bench_dispatch").string()};
        for (int i = 0; i < samples; ++i) {
            let_it_idle();
            times.relay.push_back(relay.once());
        }
    }
    measure_cold_start(starts, times);
    std::vector<bench::Row> rows;
    add_rows(rows, "no-op: push begun to push returned", times.pushed, {});
    add_rows(rows, "no-op: push begun to claimed (limit: bare SQLite and pipe)", times.claimed,
             times.relay);
    add_rows(rows, "no-op: push begun to ended, so after its start", times.ended, {});
    add_rows(rows, "no-op: push begun to its waiting reader woken", times.woken, {});
    add_rows(rows, "command: push begun to running (limit: two files, posix_spawn)", times.running,
             times.spawned_with_files);
    add_rows(rows, "bare posix_spawn to running", times.spawned, {});
    add_rows(rows, "worker: started to first claim (limit: worker --version)", times.cold,
             times.version);
    return rows;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc == 5 && std::strcmp(argv[1], "--bare-relay") == 0) {
            return bench::bare_relay_claimer(argv[2], argv[3], argv[4]);
        }
        const int samples = bench::integer_option(argc, argv, "--samples", 500);
        const int workers = bench::integer_option(argc, argv, "--workers", 1);
        const int starts = bench::integer_option(argc, argv, "--starts", 50);
        bench::print_table(measure(samples, workers, starts), bench::wants_json(argc, argv));
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench_dispatch: " << error.what() << '\n';
        return 1;
    }
}
