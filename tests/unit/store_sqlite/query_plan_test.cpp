// Every statement that runs per item or per second finds its rows by an index.
#include <mutex>
#include <set>
#include <string>

#include <catch2/catch.hpp>
#include <sqlite3.h>

#include "tests/unit/store_sqlite/opened_store.hpp"

namespace fleet::store::sqlite::test {

namespace {

/// Collects the text of every statement that any connection of this process runs.
class StatementLog {
  public:
    StatementLog() {
        current() = this;
        sqlite3_auto_extension(reinterpret_cast<void (*)()>(&StatementLog::on_open));
    }
    StatementLog(const StatementLog&) = delete;
    StatementLog& operator=(const StatementLog&) = delete;
    ~StatementLog() {
        sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&StatementLog::on_open));
        current() = nullptr;
    }
    void start() {
        const std::lock_guard lock{mutex_};
        texts_.clear();
    }
    [[nodiscard]] std::set<std::string> texts() {
        const std::lock_guard lock{mutex_};
        return texts_;
    }

  private:
    /// SQLite's hook takes a plain function: it finds the log of the running test here.
    static StatementLog*& current() {
        static StatementLog* log = nullptr;
        return log;
    }
    static int on_open(sqlite3* db, const char** /*error*/, const void* /*api*/) {
        return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, &StatementLog::on_statement, current());
    }
    static int on_statement(unsigned /*kind*/, void* self, void* statement, void* /*text*/) {
        auto& log = *static_cast<StatementLog*>(self);
        const std::lock_guard lock{log.mutex_};
        log.texts_.insert(sqlite3_sql(static_cast<sqlite3_stmt*>(statement)));
        return 0;
    }

    std::mutex mutex_;  ///< guards texts_
    std::set<std::string> texts_;
};

std::string plan_of(Connection& connection, const std::string& sql) {
    std::string plan;
    sqlite3_stmt* statement = nullptr;
    const auto text = "EXPLAIN QUERY PLAN " + sql;
    REQUIRE(sqlite3_prepare_v2(connection.raw(), text.c_str(), -1, &statement, nullptr) ==
            SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        plan += reinterpret_cast<const char*>(sqlite3_column_text(statement, 3));
        plan += '\n';
    }
    sqlite3_finalize(statement);
    return plan;
}

/// What a subquery has found may be walked through.
bool scans_a_table(const std::string& plan) {
    constexpr std::string_view kScan = "SCAN ";
    for (auto at = plan.find(kScan); at != std::string::npos; at = plan.find(kScan, at + 1)) {
        if (plan.compare(at + kScan.size(), 9, "(subquery") != 0) {
            return true;
        }
    }
    return false;
}

bool is_query(const std::string& sql) {
    return sql.starts_with("SELECT") || sql.starts_with("UPDATE") || sql.starts_with("DELETE") ||
           sql.starts_with("INSERT") || sql.starts_with("WITH");
}

model::NewChild child_of(const contracts::Claimed& parent, std::int64_t step, std::int64_t ordinal,
                         model::ChildKind kind) {
    model::NewChild child;
    child.id = model::child_id(parent.lease.execution, step, ordinal);
    child.step = step;
    child.ordinal = ordinal;
    child.kind = kind;
    return child;
}

/// What parents and children do again and again, cancelling included.
void work_through_families(OpenedStore& opened) {
    auto& store = opened.store();
    auto& work = store.work();
    opened.push(1);
    const auto root = opened.claim(1).at(0);
    const auto id = root.lease.execution;
    model::StepCommit commit;
    commit.lease = root.lease;
    commit.commit_id = 77;
    for (std::int64_t i = 0; i < 6; ++i) {
        commit.children.push_back(child_of(root, 1, i, model::ChildKind::waited_for));
    }
    commit.children.push_back(child_of(root, 1, 6, model::ChildKind::in_place));
    commit.in_place.push_back({.id = commit.children.back().id,
                               .snapshot = {},
                               .history = {},
                               .next = model::NextWaiting{.channel = "child", .deadline = {}}});
    commit.next = model::NextChildren{.step = 1};
    REQUIRE(store.commit({&commit, 1}).front() == model::CommitResult::applied);
    store.signals().send_to(commit.children.back().id, "other", "1");
    store.signals().send_to(commit.children.back().id, "child", "1");
    auto claimed = opened.claim(3);
    opened.commit(claimed.at(0), model::NextDone{"1"});
    opened.commit(claimed.at(1), model::NextFailed{});
    static_cast<void>(work.children(id, 1, -1, 10));
    static_cast<void>(work.get(id));
    contracts::ExecutionFilter below;
    below.parent = id;
    below.statuses = {model::Status::running};
    CHECK(work.find(below).executions.size() == 1);
    contracts::BulkSelection one;
    one.ids = {claimed.at(1).lease.execution};
    work.requeue(one);
    one.ids = {id};
    work.cancel(one);
    opened.commit(claimed.at(2), model::NextRunning{});
    opened.claim(10);
}

