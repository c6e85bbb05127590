// What other programs of the family read and write with plain SQL.
#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "tests/unit/store_sqlite/opened_store.hpp"

namespace fleet::store::sqlite::test {

namespace {

model::Snapshot snapshot(const std::string& id, std::int64_t step) {
    return {.execution_id = id,
            .machine_name = "review",
            .event = "state_exit",
            .current_state = "draft",
            .waiting_channel = {},
            .step = step,
            .json = R"({"execution_id":")" + id + R"(","step":)" + std::to_string(step) + "}"};
}

}  // namespace

TEST_CASE("a checkpoint is readable in the family's tables") {
    OpenedStore opened;
    opened.store().checkpoints().save(snapshot("e1", 2));
    CHECK(opened.query("SELECT checkpoint_key || '|' || machine_name || '|' || event || '|' || "
                       "current_state || '|' || typeof(snapshot_json) || '|' || "
                       "coalesce(waiting_channel, 'NULL') FROM machine_checkpoints") ==
          "e1/step_000002_state_exit.json|review|state_exit|draft|blob|NULL");
    CHECK(opened.query("SELECT json_extract(CAST(snapshot_json AS TEXT), '$.step') "
                       "FROM machine_checkpoints") == "2");
    CHECK(opened.query("SELECT latest_key FROM machine_latest WHERE execution_id = 'e1'") ==
          "e1/step_000002_state_exit.json");
    CHECK(opened.query("SELECT created_at FROM machine_checkpoints") == "2026-11-21T07:50:30.123Z");
}

TEST_CASE("a checkpoint that another program wrote is loaded") {
    OpenedStore opened;
    opened.execute(
        "INSERT INTO machine_checkpoints VALUES ('e9/step_000041_waiting.json', 'e9', 'review', "
        "'waiting', 'hold', 'approval', CAST('{\"step\":41}' AS BLOB), '2026-01-02T03:04:05Z'); "
        "INSERT INTO machine_latest VALUES ('e9', 'e9/step_000041_waiting.json', "
        "'2026-01-02T03:04:05Z')");
    const auto latest = opened.store().checkpoints().load_latest("e9");
    REQUIRE(latest);
    CHECK(latest->step == 41);
    CHECK(latest->waiting_channel == "approval");
    CHECK(latest->json == R"({"step":41})");
}

TEST_CASE("a registration is readable in the family's columns") {
    OpenedStore opened;
    opened.worker("w1");
    opened.store().registration().heartbeat({.worker_id = "w1",
                                             .slots = 4,
                                             .busy = 1,
                                             .rss_bytes = 0,
                                             .open_fds = 0,
                                             .metadata = R"({"load":2})"});
    CHECK(opened.query("SELECT worker_id || '|' || status || '|' || host || '|' || pid || '|' || "
                       "json_extract(capabilities, '$[1]') || '|' || "
                       "json_extract(metadata, '$.load') || '|' || last_heartbeat || '|' || "
                       "started_at FROM worker_registry") ==
          "w1|active|box-a|77|large|2|2026-11-21T07:50:30.123Z|2026-11-21T07:50:30.123Z");
}

TEST_CASE("a named lease is readable in the family's columns") {
    OpenedStore opened;
    const auto lease = opened.store().locks().acquire("reaper", "box-a:1:x", base::Millis{1'500});
    REQUIRE(lease);
    CHECK(opened.query("SELECT execution_id || '|' || owner_id || '|' || lease_until FROM "
                       "execution_leases") == "reaper|box-a:1:x|1795247432");
    CHECK(opened.query("SELECT fencing_token FROM execution_leases") ==
          std::to_string(lease->token));
}

TEST_CASE("a released lease stays as a row that remembers its token") {
    OpenedStore opened;
    auto& locks = opened.store().locks();
    const auto first = locks.acquire("reaper", "a", base::Millis{1'000});
    REQUIRE(first);
    REQUIRE(locks.release(*first));
    CHECK(opened.query("SELECT owner_id || '|' || lease_until_ms FROM execution_leases") == "|0");
    CHECK(locks.acquire("reaper", "b", base::Millis{1'000})->token == first->token + 1);
}

TEST_CASE("a signal is readable in the family's columns") {
    OpenedStore opened;
    opened.store().signals().send("approval", R"({"ok":true})");
    CHECK(opened.query("SELECT channel || '|' || json_extract(data_json, '$.ok') || '|' || "
                       "created_at FROM signals") == "approval|1|2026-11-21T07:50:30.123Z");
}

TEST_CASE("a signal that another program wrote is consumed with its time") {
    OpenedStore opened;
    opened.execute(
        "INSERT INTO signals VALUES ('0194-not-a-uuid', 'approval', '7', "
        "'2026-11-21T08:50:30.250+01:00')");
    const auto signal = opened.store().signals().consume("approval");
    REQUIRE(signal);
    CHECK(signal->payload == "7");
    CHECK(base::iso8601(signal->created_at) == "2026-11-21T07:50:30.250Z");
    CHECK_FALSE(opened.store().signals().consume("approval"));
}

TEST_CASE("signals sent within one millisecond are consumed in their order") {
    OpenedStore opened;
    auto& signals = opened.store().signals();
    for (int i = 0; i < 50; ++i) {
        signals.send("approval", std::to_string(i));
    }
    for (int i = 0; i < 50; ++i) {
        REQUIRE(signals.consume("approval")->payload == std::to_string(i));
    }
}

TEST_CASE("daily usage is a view over our own table") {
    OpenedStore opened;
    const std::vector<model::UsageRecord> usage{
        {.day = {}, .provider = "p/m", .phase = "draft", .requests = 2, .input_tokens = 10},
        {.day = {}, .provider = "p/m", .phase = "final", .requests = 1, .input_tokens = 5}};
    opened.store().usage().record(usage);
    CHECK(opened.query("SELECT day || '|' || requests || '|' || input_tokens FROM daily_usage") ==
          "2026-11-21|3|15");
}

}  // namespace fleet::store::sqlite::test
