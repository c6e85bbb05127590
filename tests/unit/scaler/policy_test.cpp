#include <catch2/catch.hpp>

#include "tests/unit/scaler/fleets.hpp"

namespace fleet::scaler {
namespace {

using namespace testing;
using Ids = std::vector<std::string>;

TEST_CASE("an empty pool gets its minimum at once") {
    const PoolPlan plan = decide_one(observe(0, 0), rules(1, 8));
    CHECK(plan.start == 1);
    CHECK(plan.clamp == Clamp::minimum);
    CHECK(plan.reason ==
          "start 1: 0 ready and 0 running want 0 slots in 0 workers; the minimum is 1");
}

TEST_CASE("work is divided by the slots of a worker, rounded up") {
    const PoolPlan plan = decide_one(observe(9, 0), rules(0, 8, 4));
    CHECK(plan.wanted_slots == 9);
    CHECK(plan.start == 3);
    CHECK(plan.clamp == Clamp::none);
}

TEST_CASE("the maximum is never passed and named as the reason") {
    const PoolPlan plan = decide_one(observe(1000, 0), rules(0, 3));
    CHECK(plan.start == 3);
    CHECK(plan.clamp == Clamp::maximum);
    CHECK(plan.reason.find("the maximum is 3") != std::string::npos);
}

TEST_CASE("growth is limited to doubling, but at least four") {
    CHECK(decide_one(observe(1000, 0), rules(0, 100)).start == 4);
    Observation ten = observe(1000, 10);
    add_workers(ten, 10, 1);
    const PoolPlan plan = decide_one(ten, rules(0, 100));
    CHECK(plan.start == 10);
    CHECK(plan.clamp == Clamp::surge);
}

TEST_CASE("starting seats are supply, so that nothing is launched twice") {
    Observation observation = observe(4, 0);
    observation.pools[0].starting.assign(4, {"a"});
    const PoolPlan plan = decide_one(observation, rules(0, 8));
    CHECK(plan.changes_nothing());
    CHECK(plan.workers == 4);
}

TEST_CASE("retiring workers are no supply but count towards the maximum") {
    Observation observation = observe(10, 0);
    add_workers(observation, 4, 1);
    observation.pools[0].workers[0].status = model::WorkerStatus::terminating;
    const PoolPlan plan = decide_one(observation, rules(0, 4));
    CHECK(plan.workers == 3);
    CHECK(plan.start == 0);
    CHECK(plan.reason.find("retiring workers count until they are gone") != std::string::npos);
}

TEST_CASE("a worker that retires for a scale-down is called back before one is launched") {
    Observation observation = observe(10, 0);
    add_workers(observation, 2, 1);
    observation.pools[0].workers[0].status = model::WorkerStatus::terminating;
    observation.pools[0].workers[0].can_be_called_back = true;
    const PoolPlan plan = decide_one(observation, rules(0, 2));
    CHECK(plan.call_back == Ids{"w0"});
    CHECK(plan.start == 0);
}

TEST_CASE("idle workers retire first, the youngest of them before the others") {
    Observation observation = observe(0, 1);
    observation.pools[0].workers = {worker("old", 0, 500), worker("busy", 1, 10),
                                    worker("young", 0, 20), worker("middle", 0, 90)};
    Policy policy = rules(0, 8);
    policy.pools[0].stabilization = base::Millis{0};
    const PoolPlan plan = decide_one(observation, policy);
    CHECK(plan.retire == Ids{"young", "middle"});
    CHECK(plan.clamp == Clamp::shrink_limit);
}

TEST_CASE("busy workers with work of unknown length are not retired") {
    Observation observation = observe(0, 4);
    add_workers(observation, 4, 1, 4);
    Policy policy = rules(0, 8, 4);
    policy.pools[0].stabilization = base::Millis{0};
    const PoolPlan plan = decide_one(observation, policy);
    CHECK(plan.retire.empty());
    CHECK(plan.clamp == Clamp::busy);
    CHECK(plan.planned == 4);
}

TEST_CASE("busy workers with short work may retire while enough slots stay for what runs") {
    Observation observation = observe(0, 4);
    add_workers(observation, 4, 1, 4);
    observation.pools[0].pressure.stages[0].service_p95 = base::Millis{2000};
    Policy policy = rules(0, 8, 4);
    policy.pools[0].stabilization = base::Millis{0};
    CHECK(decide_one(observation, policy).retire.size() == 2);
    observation.pools[0].pressure.stages[0].service_p95 = base::Millis{20'000};
    CHECK(decide_one(observation, policy).retire.empty());
}

TEST_CASE("a lowered maximum retires busy workers too, the least busy first") {
    Observation observation = observe(50, 6);
    observation.pools[0].workers = {worker("three", 3, 10, 4), worker("one", 1, 90, 4),
                                    worker("two", 2, 50, 4)};
    const PoolPlan plan = decide_one(observation, rules(0, 1, 4));
    CHECK(plan.retire == Ids{"one", "two"});
    CHECK(plan.planned == 1);
}

TEST_CASE("what was wanted within the stabilisation time keeps the workers") {
    Observation observation = observe(0, 0);
    add_workers(observation, 6, 0);
    observation.pools[0].history = {{base::Millis{61'000}, 6}, {base::Millis{30'000}, 5}};
    const PoolPlan plan = decide_one(observation, rules(0, 8));
    CHECK(plan.retire.size() == 1);
    CHECK(plan.clamp == Clamp::stabilization);
}

TEST_CASE("a batch whose work is all taken lets idle workers go at once") {
    Observation observation = observe(0, 1);
    add_workers(observation, 5, 0);
    observation.pools[0].workers.push_back(worker("busy", 1));
    observation.pools[0].history = {{base::Millis{1000}, 6}};
    Policy policy = rules(0, 8);
    policy.pools[0].batch_mode = true;
    CHECK(decide_one(observation, policy).retire.size() == 5);
}

TEST_CASE("a batch that is loading or has delayed work keeps one worker") {
    Observation observation = observe(0, 0);
    Policy policy = rules(0, 8);
    policy.pools[0].batch_mode = true;
    CHECK(decide_one(observation, policy).planned == 0);
    observation.pools[0].more_to_come = true;
    CHECK(decide_one(observation, policy).start == 1);
    observation.pools[0].more_to_come = false;
    observation.pools[0].pressure.stages[0].delayed = 3;
    CHECK(decide_one(observation, policy).start == 1);
}

TEST_CASE("differences of a tenth are left alone") {
    Observation observation = observe(11, 11);
    add_workers(observation, 20, 1);
    const PoolPlan plan = decide_one(observation, rules(0, 100));
    CHECK(plan.changes_nothing());
    CHECK(plan.clamp == Clamp::tolerance);
}

TEST_CASE("a pool whose work asks for its maximum gets the last few workers as well") {
    Observation observation = observe(500, 19);
    add_workers(observation, 19, 1);
    CHECK(decide_one(observation, rules(0, 20)).start == 1);
    CHECK(decide_one(observation, rules(0, 100)).start > 1);
    // What asks for less than the maximum hovers there: a tenth is left alone.
    Observation less = observe(1, 19);
    add_workers(less, 19, 1);
    CHECK(decide_one(less, rules(0, 21)).changes_nothing());
}

TEST_CASE("no plan says more than the maximum where a host's surplus is at work") {
    Observation observation = observe(500, 20);
    observation.hosts.push_back({"other", 8, 8, true, {}, {}, {}});
    add_workers(observation, 20, 1);  // all of them on one of two hosts
    const PoolPlan plan = decide_one(observation, rules(0, 20));
    CHECK(plan.retire.empty());
    CHECK(plan.planned_here == 20);
    CHECK(plan.planned == 20);
}

TEST_CASE("a drain target wants only the slots that reach it") {
    Observation observation = observe(600, 0);
    observation.pools[0].pressure.stages[0].service_mean = base::Millis{1000};
    observation.pools[0].pressure.stages[0].service_samples = 50;
    Policy policy = rules(0, 100);
    policy.pools[0].drain_target = base::Millis{200'000};
    CHECK(decide_one(observation, policy).wanted_slots == 3);
}

TEST_CASE("work that waits too long grows the pool even when the mean says otherwise") {
    Observation observation = observe(600, 3);
    add_workers(observation, 3, 1);
    auto& stage = observation.pools[0].pressure.stages[0];
    stage.service_mean = base::Millis{1000};
    stage.service_samples = 50;
    stage.oldest_ready_age = base::Millis{90'000};
    Policy policy = rules(0, 100);
    policy.pools[0].drain_target = base::Millis{600'000};
    CHECK(decide_one(observation, policy).start == 1);
    stage.oldest_ready_age = base::Millis{50'000};
    CHECK(decide_one(observation, policy).start == 0);
}

TEST_CASE("a paused pool does not grow") {
    Observation observation = observe(100, 0);
    observation.pools[0].pressure.paused = true;
    CHECK(decide_one(observation, rules(0, 8)).start == 0);
}

TEST_CASE("a host above a gate offers no more capacity, but lets a pool's first worker through") {
    Observation observation = observe(100, 2);
    observation.hosts[0].memory_used = 0.85;
    CHECK(decide_one(observation, rules(0, 8)).start == 1);
    add_workers(observation, 2, 1);
    const PoolPlan plan = decide_one(observation, rules(0, 8));
    CHECK(plan.start == 0);
    CHECK(plan.clamp == Clamp::memory);
    CHECK(plan.reason.find("85 % of the memory of a is used") != std::string::npos);
    observation.pools[0].workers.clear();
    observation.hosts[0].memory_used = 0.97;
    CHECK(decide_one(observation, rules(0, 8)).start == 0);
}

TEST_CASE("a gate lets the minimum through") {
    Observation observation = observe(100, 0);
    observation.hosts[0].memory_used = 0.9;
    const PoolPlan plan = decide_one(observation, rules(3, 8));
    CHECK(plan.start == 3);
    CHECK(plan.clamp == Clamp::memory);
}

TEST_CASE("pressure on the processors stops growth past one slot a core, not below it") {
    Observation observation = observe(100, 4);
    observation.hosts[0].cores = 4;
    observation.hosts[0].cpu_pressure = 0.9;
    Policy policy = rules(0, 50);
    policy.surge_least = 50;
    const PoolPlan single = decide_one(observation, policy);
    CHECK(single.start == 4);
    CHECK(single.clamp == Clamp::pressure);
    policy.pools[0].slots_per_worker = 3;
    CHECK(decide_one(observation, policy).start == 2);
    policy.pools[0].slots_per_worker = 1;
    add_workers(observation, 4, 1);
    CHECK(decide_one(observation, policy).start == 0);
    observation.hosts[0].cpu_pressure = 0.5;
    CHECK(decide_one(observation, policy).start == 46);
}

TEST_CASE("a gate does not retire what runs") {
    Observation observation = observe(0, 2);
    observation.hosts[0].cpu_pressure = 0.99;
    add_workers(observation, 2, 1);
    CHECK(decide_one(observation, rules(0, 8)).changes_nothing());
}

TEST_CASE("an unhealthy pool launches nothing and says why") {
    Observation observation = observe(100, 0);
    observation.pools[0].launch_hold = "5 workers in a row died: no such file";
    const PoolPlan plan = decide_one(observation, rules(1, 8));
    CHECK(plan.start == 0);
    CHECK(plan.clamp == Clamp::launch_hold);
    CHECK(plan.reason.find("no such file") != std::string::npos);
}

TEST_CASE("the share of a host where a pool is unhealthy goes to the others") {
    Observation observation = observe(100, 0);
    observation.hosts.push_back({"b", 8, 8, true, 0.1, 0.1, 0.1});
    CHECK(decide_one(observation, rules(0, 8)).start == 2);
    observation.hosts[1].holds["other"] = {"5 workers in a row died", 0};
    CHECK(decide_one(observation, rules(0, 8)).start == 2);
    observation.hosts[1].holds["default"] = {"5 workers in a row died", 0};
    CHECK(decide_one(observation, rules(0, 8)).start == 4);
    // After its pause one is tried there.
    observation.hosts[1].holds["default"].room = 1;
    CHECK(decide_one(observation, rules(0, 8)).start == 3);
    // So is it from its own side.
    observation.own_host = "b";
    observation.pools[0].launch_hold = "5 workers in a row died";
    const PoolPlan there = decide_one(observation, rules(0, 8));
    CHECK(there.start == 0);
    CHECK(there.planned == 4);
}

TEST_CASE("after an early death one worker at a time is tried, beside those that stay") {
    Observation observation = observe(100, 2);
    add_workers(observation, 2, 1);
    observation.pools[0].on_probation = true;
    const PoolPlan plan = decide_one(observation, rules(0, 8));
    CHECK(plan.start == 1);
    CHECK(plan.planned == 3);
    CHECK(plan.clamp == Clamp::launch_hold);
    observation.pools[0].starting.push_back({"a"});
    CHECK(decide_one(observation, rules(0, 8)).start == 0);
    observation.pools[0].starting[0].host = "elsewhere";
    CHECK(decide_one(observation, rules(0, 8)).start == 1);
    observation.pools[0].on_probation = false;
    CHECK(decide_one(observation, rules(0, 8)).start > 1);
}

TEST_CASE("an exact number wins over the backlog, in both directions") {
    Observation observation = observe(1000, 0);
    Policy policy = rules(0, 8);
    policy.pools[0].exact_workers = 6;
    CHECK(decide_one(observation, policy).start == 6);
    add_workers(observation, 6, 1);
    policy.pools[0].exact_workers = 2;
    CHECK(decide_one(observation, policy).retire.size() == 4);
    policy.pools[0].exact_workers = 0;
    CHECK(decide_one(observation, policy).retire.size() == 6);
}

TEST_CASE("each host of several acts on its own share only") {
    Observation observation = observe(8, 0);
    observation.hosts.push_back({"b", 8, 8, true, 0.1, 0.1, 0.1});
    Policy policy = rules(0, 8);
    policy.surge_least = 100;
    const PoolPlan on_a = decide_one(observation, policy);
    observation.own_host = "b";
    const PoolPlan on_b = decide_one(observation, policy);
    CHECK(on_a.planned == 8);
    CHECK(on_a.start + on_b.start == 8);
    CHECK(on_a.start == 4);
    observation.hosts[0].fresh = false;
    CHECK(decide_one(observation, policy).start == 8);
}

}  // namespace
}  // namespace fleet::scaler
