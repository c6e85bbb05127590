// How near to a provider's limit a fleet runs, and what that costs.
//
//   goodput, refused   real workers against the mock provider (a real HTTP server), after a
//   warm-up:
//                      calls given / its limit, and the share of calls that it answered 429; "4
//                      scalers" start as many workers as they decide, each as a box of its own
//   simulated          the same with a virtual clock, median of three seeds; "plain" are clients of
//                      their own that retry with backoff, in the same run
//   budget             a day's budget of 1,000 calls, 64 workers of which one is killed with
//                      SIGKILL every 100 ms: calls that the provider saw
//   gate               of one call, beyond the provider's own time: reserve, begin and report
//   one worker         calls a second against a provider without limits, and beside it those of
//                      machines without calls on the same slots
//   1000 in flight     PSS of a worker with 1,000 calls under way, and of one with none
//
//   bench_providers [--json] [--seconds N (40)] [--only TEXT]
#include <algorithm>
#include <csignal>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "bench/support/bench_fleet.hpp"
#include "bench/support/measure.hpp"
#include "bench/support/mock_run.hpp"
#include "bench/support/table.hpp"
#include "common/base/logging.hpp"
#include "scaler/simulate/pace_run.hpp"
#include "worker/fleet_gate.hpp"

namespace {

using namespace fleet;
using namespace std::chrono_literals;
using bench::Row;

struct Options {
    int seconds = 40;
    std::string only;
    [[nodiscard]] bool wants(const std::string& part) const {
        return only.empty() || part.find(only) != std::string::npos;
    }
};

void sleep_for(double seconds) {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

// --- Goodput
// ---------------------------------------------------------------------------------

/// Who calls: so many workers, or what so many scalers start.
struct Crowd {
    int workers = 0;
    int scalers = 0;
    [[nodiscard]] std::string text() const {
        return scalers > 0 ? std::to_string(scalers) + " scalers"
                           : std::to_string(workers) + " workers";
    }
};

void measure_goodput(std::vector<Row>& rows, const Options& options, const std::string& name,
                     const std::string& limit, const std::string& headers, const Crowd& crowd) {
    constexpr double kLimit = 10;  // a second
    const std::string label = name + ", " + crowd.text();
    if (!options.wants("goodput " + label)) {
        return;
    }
    bench::BenchFleet fleet;
    const std::string retry = headers == "none" ? "none" : "seconds";
    bench::MockRun run(fleet, R"({"limits": {"l": )" + limit + R"(}, "headers": ")" + headers +
                                  R"(", "retry_after": ")" + retry +
                                  R"(", "latency": {"kind": "exponential", "mean_ms": 500}})");
    run.submit(20'000);
    for (int worker = 0; worker < crowd.workers; ++worker) {
        run.start_worker(std::max(2, 64 / crowd.workers));
    }
    for (int scaler = 0; scaler < crowd.scalers; ++scaler) {
        run.start_scaler("box-" + std::to_string(scaler));
    }
    // Learning begins at one call a second, and a window gives its first minute at once.
    sleep_for(headers == "none" ? 130 : 15);
    const auto before = run.counts();
    const auto start = bench::boot_ns();
    sleep_for(options.seconds);
    const auto after = run.counts();
    const double took = bench::milliseconds(start, bench::boot_ns()) / 1'000;
    const double offered = after.offered - before.offered;
    const double given = after.given - before.given;
    rows.push_back({"goodput " + label, given / took, "calls/s", kLimit, given / took / kLimit,
                    static_cast<int>(offered)});
    rows.push_back({"refused " + label,
                    100 * (offered - given) / std::max(1.0, offered),
                    "%",
                    {},
                    {},
                    static_cast<int>(offered)});
}

void measure_real(std::vector<Row>& rows, const Options& options) {
    const std::string fixed = R"({"amount": 600, "kind": "fixed_window"})";
    const std::string bucket = R"({"amount": 600, "burst": 10})";
    const std::string sliding = R"({"amount": 600, "kind": "sliding_window"})";
    for (const Crowd& crowd : {Crowd{.workers = 1}, Crowd{.workers = 4}, Crowd{.workers = 16},
                               Crowd{.scalers = 2}, Crowd{.scalers = 4}}) {
        measure_goodput(rows, options, "sliding, headers", sliding, "openai", crowd);
    }
    for (const Crowd& crowd : {Crowd{.workers = 4}, Crowd{.scalers = 4}}) {
        measure_goodput(rows, options, "fixed, headers", fixed, "openai", crowd);
        measure_goodput(rows, options, "bucket, headers", bucket, "openai", crowd);
        measure_goodput(rows, options, "bucket, nothing stated", bucket, "none", crowd);
    }
    measure_goodput(rows, options, "sliding, nothing stated", sliding, "none", {.workers = 4});
}

// --- Simulated
// ---------------------------------------------------------------------------------

struct Simulated {
    double goodput = 0;
    double refused = 0;
};

Simulated simulate_median(simulate::PaceScenario scenario) {
    std::vector<double> goodput;
    std::vector<double> refused;
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        scenario.seed = seed;
        const auto report = simulate::run_pace(scenario);
        goodput.push_back(report.goodput());
        refused.push_back(report.refused_share());
    }
    return {bench::median(goodput), bench::median(refused)};
}

