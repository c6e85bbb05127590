#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "common/model/execution.hpp"
#include "common/model/pool.hpp"
#include "common/model/pressure.hpp"
#include "common/model/snapshot.hpp"
#include "common/model/worker.hpp"

using namespace fleet::model;
using fleet::base::Millis;
using fleet::base::parse_json;
using fleet::base::store_time;
using fleet::base::Uuid;

TEST_CASE("an execution prints its members in the documented order") {
    Execution execution;
    execution.id = *Uuid::parse("0193a5c2-7b1e-7c3d-8f00-112233445566");
    execution.batch = "b1";
    execution.pool = "default";
    execution.status = Status::failed;
    execution.counters = {.attempt = 2, .failures = 1};
    execution.priority = -5;
    execution.created_at = store_time(0);
    execution.started_at = store_time(1);
    execution.finished_at = store_time(2);
    execution.worker_id = "w";
    execution.input = R"({"item":"x","n":12345678901234567890123,"f":1.0})";
    execution.error = {ErrorKind::exit_code, "ended with \"7\"", "/logs/a.stderr.txt"};
    CHECK(to_json_text(execution) ==
          R"({"id":"0193a5c2-7b1e-7c3d-8f00-112233445566","batch":"b1","pool":"default",)"
          R"("stage":"","status":"failed","attempt":2,"failures":1,"priority":-5,)"
          R"("created_at":"1970-01-01T00:00:00.000Z","started_at":"1970-01-01T00:00:00.001Z",)"
          R"("finished_at":"1970-01-01T00:00:00.002Z","worker":"w",)"
          R"("input":{"item":"x","n":12345678901234567890123,"f":1.0},"output":null,)"
          R"("error":{"kind":"exit_code","message":"ended with \"7\"",)"
          R"("evidence":"/logs/a.stderr.txt"}})");
}

TEST_CASE("what an execution does not have prints as null") {
    const auto json = parse_json(to_json_text(Execution{}), "test");
    for (const char* name :
         {"batch", "started_at", "finished_at", "worker", "input", "output", "error"}) {
        CAPTURE(name);
        CHECK(json.at(name).is_null());
    }
}

TEST_CASE("a done execution has no error, even if an earlier attempt failed") {
    Execution execution;
    execution.error = ExecutionError{ErrorKind::timeout, "too long", ""};
    execution.status = Status::pending;
    CHECK(parse_json(to_json_text(execution), "test").at("error").at("kind") == "timeout");
    CHECK_FALSE(parse_json(to_json_text(execution), "test").at("error").contains("type"));
    execution.error->type = "TimeoutError";
    CHECK(parse_json(to_json_text(execution), "test").at("error").at("type") == "TimeoutError");
    execution.status = Status::done;
    execution.output = "[1]";
    const auto json = parse_json(to_json_text(execution), "test");
    CHECK(json.at("error").is_null());
    CHECK(json.at("output").dump() == "[1]");
}

TEST_CASE("an execution prints on one line, whatever its strings and input hold") {
    Execution execution;
    execution.pool = "a\nb\xff";
    execution.input = "{\r\n\"a\": 1\n}";
    const std::string text = to_json_text(execution);
    CHECK(text.find_first_of("\r\n") == std::string::npos);
    const auto json = parse_json(text, "test");
    CHECK(json.at("pool") == "a\nb\xEF\xBF\xBD");
    CHECK(json.at("input").at("a") == 1);
}

TEST_CASE("a worker prints its members in the documented order and never its launch token") {
    WorkerRecord worker;
    worker.worker_id = "w1";
    worker.host = "box";
    worker.process.pid = 42;
    worker.pool = "default";
    worker.slots = 4;
    worker.busy = 1;
    worker.heartbeat_age = Millis{1500};
    worker.version = "0.1.0";
    worker.launch_token = "hunter2";
    worker.capabilities = {"gpu", "a\"b"};
    const std::string text = to_json_text(worker);
    CHECK(text ==
          R"({"id":"w1","host":"box","pid":42,"pool":"default","status":"active","slots":4,)"
          R"("busy":1,"heartbeat_age_ms":1500,"started_at":"1970-01-01T00:00:00.000Z",)"
          R"("version":"0.1.0","kind":"worker","owner":"","batch":"","stale":false,)"
          R"("rss_bytes":0,"open_fds":0,"seat":0,"generation":0,)"
          R"("capabilities":["gpu","a\"b"],"reason":"","metadata":{}})");
    CHECK(text.find("hunter2") == std::string::npos);
    worker.kind = WorkerKind::host;
    worker.metadata = R"({"cores":2})";
    const auto json = parse_json(to_json_text(worker), "test");
    CHECK(json.at("kind") == "host");
    CHECK(json.at("metadata").at("cores") == 2);
}

TEST_CASE("a scaling decision prints with its inputs") {
    Decision decision;
    decision.id = 3;
    decision.host = "box";
    decision.pool = "default";
    decision.workers_before = 1;
    decision.workers_planned = 4;
    decision.started = 3;
    decision.reason = "100 ready";
    decision.inputs = R"({"ready":100})";
    CHECK(to_json_text(decision) ==
          R"({"id":3,"at":"1970-01-01T00:00:00.000Z","host":"box","pool":"default",)"
          R"("workers_before":1,"workers_planned":4,"started":3,"retired":0,)"
          R"("reason":"100 ready","inputs":{"ready":100}})");
}

TEST_CASE("a snapshot's key has the family's form") {
    Snapshot snapshot;
    snapshot.execution_id = "id";
    snapshot.event = "state_exit";
    snapshot.step = 12;
    CHECK(snapshot.key() == "id/step_000012_state_exit.json");
    snapshot.step = 12'345'678;
    CHECK(snapshot.key() == "id/step_12345678_state_exit.json");
}

TEST_CASE("a pool's pressure adds up its stages") {
    PoolPressure pressure;
    StagePressure stage;
    stage.counts = {1, 2, 3, 4, 5, 6};
    stage.ready = 1;
    pressure.stages = {stage, stage};
    CHECK(pressure.totals() == StatusCounts{2, 4, 6, 8, 10, 12});
    CHECK(pressure.totals().total() == 42);
    CHECK(pressure.totals().terminal() == 30);
    CHECK(pressure.ready() == 2);
    CHECK(PoolPressure{}.totals() == StatusCounts{});
}
