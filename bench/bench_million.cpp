// A store with a large backlog: what it weighs, and whether it slows anything down. All no-ops with
// a short input, in one batch; nothing runs. Measured at 1,000 pending items (the limit column) and
// again at N:
//
//   claim of 1, of 32   one claim call of a registered worker in this process, p50; what was
//                       claimed is then ended and pushed anew, so that as many stay pending
//   fleet ...           wall time of the program from its start to its end, medians: `status`, `ps`
//                       (its newest 100), `check` (reads the whole file)
//
// Push: 5,000 items a transaction, the calls alone, beside the bare insert into one SQLite table
// with one index. Bytes: the database file of the closed store, less that of an empty one.
//
//   bench_million [--json] [--items N (1000000)] [--claims N (300)] [--runs N (11)]
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "bench/support/bare_queue.hpp"
#include "bench/support/bench_fleet.hpp"
#include "bench/support/measure.hpp"
#include "bench/support/table.hpp"
#include "common/base/ids.hpp"
#include "common/process/identity.hpp"

namespace {

using namespace fleet;
using bench::boot_ns;
using bench::milliseconds;

constexpr std::int64_t kFew = 1'000;
constexpr std::size_t kManyAtOnce = 32;
constexpr int kChecks = 3;

class Claimer {
  public:
    Claimer(bench::BenchFleet& fleet, std::int64_t spec) : fleet_(fleet), spec_(spec) {
        const base::SystemClock clock;
        model::WorkerRecord worker;
        worker.worker_id = worker_id_ = "bench-" + base::random_word(8);
        worker.host = "bench";
        worker.process = process::self_identity(clock);
        worker.owner = "bench:" + std::to_string(worker.process.pid) + ":" + base::random_word(6);
        worker.pool = "default";
        fleet.store().registration().register_worker(worker);
    }
    Claimer(const Claimer&) = delete;
    Claimer& operator=(const Claimer&) = delete;
    ~Claimer() { fleet_.store().registration().deregister(worker_id_); }

    /// Milliseconds of the claim alone.
    double once(std::size_t limit) {
        contracts::ClaimRequest request;
        request.worker_id = worker_id_;
        request.pool = "default";
        request.limit = limit;
        const auto start = boot_ns();
        auto answer = fleet_.store().work().claim(request);
        const auto end = boot_ns();
        if (answer.claimed.size() != limit) {
            throw std::runtime_error("a claim of " + std::to_string(limit) + " brought " +
                                     std::to_string(answer.claimed.size()));
        }
        end_and_replace(std::move(answer.claimed));
        return milliseconds(start, end);
    }

  private:
    void end_and_replace(std::vector<contracts::Claimed> claimed) {
        std::vector<model::StepCommit> commits;
        contracts::PushRequest push;
        push.pool = "default";
        push.spec = spec_;
        for (auto& one : claimed) {
            model::StepCommit commit;
            commit.lease = std::move(one.lease);
            commit.commit_id = base::random_positive_int64();
            commit.attempt = one.attempt;
            commit.next = model::NextDone{.output = "null"};
            commits.push_back(std::move(commit));
            contracts::NewExecution item;
            item.input = std::move(one.input);
            push.executions.push_back(std::move(item));
        }
        fleet_.store().commit(commits);
        fleet_.store().work().push(push);
    }

    bench::BenchFleet& fleet_;
    std::int64_t spec_;
    std::string worker_id_;
};

/// What is measured at a number of pending items.
struct Figures {
    double claim_one = 0;
    double claim_many = 0;
    double status = 0;
    double ps = 0;
    double check = 0;
};

Figures take_figures(bench::BenchFleet& fleet, std::int64_t spec, int claims, int runs) {
    Figures figures;
    {
        Claimer claimer{fleet, spec};
        const auto p50 = [&](std::size_t limit) {
            std::vector<double> times;
            for (int i = 0; i < claims; ++i) {
                times.push_back(claimer.once(limit));
            }
            return bench::quantile(times, 0.5);
        };
        figures.claim_one = p50(1);
        figures.claim_many = p50(kManyAtOnce);
    }
    const auto program = [&](const char* command, int times) {
        std::vector<double> values;
        for (int i = 0; i < times; ++i) {
            values.push_back(bench::run_milliseconds(fleet.command("fleet", {command})));
        }
        return bench::median(values);
    };
    figures.status = program("status", runs);
    figures.ps = program("ps", runs);
    figures.check = program("check", kChecks);
    return figures;
}

std::vector<bench::Row> measure(std::int64_t items, int claims, int runs) {
    bench::BenchFleet fleet;
    const double empty = fleet.closed_size();
    const auto noop = fleet.put_noop();
    (void)fleet.push_batch("few", noop, kFew);
    const auto few = take_figures(fleet, noop, claims, runs);
    const double seconds = fleet.push_batch("many", noop, items - kFew);
    const double bytes = (fleet.closed_size() - empty) / static_cast<double>(items);
    const auto many = take_figures(fleet, noop, claims, runs);

    const auto bare_file = fleet.folder() / "bare.db";
    bench::create_bare_queue(bare_file);
    const auto bare_start = boot_ns();
    bench::bare_push(bare_file, items - kFew, static_cast<std::int64_t>(contracts::kMaxPush),
                     bench::Sync::normal);
    const double bare_seconds = milliseconds(bare_start, boot_ns()) / 1000;

    const auto pending = std::to_string(items) + " pending: ";
    const auto beside = [&pending](const std::string& what, double value, double at_few,
                                   int samples) {
        return bench::Row{pending + what, value, "ms", at_few, value / at_few, samples};
    };
    return {{.name = pending + "pushed in (limit: bare insert)",
             .value = seconds,
             .unit = "s",
             .limit = bare_seconds,
             .ratio = seconds / bare_seconds,
             .samples = 1},
            {.name = pending + "file size an item", .value = bytes, .unit = "bytes", .samples = 1},
            beside("claim of 1", many.claim_one, few.claim_one, claims),
            beside("claim of 32", many.claim_many, few.claim_many, claims),
            beside("fleet status", many.status, few.status, runs),
            beside("fleet ps", many.ps, few.ps, runs),
            beside("fleet check", many.check, few.check, kChecks)};
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const int items = bench::integer_option(argc, argv, "--items", 1'000'000);
        const int claims = bench::integer_option(argc, argv, "--claims", 300);
        const int runs = bench::integer_option(argc, argv, "--runs", 11);
        if (items <= kFew) {
            std::cerr << "bench_million: --items needs more than " << kFew << '\n';
            return 2;
        }
        bench::print_table(measure(items, claims, runs), bench::wants_json(argc, argv));
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench_million: " << error.what() << '\n';
        return 1;
    }
}