void measure_simulated(std::vector<Row>& rows, const Options& options) {
    using simulate::LimitKind;
    const std::vector<std::pair<std::string, LimitKind>> kinds{
        {"fixed", LimitKind::fixed_window},
        {"bucket", LimitKind::token_bucket},
        {"sliding", LimitKind::sliding_window}};
    for (const auto& [kind, limit] : kinds) {
        for (const bool states : {true, false}) {
            for (const std::string change : {"steady", "halved", "doubled", "others take half"}) {
                simulate::PaceScenario scenario;
                scenario.provider.kind = limit;
                scenario.provider.states_limits = scenario.provider.states_retry_after = states;
                if (change == "halved" || change == "doubled") {
                    scenario.changes = {
                        {std::chrono::minutes(6), change == "halved" ? 300. : 1'200.}};
                    scenario.slots = 64;
                } else if (change == "others take half") {
                    scenario.others = 5;
                }
                const std::string name = "simulated " + kind + ", " +
                                         (states ? "headers" : "nothing stated") + ", " + change;
                if (!options.wants(name)) {
                    continue;
                }
                const Simulated ours = simulate_median(scenario);
                scenario.client = simulate::Client::backoff;
                const Simulated plain = simulate_median(scenario);
                rows.push_back({name + ": goodput", 100 * ours.goodput, "%", 100, ours.goodput, 3});
                rows.push_back({name + ": refused", 100 * ours.refused, "%", {}, {}, 3});
                rows.push_back({name + ": plain refused", 100 * plain.refused, "%", {}, {}, 3});
            }
        }
    }
}

// --- Budget
// ---------------------------------------------------------------------------------

void measure_budget(std::vector<Row>& rows, const Options& options) {
    if (!options.wants("budget")) {
        return;
    }
    constexpr int kWorkers = 64;
    constexpr int kBudget = 1'000;
    bench::BenchFleet fleet;
    bench::MockRun run(fleet, R"({"latency": {"ms": 50}, "headers": "none"})");
    model::ProviderRules rules;
    rules.name = "mock/m";
    rules.unlimited = true;
    rules.budget.requests = kBudget;
    fleet.store().usage().configure(std::span(&rules, 1));
    run.submit(5'000);
    for (int worker = 0; worker < kWorkers; ++worker) {
        run.start_worker(2);
    }
    int kills = 0;
    double offered = -1;
    for (int still = 0; still < 80;) {  // eight seconds without a call
        sleep_for(0.1);
        const double now = run.counts().offered;
        still = now == offered ? still + 1 : 0;
        offered = now;
        if (offered > 50 && still < 5) {
            const auto victim = run.workers().begin() +
                                static_cast<std::ptrdiff_t>(static_cast<std::size_t>(kills * 7) %
                                                            run.workers().size());
            victim->signal(SIGKILL);
            victim->wait();
            run.workers().erase(victim);
            kills += 1;
            run.start_worker(2);
        }
    }
    const auto row = fleet.store().usage().providers().at(0);
    rows.push_back({"budget of 1000: calls that the provider saw", offered, "calls", kBudget,
                    offered / kBudget, kills});
    rows.push_back({"budget of 1000: charged", static_cast<double>(row.budget.spent.requests),
                    "calls", kBudget, static_cast<double>(row.budget.spent.requests) / kBudget,
                    kills});
}

// --- What a call costs
// ---------------------------------------------------------------------------------

void measure_gate(std::vector<Row>& rows, const Options& options) {
    for (const bool has_budget : {false, true}) {
        const std::string name = has_budget ? "gate, with a budget" : "gate, without a budget";
        if (!options.wants(name)) {
            continue;
        }
        bench::BenchFleet fleet;
        model::ProviderRules rules;
        rules.name = "p/m";
        rules.unlimited = true;
        if (has_budget) {
            rules.budget.requests = 1'000'000;
        }
        fleet.store().usage().configure(std::span(&rules, 1));
        const base::SystemClock clock;
        base::Log log("bench", base::LogLevel::off);
        worker::FleetGate gate({fleet.store().usage(), clock, log, "bench"});
        std::vector<double> times;
        model::CallOutcome outcome;
        outcome.end = model::CallEnd::answered;
        for (int call = 0; call < 3'000; ++call) {
            const auto start = bench::boot_ns();
            auto permit = gate.enter({"p/m", "", {}}, {});
            permit->begin();
            permit->report(outcome);
            permit.reset();
            times.push_back(bench::milliseconds(start, bench::boot_ns()));
        }
        rows.push_back({name + ", p50", bench::quantile(times, 0.5), "ms", {}, {}, 3'000});
        rows.push_back({name + ", p99", bench::quantile(times, 0.99), "ms", {}, {}, 3'000});
    }
}

void measure_one_worker(std::vector<Row>& rows, const Options& options) {
    if (!options.wants("one worker")) {
        return;
    }
    bench::BenchFleet fleet;
    bench::MockRun run(fleet, R"({"headers": "none"})");
    model::ProviderRules rules;
    rules.name = "mock/m";
    rules.unlimited = true;
    fleet.store().usage().configure(std::span(&rules, 1));
    run.submit(200'000);
    run.start_worker(64);
    sleep_for(3);
    const auto before = run.counts();
    const auto start = bench::boot_ns();
    sleep_for(10);
    const auto after = run.counts();
    const double took = bench::milliseconds(start, bench::boot_ns()) / 1'000;
    rows.push_back({"one worker, 64 slots, no limit",
                    (after.given - before.given) / took,
                    "calls/s",
                    {},
                    {},
                    static_cast<int>(after.given - before.given)});
}

void measure_in_flight(std::vector<Row>& rows, const Options& options) {
    if (!options.wants("1000 in flight")) {
        return;
    }
    for (const int calls : {0, 1'000}) {
        bench::BenchFleet fleet;
        bench::MockRun run(fleet, R"({"latency": {"ms": 60000}, "headers": "none"})");
        model::ProviderRules rules;
        rules.name = "mock/m";
        rules.unlimited = true;
        fleet.store().usage().configure(std::span(&rules, 1));
        if (calls > 0) {
            run.submit(calls);
        }
        run.start_worker(1'000);
        (void)fleet.wait_for_workers(1);
        bench::wait_until("calls under way", [&] { return run.counts().in_flight >= calls; });
        const auto pss = bench::pss_mebibytes(run.workers().front().pid());
        rows.push_back({std::to_string(calls) + " in flight: PSS of the worker",
                        pss.value_or(0),
                        "MiB",
                        {},
                        {},
                        1});
    }
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    options.seconds = bench::integer_option(argc, argv, "--seconds", 40);
    for (int index = 1; index + 1 < argc; ++index) {
        if (std::strcmp(argv[index], "--only") == 0) {
            options.only = argv[index + 1];
        }
    }
    try {
        std::vector<Row> rows;
        measure_real(rows, options);
        measure_simulated(rows, options);
        measure_budget(rows, options);
        measure_gate(rows, options);
        measure_one_worker(rows, options);
        measure_in_flight(rows, options);
        bench::print_table(rows, bench::wants_json(argc, argv));
    } catch (const std::exception& error) {
        std::cerr << "bench_providers: " << error.what() << '\n';
        return 1;
    }
    return 0;
}
