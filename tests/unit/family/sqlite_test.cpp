// The family's tables as other programs see them, and inside a fleet's own store.
#include <memory>

#include <catch2/catch.hpp>
#include <sqlite3.h>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"
#include "common/store/open.hpp"
#include "tests/unit/family/storage.hpp"

namespace fleet::family::test {

using engine::Event;
using expression::Value;

namespace {

/// Another program with the file open.
class Stranger {
  public:
    explicit Stranger(const std::filesystem::path& file) {
        REQUIRE(sqlite3_open(file.c_str(), &database_) == SQLITE_OK);
        sqlite3_busy_timeout(database_, 10'000);
    }
    Stranger(const Stranger&) = delete;
    Stranger& operator=(const Stranger&) = delete;
    ~Stranger() { sqlite3_close(database_); }

    void execute(const std::string& sql) {
        INFO(sql);
        REQUIRE(sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    }
    /// The first column of the first row.
    std::string query(const std::string& sql) {
        sqlite3_stmt* statement = nullptr;
        REQUIRE(sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
        std::string text = "(none)";
        if (sqlite3_step(statement) == SQLITE_ROW) {
            const auto* found = sqlite3_column_text(statement, 0);
            text = found == nullptr ? "NULL" : reinterpret_cast<const char*>(found);
        }
        sqlite3_finalize(statement);
        return text;
    }

  private:
    sqlite3* database_ = nullptr;
};

std::unique_ptr<contracts::Store> open_fleet(const std::filesystem::path& folder,
                                             const base::Clock& clock) {
    return store::open_store(
        base::StoreUrl::parse("sqlite:" + (folder / "fleet.db").string(), folder), clock);
}

}  // namespace

TEST_CASE("a checkpoint has the family's columns") {
    Opened opened("sqlite");
    opened.checkpoints().save(snapshot("e1", 2, Event::state_exit));
    Stranger stranger(opened.file());
    CHECK(stranger.query("SELECT checkpoint_key || '|' || execution_id || '|' || machine_name || "
                         "'|' || event || '|' || current_state || '|' || typeof(snapshot_json) || "
                         "'|' || coalesce(waiting_channel, 'NULL') FROM machine_checkpoints") ==
          "e1/step_000002_state_exit.json|e1|review|state_exit|draft|blob|NULL");
    CHECK(stranger.query("SELECT latest_key FROM machine_latest WHERE execution_id = 'e1'") ==
          "e1/step_000002_state_exit.json");
    CHECK(stranger.query("PRAGMA journal_mode") == "wal");
}

TEST_CASE("the latest checkpoint follows what another program writes") {
    Opened opened("sqlite");
    opened.checkpoints().save(snapshot("e1", 2, Event::state_exit));
    Stranger stranger(opened.file());
    stranger.execute(
        "INSERT INTO machine_checkpoints SELECT 'e1/step_000003_waiting.json', execution_id, "
        "machine_name, 'waiting', 'hold', 'go', CAST(json_set(CAST(snapshot_json AS TEXT), "
        "'$.step', 3, '$.event', 'waiting', '$.waiting_channel', 'go') AS BLOB), created_at "
        "FROM machine_checkpoints; UPDATE machine_latest SET latest_key = "
        "'e1/step_000003_waiting.json'");
    CHECK(opened.checkpoints().latest("e1")->step == 3);
    CHECK(opened.checkpoints().list({.event = {}, .waiting_channel = "go"}).size() == 1);
}

TEST_CASE("a file that is no database is refused with its name") {
    const test_support::TemporaryFolder folder;
    const auto file = folder / "no.sqlite";
    test_support::write_file(file, std::string(4096, 'x'));
    CHECK_THROWS_AS(sqlite_checkpoints(file), base::StoreError);
    CHECK_THROWS_AS(sqlite_signals(file), base::StoreError);
}

TEST_CASE("a fleet's own store is read and written beside its owner") {
    const test_support::TemporaryFolder folder;
    const base::SystemClock clock;
    const auto store = open_fleet(folder.path(), clock);
    store->checkpoints().save({.execution_id = "e1",
                               .machine_name = "review",
                               .event = "state_exit",
                               .current_state = "draft",
                               .waiting_channel = {},
                               .step = 2,
                               .json = engine::to_json_text(snapshot("e1", 2, Event::state_exit))});
    store->signals().send("go", "7");
    FamilyCheckpoints checkpoints(sqlite_checkpoints(folder / "fleet.db"));
    const auto signals = sqlite_signals(folder / "fleet.db");

    const auto latest = checkpoints.latest("e1");
    REQUIRE(latest);
    CHECK(latest->step == 2);
    const auto data = signals->consume("go");
    REQUIRE(data);
    CHECK(expression::equal(*data, Value::integer(7)));

    checkpoints.save(snapshot("e1", 3, Event::execute));
    signals->send("go", Value::integer(8));
    CHECK(store->checkpoints().load_latest("e1")->step == 3);
    CHECK(store->signals().consume("go")->payload == "8");
    CHECK_FALSE(signals->consume("go"));
}

}  // namespace fleet::family::test
