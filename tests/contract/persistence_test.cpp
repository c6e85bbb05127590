// Checkpoints in the family's layout.
#include "common/base/hash.hpp"
#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

/// The family allows any text as an id.
model::Snapshot snapshot_of(const std::string& execution, std::int64_t step,
                            const std::string& event = "state_exit",
                            const std::string& channel = {}) {
    model::Snapshot snapshot;
    snapshot.execution_id = execution;
    snapshot.machine_name = "drain";
    snapshot.event = event;
    snapshot.current_state = "working";
    snapshot.waiting_channel = channel;
    snapshot.step = step;
    base::Json json;
    json["execution_id"] = execution;
    json["machine_name"] = "drain";
    json["current_state"] = "working";
    json["event"] = event;
    json["step"] = step;
    if (!channel.empty()) {
        json["waiting_channel"] = channel;
    }
    json["pending_launches"] = base::Json::array({"child"});
    snapshot.json = base::dump_json(json);
    return snapshot;
}

TEST_CASE("a checkpoint comes back by its key, and as the latest") {
    FOR_EACH_STORE(f);
    contracts::PersistenceBackend& checkpoints = f.store().checkpoints();
    CHECK_FALSE(checkpoints.load("a/step_000001_state_exit.json"));
    CHECK_FALSE(checkpoints.load_latest("a"));
    const model::Snapshot first = snapshot_of("a", 1);
    const model::Snapshot second = snapshot_of("a", 2, "waiting", "approval");
    checkpoints.save(first);
    checkpoints.save(second);
    CHECK(checkpoints.load(first.key()) == first);
    CHECK(checkpoints.load(second.key()) == second);
    CHECK(checkpoints.load_latest("a") == second);
}

TEST_CASE("saving a key again replaces it and makes it the latest") {
    FOR_EACH_STORE(f);
    contracts::PersistenceBackend& checkpoints = f.store().checkpoints();
    model::Snapshot first = snapshot_of("a", 1);
    checkpoints.save(first);
    checkpoints.save(snapshot_of("a", 2));
    first.json = R"({"execution_id":"a","event":"state_exit","step":1,"new":true})";
    checkpoints.save(first);
    CHECK(checkpoints.load(first.key())->json == first.json);
    CHECK(checkpoints.load_latest("a")->json == first.json);
    CHECK(checkpoints.list("a/", 10).size() == 2);
}

TEST_CASE("keys are listed by prefix, ascending, up to a limit") {
    FOR_EACH_STORE(f);
    contracts::PersistenceBackend& checkpoints = f.store().checkpoints();
    for (const std::int64_t step : {3, 1, 2}) {
        checkpoints.save(snapshot_of("a", step));
    }
    checkpoints.save(snapshot_of("ab", 1));
    checkpoints.save(snapshot_of("a%", 1));
    CHECK(checkpoints.list("a/", 10) == std::vector<std::string>{"a/step_000001_state_exit.json",
                                                                 "a/step_000002_state_exit.json",
                                                                 "a/step_000003_state_exit.json"});
    CHECK(checkpoints.list("a/", 2).size() == 2);
    CHECK(checkpoints.list("a", 10).size() == 5);
    CHECK(checkpoints.list("a%", 10).size() == 1);
    CHECK(checkpoints.list("", 10).size() == 5);
    CHECK(checkpoints.list("z", 10).empty());
}

TEST_CASE("executions are found by their latest checkpoint only") {
    FOR_EACH_STORE(f);
    contracts::PersistenceBackend& checkpoints = f.store().checkpoints();
    checkpoints.save(snapshot_of("c", 1, "waiting", "approval"));
    checkpoints.save(snapshot_of("a", 1, "waiting", "approval"));
    checkpoints.save(snapshot_of("b", 1, "waiting", "approval"));
    checkpoints.save(snapshot_of("b", 2, "machine_end"));
    checkpoints.save(snapshot_of("d", 1, "waiting", "other"));
    using Ids = std::vector<std::string>;
    contracts::CheckpointFilter filter;
    CHECK(checkpoints.list_executions(filter) == Ids{"a", "b", "c", "d"});
    filter.limit = 2;
    CHECK(checkpoints.list_executions(filter) == Ids{"a", "b"});
    filter.limit = 100;
    filter.waiting_channel = "approval";
    CHECK(checkpoints.list_executions(filter) == Ids{"a", "c"});
    filter.waiting_channel.clear();
    filter.event = "machine_end";
    CHECK(checkpoints.list_executions(filter) == Ids{"b"});
    filter.waiting_channel = "approval";
    CHECK(checkpoints.list_executions(filter).empty());
}

