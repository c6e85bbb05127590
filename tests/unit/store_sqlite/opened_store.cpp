#include "tests/unit/store_sqlite/opened_store.hpp"

#include <catch2/catch.hpp>

#include "common/base/ids.hpp"
#include "common/base/store_url.hpp"
#include "common/store/sqlite/sqlite_store.hpp"

namespace fleet::store::sqlite::test {

OpenedStore::OpenedStore() {
    store_ = make_sqlite_store(base::StoreUrl::parse("sqlite:" + file().string(), folder()), clock_,
                               true);
}

void OpenedStore::execute(const char* sql) {
    Connection connection{file(), Access::read_write, Durability::normal};
    connection.execute(sql);
}

std::string OpenedStore::query(const char* sql) {
    Connection connection{file(), Access::read_only, Durability::normal};
    auto row = connection.prepare(sql);
    return row.step() ? row.text(0) : "(none)";
}

std::string OpenedStore::worker(const std::string& worker_id) {
    model::WorkerRecord record;
    record.worker_id = worker_id;
    record.host = "box-a";
    record.process = {
        .boot_id = "boot-a", .pid_namespace = 4026531836, .pid = 77, .start_ticks = 1234};
    record.owner = "box-a:77:" + worker_id;
    record.pool = "default";
    record.slots = 4;
    record.capabilities = {"gpu", "large"};
    const auto answer = store_->registration().register_worker(record);
    REQUIRE(std::holds_alternative<contracts::Registered>(answer));
    return worker_id;
}

std::vector<model::ExecutionId> OpenedStore::push(std::size_t count, const std::string& batch) {
    contracts::PushRequest request;
    request.pool = "default";
    request.batch = batch;
    request.spec = store_->work().put_spec({});
    for (std::size_t i = 0; i < count; ++i) {
        contracts::NewExecution execution;
        execution.input = R"("item")";
        request.executions.push_back(execution);
    }
    const auto result = store_->work().push(request);
    REQUIRE(result.outcome == contracts::PushResult::Outcome::pushed);
    std::vector<model::ExecutionId> ids;
    for (const auto& one : result.executions) {
        ids.push_back(one.id);
    }
    return ids;
}

std::vector<contracts::Claimed> OpenedStore::claim(std::size_t limit,
                                                   const std::string& worker_id) {
    contracts::ClaimRequest request;
    request.worker_id = worker_id;
    request.pool = "default";
    request.limit = limit;
    request.begin = limit;
    auto answer = store_->work().claim(request);
    REQUIRE(answer.outcome == contracts::ClaimAnswer::Outcome::ok);
    return std::move(answer.claimed);
}

model::CommitResult OpenedStore::commit(const contracts::Claimed& claimed, model::Next next) {
    model::StepCommit commit;
    commit.lease = claimed.lease;
    commit.attempt = claimed.attempt;
    commit.commit_id = base::random_positive_int64();
    commit.next = std::move(next);
    return store_->commit({&commit, 1}).at(0);
}

model::ExecutionId OpenedStore::finished(const base::JsonText& output) {
    if (!store_->registration().get("w1")) {
        worker("w1");
    }
    const auto ids = push(1);
    const auto claimed = claim(1);
    REQUIRE(claimed.size() == 1);
    REQUIRE(commit(claimed[0], model::NextDone{output}) == model::CommitResult::applied);
    return ids[0];
}

}  // namespace fleet::store::sqlite::test
