#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "scaler/explain.hpp"
#include "scaler/host_facts.hpp"
#include "scaler/observe.hpp"
#include "tests/unit/coordinator/support.hpp"

namespace fleet::coordinator {
namespace {

using namespace testing;

struct ObserverFixture : Fixture {
    scaler::ObserveOptions options;
    ObserverFixture() { options.host = "h"; }

    scaler::Observed look() { return scaler::Observer(*store, clock, options).look(); }
    void push(const std::string& machine, const std::string& batch) {
        model::WorkSpec spec;
        spec.machine = machine;
        spec.argv = {"true"};
        contracts::PushRequest push;
        push.pool = "default";
        push.batch = batch;
        push.spec = store->work().put_spec(spec);
        push.executions.resize(3);
        for (auto& execution : push.executions) {
            execution.input = "{}";
        }
        REQUIRE(store->work().push(push).outcome == contracts::PushResult::Outcome::pushed);
    }
    void make_batch(const std::string& name) {
        model::NewBatch batch;
        batch.name = name;
        batch.pool = "default";
        batch.id_seed = base::UuidGenerator().next(clock.wall_now());
        batch.private_lane = true;
        batch.options = "{}";
        REQUIRE(store->work().create_batch(batch));
    }
};

TEST_CASE("workers, starting seats and work of a pool are seen together with the box") {
    ObserverFixture fixture;
    const auto self = process::self_identity(fixture.clock);
    static_cast<void>(fixture.store->registration().register_worker(worker_record("h-1", self)));
    contracts::SeatRequest seat;
    seat.pool = "default";
    seat.host = "h";
    seat.pool_max = 9;
    seat.request_id = 5;
    REQUIRE(std::holds_alternative<model::Seat>(fixture.store->scaling().take_seat(seat)));
    fixture.push("builtin:echo", "");
    const scaler::Observed observed = fixture.look();
    REQUIRE(observed.observation.pools.size() == 1);
    const scaler::PoolView& pool = observed.observation.pools[0];
    CHECK(pool.pressure.ready() == 3);
    CHECK(pool.workers.size() == 1);
    CHECK(pool.starting.size() == 1);
    CHECK(pool.other_seats == 0);
    CHECK(observed.observation.hosts.size() == 1);
    CHECK(observed.policy.pools[0].slots_per_worker == scaler::kDefaultSlots);
    const scaler::Plan plan = scaler::decide(observed.observation, observed.policy);
    const auto inputs = base::parse_json(
        scaler::decision_inputs(observed.observation, observed.policy, plan.pools[0]), "inputs");
    CHECK(inputs["ready"] == 3);
    CHECK(inputs["steps"].size() > 5);
}

TEST_CASE("what another host tells about itself is seen") {
    ObserverFixture fixture;
    scaler::HostView told;
    told.memory_used = 0.91;
    told.holds["default"] = {"5 workers in a row have died", 1};
    auto record = host_record("host:b:1", "b:1:x", process::self_identity(fixture.clock));
    record.host = "b";
    record.metadata = scaler::host_facts(told);
    static_cast<void>(fixture.store->registration().register_worker(record));
    const auto look = [&] { return *fixture.look().observation.host("b"); };
    CHECK(look().memory_used == 0.91);
    CHECK_FALSE(look().cpu_pressure);
    REQUIRE(look().holds.contains("default"));
    CHECK(look().holds["default"].why == "5 workers in a row have died");
    CHECK(look().holds["default"].room == 1);
    // A later word takes the earlier one back; what other programs write is no harm.
    const auto beat = [&](const std::string& text) {
        contracts::Heartbeat heartbeat;
        heartbeat.worker_id = "host:b:1";
        heartbeat.metadata = text;
        REQUIRE(fixture.store->registration().heartbeat(heartbeat));
    };
    beat(scaler::host_facts(scaler::HostView{}));
    CHECK(look().holds.empty());
    CHECK_FALSE(look().memory_used);
    beat(R"({"unhealthy": {"default": "bad"}, "memory_used": "much", "cpu_pressure": 7})");
    CHECK(look().holds.empty());
    CHECK_FALSE(look().memory_used);
    CHECK(look().cpu_pressure == 1.0);
}

TEST_CASE("providers, their pace and what stages call are seen, and kept when calls cease") {
    ObserverFixture fixture;
    scaler::Observer observer(*fixture.store, fixture.clock, fixture.options);
    CHECK(observer.look().observation.providers.empty());
    model::ProviderRules rules;
    rules.name = "mock/fast";
    rules.requests_per_second = 10;
    rules.budget.requests = 1;
    const std::vector<model::ProviderRules> all{rules};
    fixture.store->usage().configure(all);
    const auto call = [&](const std::string& phase) {
        contracts::PermitRequest request{7, rules.name, "w", {{100, 100, 0}}};
        auto answer = fixture.store->usage().reserve(request);
        REQUIRE(answer.permits.size() == 1);
        REQUIRE(fixture.store->usage().begin(rules.name, answer.permits[0]));
        contracts::CallReport report{rules.name, phase, answer.permits[0], {}};
        report.outcome.end = model::CallEnd::answered;
        report.outcome.latency = base::Millis{700};
        const std::vector<contracts::CallReport> reports{report};
        fixture.store->usage().report(reports);
    };
    call("main");
    fixture.push("builtin:echo", "");
    const scaler::Observed observed = observer.look();
    REQUIRE(observed.observation.providers.size() == 1);
    const scaler::ProviderView& provider = observed.observation.providers[0];
    CHECK(provider.calls_per_second == Approx(9.8));
    CHECK(provider.latency == base::Millis{700});
    CHECK(provider.calls_left == 0);
    REQUIRE(provider.hold);
    CHECK(provider.hold->reason == model::HoldReason::budget);
    CHECK(observed.observation.pools[0].needs ==
          std::vector<scaler::StageNeed>{{"main", "mock/fast", false}});
    // What is configured wins.
    model::PoolPolicy policy = *fixture.store->scaling().pool("default");
    model::StagePolicy stage;
    stage.stage = "main";
    stage.provider = "mock/slow";
    policy.stages = {stage};
    fixture.store->scaling().put_pool(policy);
    CHECK(observer.look().observation.pools[0].needs ==
          std::vector<scaler::StageNeed>{{"main", "mock/slow", true}});
}

TEST_CASE("slots follow the cores when the work is commands") {
    ObserverFixture fixture;
    fixture.push("builtin:command", "");
    CHECK(fixture.look().policy.pools[0].slots_per_worker == 1);
}

TEST_CASE("a batch's scaler sees its own lane and workers only, and no minimum once it is over") {
    ObserverFixture fixture;
    fixture.make_batch("b");
    fixture.push("builtin:echo", "");
    fixture.push("builtin:echo", "b");
    const auto self = process::self_identity(fixture.clock);
    static_cast<void>(fixture.store->registration().register_worker(worker_record("h-1", self)));
    fixture.options.batch = "b";
    fixture.options.pools = {"default"};
    fixture.options.overrides.batch_mode = true;
    fixture.options.overrides.min_workers = 1;
    scaler::Observed observed = fixture.look();
    CHECK(observed.observation.pools[0].pressure.ready() == 3);
    CHECK(observed.observation.pools[0].workers.empty());
    CHECK(observed.observation.pools[0].other_seats == 1);
    CHECK(observed.observation.pools[0].more_to_come);
    CHECK(observed.policy.pools[0].min_workers == 1);
    contracts::BulkSelection all;
    all.batch = "b";
    fixture.store->work().cancel(all);
    observed = fixture.look();
    CHECK_FALSE(observed.observation.pools[0].more_to_come);
    CHECK(observed.policy.pools[0].min_workers == 0);
}

TEST_CASE("an unknown pool is refused with the nearest known one") {
    ObserverFixture fixture;
    fixture.options.pools = {"defualt"};
    try {
        static_cast<void>(fixture.look());
        FAIL("it was accepted");
    } catch (const base::ConfigError& error) {
        CHECK(error.full_text().find("did you mean \"default\"?") != std::string::npos);
    }
}

}  // namespace
}  // namespace fleet::coordinator