TEST_CASE("deleting an execution removes all its checkpoints and no others") {
    FOR_EACH_STORE(f);
    contracts::PersistenceBackend& checkpoints = f.store().checkpoints();
    checkpoints.save(snapshot_of("a", 1));
    checkpoints.save(snapshot_of("a", 2));
    checkpoints.save(snapshot_of("ab", 1));
    CHECK(checkpoints.delete_execution("a") == 2);
    CHECK(checkpoints.delete_execution("a") == 0);
    CHECK(checkpoints.list("", 10).size() == 1);
    CHECK_FALSE(checkpoints.load_latest("a"));
    CHECK(checkpoints.load_latest("ab"));
}

TEST_CASE("a clone starts from the latest checkpoint under an id of its own") {
    FOR_EACH_STORE(f);
    contracts::PersistenceBackend& checkpoints = f.store().checkpoints();
    CHECK_FALSE(checkpoints.clone("a", "b"));
    checkpoints.save(snapshot_of("a", 1));
    const model::Snapshot latest = snapshot_of("a", 2, "waiting", "approval");
    checkpoints.save(latest);
    REQUIRE(checkpoints.clone("a", "b"));
    const auto cloned = checkpoints.load_latest("b");
    REQUIRE(cloned);
    CHECK(cloned->execution_id == "b");
    CHECK(cloned->machine_name == latest.machine_name);
    CHECK(cloned->event == latest.event);
    CHECK(cloned->current_state == latest.current_state);
    CHECK(cloned->waiting_channel == latest.waiting_channel);
    CHECK(cloned->step == 2);
    const base::Json json = base::parse_json(cloned->json, "clone");
    CHECK(json.at("execution_id") == "b");
    CHECK(json.at("parent_execution_id") == "a");
    CHECK(json.at("pending_launches").is_null());
    CHECK(json.at("step") == 2);
    CHECK(checkpoints.list("b/", 10) == std::vector<std::string>{"b/step_000002_waiting.json"});
    CHECK(checkpoints.load_latest("a") == latest);
}

TEST_CASE("large checkpoints come back whole") {
    FOR_EACH_STORE(f);
    model::Snapshot snapshot = snapshot_of("a", 1);
    base::Json json = base::parse_json(snapshot.json, "snapshot");
    json["context"] = std::string(2U << 20U, 'c');
    snapshot.json = base::dump_json(json);
    f.store().checkpoints().save(snapshot);
    CHECK(f.store().checkpoints().load_latest("a") == snapshot);
}

TEST_CASE("a configuration is stored once under the hash of its content") {
    FOR_EACH_STORE(f);
    contracts::PersistenceBackend& checkpoints = f.store().checkpoints();
    model::StoredConfig config;
    config.raw = "spec: flatmachine\n";
    config.hash = base::content_hash(config.raw);
    config.machine_name = "counter";
    config.spec_version = "4.2.0";
    CHECK_FALSE(checkpoints.config(config.hash));
    checkpoints.put_config(config);
    const auto stored_at = f.store().now();
    f.pass(5s);
    checkpoints.put_config(config);
    const auto stored = checkpoints.config(config.hash);
    REQUIRE(stored);
    CHECK(stored->raw == config.raw);
    CHECK(stored->machine_name == "counter");
    CHECK(stored->spec_version == "4.2.0");
    CHECK(stored->created_at == stored_at);
    CHECK(config.hash.size() == 64);
}

}  // namespace
}  // namespace fleet::contract_test