/// What a worker, its lease keeper and a scaler do again and again.
void work_through_everything(OpenedStore& opened) {
    auto& store = opened.store();
    auto& work = store.work();
    model::NewBatch batch;
    batch.name = "night";
    batch.pool = "default";
    REQUIRE(work.create_batch(batch));
    opened.push(6, "night");
    const auto ids = opened.push(8);
    auto claimed = opened.claim(14);
    REQUIRE(claimed.size() == 14);
    opened.commit(claimed[0], model::NextDone{"1"});
    opened.commit(claimed[1], model::NextDone{"\"" + std::string(5'000, 'x') + "\""});
    opened.commit(claimed[2], model::NextFailed{});
    opened.commit(claimed[3], model::NextWaiting{.channel = "go", .deadline = base::Millis{500}});
    opened.commit(claimed[4], model::NextPending{.stage = "", .delay = base::Millis{100}});
    opened.commit(claimed[5], model::NextRunning{});
    store.signals().send("go", "1");
    store.signals().send("kept", "1");
    static_cast<void>(store.signals().consume("kept"));
    const std::vector<model::Lease> some{claimed[6].lease, claimed[7].lease};
    static_cast<void>(work.begin(some));
    work.renew("w1", some, base::Millis{15'000});
    work.release(some);
    opened.clock().advance(base::Millis{1'000});
    opened.claim(3);
    static_cast<void>(work.pressure("default", ""));
    static_cast<void>(work.batch("night"));
    static_cast<void>(work.get(ids[0]));
    static_cast<void>(
        store.results().read(contracts::result_uri(ids[0].text()), base::Millis{0}, {}));
    store.registration().heartbeat({.worker_id = "w1",
                                    .slots = 4,
                                    .busy = 1,
                                    .rss_bytes = 1,
                                    .open_fds = 1,
                                    .metadata = R"({"a":1})"});
    store.registration().expire();
    static_cast<void>(store.registration().list(
        {.statuses = {model::WorkerStatus::active, model::WorkerStatus::terminating},
         .kind = {},
         .host = {},
         .pool = {},
         .capability = {},
         .stale = {}}));
    const auto lease = store.locks().acquire("host:a", "o", base::Millis{1'000});
    REQUIRE(lease);
    store.locks().renew(*lease, base::Millis{1'000});
    store.locks().release(*lease);
    const auto seat = store.scaling().take_seat({.pool = "default",
                                                 .host = "a",
                                                 .pool_max = 4,
                                                 .ttl = base::Millis{1'000},
                                                 .request_id = 5});
    store.scaling().set_seat_state(std::get<model::Seat>(seat).id, model::SeatState::gone);
    static_cast<void>(store.scaling().seats("default"));
    store.scaling().record_decision({});
    static_cast<void>(store.scaling().decisions("", 10));
    model::Snapshot snapshot;
    snapshot.execution_id = ids[0].text();
    snapshot.json = "{}";
    store.checkpoints().save(snapshot);
    static_cast<void>(store.checkpoints().load_latest(snapshot.execution_id));
    static_cast<void>(store.checkpoints().list(snapshot.execution_id, 10));
    store.checkpoints().delete_execution(snapshot.execution_id);
    work.release_by_worker("w1", contracts::ReleaseReason::worker_dead);
}

}  // namespace

TEST_CASE("no statement of the daily work scans a table") {
    StatementLog log;
    OpenedStore opened;
    opened.worker();
    OpenedStore families;
    families.worker();
    log.start();
    work_through_everything(opened);
    work_through_families(families);
    const auto texts = log.texts();
    CHECK(texts.size() > 50);
    Connection connection{opened.file(), Access::read_write, Durability::normal};
    for (const auto& sql : texts) {
        if (!is_query(sql)) {
            continue;
        }
        const auto plan = plan_of(connection, sql);
        INFO(sql << "\n" << plan);
        // Newest decisions first walks the primary key and stops at its limit.
        const bool newest_first = sql.find("ORDER BY decision DESC LIMIT") != std::string::npos;
        CHECK((!scans_a_table(plan) || newest_first));
        // The few lanes of a pool may be sorted; executions never.
        const bool of_lanes = sql.find(" FROM lanes l ") != std::string::npos;
        CHECK((plan.find("TEMP B-TREE") == std::string::npos || of_lanes));
    }
}

TEST_CASE("children and those who wait are found without reading all executions") {
    StatementLog log;
    OpenedStore opened;
    opened.worker();
    const auto ids = opened.push(3);
    contracts::ExecutionFilter children;
    children.parent = ids[0];
    contracts::ExecutionFilter waiting;
    waiting.statuses = {model::Status::waiting};
    waiting.roots_only = false;
    log.start();
    for (contracts::ExecutionFilter filter : {children, waiting}) {
        for (const bool newest_first : {false, true}) {
            filter.newest_first = newest_first;
            static_cast<void>(opened.store().work().find(filter));
        }
    }
    Connection connection{opened.file(), Access::read_write, Durability::normal};
    int seen = 0;
    for (const auto& sql : log.texts()) {
        if (sql.find("ORDER BY seq") == std::string::npos) {
            continue;
        }
        const auto plan = plan_of(connection, sql);
        INFO(sql << "\n" << plan);
        CHECK(plan.starts_with("SEARCH executions USING INTEGER PRIMARY KEY (rowid=?)\n"));
        CHECK(plan.find("SCAN executions") == std::string::npos);
        CHECK(plan.find("SCAN children") == std::string::npos);
        CHECK(plan.find("TEMP B-TREE") == std::string::npos);
        ++seen;
    }
    CHECK(seen == 4);
}

}  // namespace fleet::store::sqlite::test
