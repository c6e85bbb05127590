// What one scaling decision costs in a large fleet, and how few workers it moves when the fleet
// changes. Simulated hosts, the real `decide`: every scaler computes the whole plan, so this is
// what each of them pays at every tick.
//
//   decide        median of the times of one decision
//   moves         workers that the plan of every host together starts or retires, when nothing
//                 has changed, and when an eighth of the hosts is gone (the limit: the
//                 workers that went with them)
//
//   bench_decide [--json] [--hosts N (5000)] [--workers N (100000)] [--rounds N (15)]
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/support/measure.hpp"
#include "bench/support/table.hpp"
#include "scaler/policy.hpp"

namespace {

using namespace fleet;

struct Size {
    int hosts = 5'000;
    int workers = 100'000;
};

scaler::Observation fleet_of(const Size& size) {
    scaler::Observation observation;
    scaler::PoolView pool;
    pool.pressure.pool = "default";
    const int each = size.workers / size.hosts;
    for (int host = 0; host < size.hosts; ++host) {
        scaler::HostView view;
        view.id = "host-" + std::to_string(host);
        view.cores = 32;
        view.weight = 1;
        observation.hosts.push_back(view);
        for (int worker = 0; worker < each; ++worker) {
            scaler::WorkerView one;
            one.id = view.id + "-" + std::to_string(worker);
            one.host = view.id;
            one.slots = one.busy = 1;
            one.age = std::chrono::minutes(10);
            pool.workers.push_back(std::move(one));
        }
    }
    observation.own_host = "host-0";
    model::StagePressure stage;
    stage.ready = stage.counts.pending = 1'000'000;
    stage.counts.running = size.workers;
    stage.service_samples = 1'000;
    stage.service_mean = std::chrono::seconds(10);
    stage.service_p95 = std::chrono::seconds(20);
    pool.pressure.stages.push_back(stage);
    observation.pools.push_back(std::move(pool));
    return observation;
}

scaler::Policy policy_of(int maximum) {
    scaler::PoolRules rules;
    rules.pool = "default";
    rules.max_workers = maximum;
    scaler::Policy policy;
    policy.pools.push_back(rules);
    return policy;
}

double decide_ms(const scaler::Observation& observation, const scaler::Policy& policy, int rounds) {
    std::vector<double> times;
    for (int round = 0; round < rounds; ++round) {
        const auto start = bench::boot_ns();
        const auto plan = scaler::decide(observation, policy);
        times.push_back(bench::milliseconds(start, bench::boot_ns()));
        if (plan.pools.size() != 1) {
            std::abort();
        }
    }
    return bench::median(times);
}

/// Each host decides for itself.
double moves(scaler::Observation observation, const scaler::Policy& policy) {
    double moved = 0;
    for (const scaler::HostView& host : observation.hosts) {
        observation.own_host = host.id;
        const auto plan = scaler::decide(observation, policy);
        moved += plan.pools[0].start + static_cast<double>(plan.pools[0].retire.size());
    }
    return moved;
}

}  // namespace

int main(int argc, char** argv) {
    const Size size{bench::integer_option(argc, argv, "--hosts", 5'000),
                    bench::integer_option(argc, argv, "--workers", 100'000)};
    const int rounds = bench::integer_option(argc, argv, "--rounds", 15);
    const auto steady = fleet_of(size);
    const auto policy = policy_of(size.workers);
    std::vector<bench::Row> rows;
    const std::string name =
        std::to_string(size.hosts) + " hosts, " + std::to_string(size.workers) + " workers: ";
    rows.push_back({name + "decide", decide_ms(steady, policy, rounds), "ms", {}, {}, rounds});
    rows.push_back({name + "moves, nothing changed", moves(steady, policy), "workers", {}, {}, 1});
    auto fewer = steady;
    const auto gone = static_cast<std::size_t>(size.hosts / 8);
    fewer.hosts.resize(fewer.hosts.size() - gone);
    // Workers stand in the order of their hosts.
    const auto lost = gone * (fewer.pools[0].workers.size() / steady.hosts.size());
    fewer.pools[0].workers.resize(fewer.pools[0].workers.size() - lost);
    rows.push_back({name + "moves, an eighth of the hosts is gone",
                    moves(fewer, policy),
                    "workers",
                    static_cast<double>(lost),
                    {},
                    1});
    bench::print_table(rows, bench::wants_json(argc, argv));
    return 0;
}
