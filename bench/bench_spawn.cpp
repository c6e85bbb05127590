// How fast commands start and end: a worker's (claimed from a store, log files with header,
// environment, group, report, result and attempt recorded) beside the bare system, at the same
// parallelism, in interleaved rounds of one run. All of them run the same program with one
// argument.
//
//   bench_spawn [--json] [--rounds N] [--commands N] [--parallel N]
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <spawn.h>
#include <stop_token>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>

#include "bench/support/bench_fleet.hpp"
#include "bench/support/table.hpp"
#include "common/base/fd.hpp"
#include "common/process/spawn.hpp"
#include "common/process/tree.hpp"
#include "machines/calls/run_attempt.hpp"

namespace {

using namespace fleet;

constexpr const char* kProgram = "/bin/true";
constexpr const char* kItem = "an item";
/// So many log files share a folder, as ours do; the bare side's folders are made beforehand.
constexpr int kNeighbours = 256;

/// One thing to measure: runs command number `n` on one of the threads.
using RunOne = std::function<void(int n)>;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "bench_spawn: %s\n", what.c_str());
    std::exit(1);
}

void bare_spawn(posix_spawn_file_actions_t* files) {
    std::array<char*, 3> argv{const_cast<char*>(kProgram), const_cast<char*>(kItem), nullptr};
    pid_t pid = 0;
    if (::posix_spawn(&pid, kProgram, files, nullptr, argv.data(), ::environ) != 0) {
        fail("posix_spawn of /bin/true failed");
    }
    int status = 0;
    rusage usage{};
    if (::wait4(pid, &status, 0, &usage) != pid || status != 0) {
        fail("/bin/true did not succeed");
    }
}

void bare_with_files(const std::filesystem::path& folder, int n) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC;
    const std::string stem =
        (folder / std::to_string(n / kNeighbours) / std::to_string(n)).string();
    const base::UniqueFd out(::open((stem + ".stdout.txt").c_str(), kFlags, 0644));
    const base::UniqueFd err(::open((stem + ".stderr.txt").c_str(), kFlags, 0644));
    if (!out || !err) {
        fail("cannot create files in " + folder.string());
    }
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, out.get(), 1);
    ::posix_spawn_file_actions_adddup2(&files, err.get(), 2);
    bare_spawn(&files);
    ::posix_spawn_file_actions_destroy(&files);
}

/// A spawn of ours without logs and report: what Boost.Process and the child's set-up cost.
void our_spawn(const base::Clock& clock, const std::vector<std::string>& environment, int null) {
    const std::array<std::string, 2> argv{kProgram, kItem};
    auto result = process::spawn({.argv = argv,
                                  .directory = "/",
                                  .environment = environment,
                                  .more_environment = {},
                                  .stdin_fd = null,
                                  .keep_fds = {}});
    auto* child = std::get_if<process::Child>(&result);
    if (child == nullptr || child->wait(clock, std::nullopt, -1) != process::Child::Wait::exited ||
        child->finish().exit_code != 0) {
        fail("our spawn of /bin/true did not succeed");
    }
}

