// The hooks `distributed-worker` of users' machines, over a store in memory.
#include "worker/distributed_hooks.hpp"

#include "tests/unit/worker/worker_fixture.hpp"
#include "worker/registration.hpp"

namespace fleet::worker_test {
namespace {

using calls::CallError;
using expression::Value;

/// A registered worker, and what a machine that it runs may call.
class Machine {
  public:
    explicit Machine(WorkerFixture& fixture)
        : record_(worker::own_record(fixture.options, fixture.clock, fixture.store.now())),
          jobs_({.store = fixture.store, .clock = fixture.clock, .worker = record_}),
          hooks_(worker::make_distributed_hooks(jobs_)) {
        worker::enter(fixture.store, record_);
    }

    Value context = Value::dict({});

    void act(const std::string& action) { context = hooks_->on_action({}, action, context); }
    void set(const std::string& key, Value value) { context.set(key, std::move(value)); }
    [[nodiscard]] std::string text(const std::string& key) const {
        const Value* const value = context.find(key);
        return value != nullptr && value->is_string() ? value->as_string() : "no text";
    }
    [[nodiscard]] std::int64_t number(const std::string& key) const {
        const Value* const value = context.find(key);
        return value != nullptr && value->is_number() ? value->as_integer() : -1;
    }
    /// The run that used them is over.
    void end() { hooks_.reset(); }

  private:
    model::WorkerRecord record_;
    worker::MachineJobs jobs_;
    std::unique_ptr<calls::Hooks> hooks_;
};

}  // namespace

TEST_CASE("a machine claims a job of a pool and completes it") {
    WorkerFixture fixture;
    Machine machine(fixture);
    machine.act("claim_job");
    CHECK(machine.context.find("job_id")->is_null());

    const auto ids = fixture.push("builtin:noop", 1, R"({"n":7})");
    machine.act("claim_job");
    CHECK(machine.text("job_id") == ids.front().text());
    CHECK(machine.context.find("job")->find("n")->as_integer() == 7);
    CHECK(fixture.count(ids, Status::running) == 1);
    machine.set("result", Value::string("fine"));
    machine.act("complete_job");
    CHECK(fixture.count(ids, Status::done) == 1);
    CHECK(fixture.get(ids.front()).output == R"("fine")");
    CHECK_THROWS_AS(machine.act("complete_job"), CallError);
}

TEST_CASE("a job that a machine fails fails with its words, and is tried again if it may be") {
    WorkerFixture fixture;
    Machine machine(fixture);
    const auto ids = fixture.push("builtin:noop", 1, "1");
    machine.act("claim_job");
    machine.set("error", Value::string("no good"));
    machine.act("fail_job");
    REQUIRE(fixture.count(ids, Status::failed) == 1);
    CHECK(fixture.get(ids.front()).error->message == "no good");

    const auto again = fixture.push("builtin:noop", 1, "1", 2);
    machine.act("claim_job");
    machine.act("fail_job");
    CHECK(fixture.count(again, Status::pending) == 1);
    CHECK(fixture.get(again.front()).counters.failures == 1);
}

TEST_CASE("what a machine has claimed and not ended goes back with its run") {
    WorkerFixture fixture;
    Machine machine(fixture);
    const auto ids = fixture.push("builtin:noop", 2, "1");
    machine.act("claim_job");
    machine.act("claim_job");
    CHECK(fixture.count(ids, Status::running) == 2);
    machine.act("complete_job");
    machine.end();
    CHECK(fixture.count(ids, Status::done) == 1);
    CHECK(fixture.count(ids, Status::pending) == 1);
}

TEST_CASE("a job that is not held cannot be ended, and a job must be named") {
    WorkerFixture fixture;
    Machine machine(fixture);
    CHECK_THROWS_WITH(machine.act("complete_job"), Catch::Contains("`job_id` is required"));
    machine.set("job_id", Value::string("01a1ff1e-a2ec-7328-a189-862f00000001"));
    try {
        machine.act("fail_job");
        FAIL("a job of nobody was failed");
    } catch (const CallError& error) {
        CHECK(error.type() == "LeaseLost");
    }
}

TEST_CASE("a machine works as the worker that runs it") {
    WorkerFixture fixture;
    Machine machine(fixture);
    machine.act("register_worker");
    CHECK(machine.text("worker_id") == "worker-1");
    CHECK(machine.text("status") == "active");
    CHECK(machine.text("registered_at").starts_with("20"));
    fixture.store.registration().update_status("worker-1", model::WorkerStatus::terminating, "go");
    machine.act("heartbeat");
    CHECK(machine.text("status") == "terminating");
    machine.act("unknown_action");
    CHECK(machine.text("status") == "terminating");
}

TEST_CASE("a machine looks at a pool and raises what its scalers keep at least") {
    WorkerFixture fixture;
    Machine machine(fixture);
    fixture.push("builtin:noop", 5, "1");
    machine.act("get_pool_state");
    CHECK(machine.number("queue_depth") == 5);
    CHECK(machine.number("active_workers") == 1);
    machine.act("calculate_spawn");
    CHECK(machine.number("workers_needed") == 3);
    CHECK(machine.number("workers_to_spawn") == 2);
    CHECK(machine.context.find("spawn_list")->as_list().size() == 2);
    machine.act("spawn_workers");
    CHECK(machine.number("spawned_count") == 3);
    CHECK(fixture.store.scaling().pool("default")->min_workers == 3);
    machine.act("spawn_workers");
    CHECK(machine.number("spawned_count") == 0);
    machine.set("pool_id", Value::string("elsewhere"));
    CHECK_THROWS_WITH(machine.act("get_pool_state"), Catch::Contains("elsewhere"));
    CHECK_THROWS_WITH(machine.act("claim_job"), Catch::Contains("elsewhere"));
}

TEST_CASE("a machine reaps a silent worker, whose work goes back") {
    WorkerFixture fixture;
    Machine machine(fixture);
    machine.act("list_stale_workers");
    CHECK(machine.number("stale_count") == 0);

    worker::WorkerOptions silent = fixture.options;
    silent.worker_id = "silent";
    model::WorkerRecord record = worker::own_record(silent, fixture.clock, fixture.store.now());
    record.ttl = 20ms;
    worker::enter(fixture.store, record);
    const auto ids = fixture.push("builtin:noop", 1, "1");
    contracts::ClaimRequest claim;
    claim.worker_id = "silent";
    claim.pool = "default";
    claim.begin = 1;
    claim.ttl = 20ms;
    REQUIRE(fixture.store.work().claim(claim).claimed.size() == 1);

    REQUIRE(wait_until([&] {
        machine.act("list_stale_workers");
        return machine.number("stale_count") == 1;
    }));
    CHECK(machine.context.find("workers")->as_list().front().find("worker_id")->as_string() ==
          "silent");
    machine.act("reap_stale_workers");
    CHECK(machine.number("reaped_count") == 1);
    CHECK(machine.number("total_jobs_released") == 1);
    CHECK(fixture.count(ids, Status::running) == 0);
    CHECK(fixture.store.registration().get("silent")->status == model::WorkerStatus::lost);

    machine.set("worker", machine.context.find("workers")->as_list().front());
    machine.act("reap_worker");  // it is no longer there to be reaped
    CHECK(machine.context.find("reaped_worker_id")->is_null());
}

}  // namespace fleet::worker_test
