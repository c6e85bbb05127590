// Observations and rules for the tests of the policy, with few words.
#pragma once

#include <string>

#include "scaler/policy.hpp"

namespace fleet::scaler::testing {

inline model::PoolPressure pressure(std::int64_t ready, std::int64_t running) {
    model::StagePressure stage;
    stage.ready = ready;
    stage.counts.pending = ready;
    stage.counts.running = running;
    model::PoolPressure pressure;
    pressure.pool = "default";
    pressure.stages.push_back(stage);
    return pressure;
}

inline WorkerView worker(const std::string& id, int busy, int age_s = 60, int slots = 1) {
    WorkerView view;
    view.id = id;
    view.host = "a";
    view.slots = slots;
    view.busy = busy;
    view.age = base::Millis{age_s * 1000};
    return view;
}

inline Observation observe(std::int64_t ready, std::int64_t running) {
    Observation observation;
    observation.own_host = "a";
    observation.hosts.push_back({"a", 8, 8, true, 0.1, 0.1, 0.1});
    PoolView pool;
    pool.pressure = pressure(ready, running);
    observation.pools.push_back(pool);
    return observation;
}

inline void add_workers(Observation& observation, int count, int busy_each, int slots = 1) {
    PoolView& pool = observation.pools.front();
    for (int i = 0; i < count; ++i) {
        const auto number = static_cast<int>(pool.workers.size());
        pool.workers.push_back(worker("w" + std::to_string(number), busy_each, 100 + i, slots));
    }
}

inline Policy rules(int min, int max, int slots = 1) {
    Policy policy;
    PoolRules pool;
    pool.pool = "default";
    pool.min_workers = min;
    pool.max_workers = max;
    pool.slots_per_worker = slots;
    policy.pools.push_back(pool);
    return policy;
}

inline PoolPlan decide_one(const Observation& observation, const Policy& policy) {
    return decide(observation, policy).pools.front();
}

}  // namespace fleet::scaler::testing