/// Commands per second.
double measure(int commands, int parallel, const RunOne& run_one) {
    std::atomic<int> next{0};
    const auto start = std::chrono::steady_clock::now();
    {
        std::vector<std::jthread> threads;
        threads.reserve(static_cast<std::size_t>(parallel));
        for (int i = 0; i < parallel; ++i) {
            threads.emplace_back([&] {
                for (int n = next++; n < commands; n = next++) {
                    run_one(n);
                }
            });
        }
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    return commands / taken.count();
}

/// Commands per second of a whole worker process with so many slots.
double measure_worker(int commands, int parallel) {
    bench::BenchFleet fleet;
    auto& scaling = fleet.store().scaling();
    fleet.push_batch("spawn", fleet.put_command({kProgram}), commands);
    scaling.set_paused("default", true);
    bench::OwnProcess worker = fleet.start("worker", {"--slots", std::to_string(parallel)});
    (void)fleet.wait_for_workers(1);
    const auto start = std::chrono::steady_clock::now();
    scaling.set_paused("default", false);
    fleet.wait_for_batch("spawn", commands);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    bench::retire(worker);
    return commands / taken.count();
}

class OurAttempts {
  public:
    OurAttempts(const std::filesystem::path& folder, const base::Clock& clock)
        : runner_({.data_folder = folder,
                   .store_url = base::StoreUrl::parse("sqlite:fleet.db", folder),
                   .host = "bench",
                   .worker_id = "bench-worker",
                   .process_mark = "bench-" + std::to_string(::getpid()),
                   .environment = process::own_environment(),
                   .now = [&clock] { return base::store_time(count_ms(clock)); }},
                  clock),
          spec_(prepared(runner_)) {}

    void run(int n) {
        contracts::Claimed claimed;
        claimed.lease.execution = base::derived_uuid(seed_, static_cast<std::uint32_t>(n));
        claimed.lease.token = n + 1;
        claimed.batch = "bench";
        claimed.input = std::string("{\"item\":\"") + kItem + "\"}";
        claimed.item_number = n + 1;
        claimed.attempt = round_;
        const calls::StepOutcome outcome = runner_.run(claimed, spec_, stop_.get_token());
        if (!std::holds_alternative<model::NextDone>(outcome.next)) {
            fail("an attempt of /bin/true did not succeed");
        }
    }
    void next_round() { ++round_; }

  private:
    static std::int64_t count_ms(const base::Clock& clock) {
        return clock.wall_now().time_since_epoch().count();
    }
    static calls::PreparedSpec prepared(const calls::AttemptRunner& runner) {
        model::WorkSpec spec;
        spec.argv = {kProgram};
        spec.directory = "/";
        auto result = runner.prepare(spec);
        if (auto* error = std::get_if<model::ExecutionError>(&result)) {
            fail(error->message);
        }
        return std::move(std::get<calls::PreparedSpec>(result));
    }

    calls::AttemptRunner runner_;
    calls::PreparedSpec spec_;
    std::stop_source stop_;
    base::Uuid seed_{{1, 2, 3, 4, 5, 6, 0x70, 8, 0x80, 10, 11, 12, 0, 0, 0, 0}};
    int round_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    const int rounds = bench::integer_option(argc, argv, "--rounds", 7);
    const int commands = bench::integer_option(argc, argv, "--commands", 1500);
    const int parallel = bench::integer_option(argc, argv, "--parallel", 2);
    std::string name = (std::filesystem::temp_directory_path() / "bench_spawn.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        fail("cannot make a temporary folder");
    }
    const std::filesystem::path folder = name;
    process::become_subreaper();
    const base::SystemClock clock;
    const std::vector<std::string> environment = process::own_environment();
    const base::UniqueFd null = process::open_null();
    OurAttempts attempts(folder, clock);

    std::vector<double> bare;
    std::vector<double> with_files;
    std::vector<double> spawn_only;
    std::vector<double> ours;
    std::vector<double> recorded;
    for (int round = 0; round < rounds; ++round) {
        const auto bare_folder = folder / ("bare." + std::to_string(round));
        for (int i = 0; i <= commands / kNeighbours; ++i) {
            std::filesystem::create_directories(bare_folder / std::to_string(i));
        }
        attempts.next_round();
        bare.push_back(measure(commands, parallel, [](int) { bare_spawn(nullptr); }));
        with_files.push_back(
            measure(commands, parallel, [&](int n) { bare_with_files(bare_folder, n); }));
        spawn_only.push_back(
            measure(commands, parallel, [&](int) { our_spawn(clock, environment, null.get()); }));
        ours.push_back(measure(commands, parallel, [&](int n) { attempts.run(n); }));
        recorded.push_back(measure_worker(commands, parallel));
    }
    std::filesystem::remove_all(folder);

    const double limit = bench::median(bare);
    const double limit_with_files = bench::median(with_files);
    const auto row = [&](const char* what, const std::vector<double>& values, double against) {
        const double value = bench::median(values);
        return bench::Row{what, value, "commands/s", against, value / against, rounds};
    };
    bench::print_table({bench::Row{"bare posix_spawn and wait4 of /bin/true", limit, "commands/s",
                                   std::nullopt, std::nullopt, rounds},
                        row("the same with two log files opened", with_files, limit),
                        row("our spawn and wait, no files", spawn_only, limit),
                        row("our attempts: logs with header, report", ours, limit_with_files),
                        row("a worker: claimed, run, recorded", recorded, limit_with_files)},
                       bench::wants_json(argc, argv));
    return 0;
}
