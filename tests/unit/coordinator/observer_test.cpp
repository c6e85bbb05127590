#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "scaler/explain.hpp"
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
