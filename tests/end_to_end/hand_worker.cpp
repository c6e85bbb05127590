#include "tests/end_to_end/hand_worker.hpp"

#include <utility>
#include <variant>

#include <catch2/catch.hpp>

#include "common/store/open.hpp"

namespace fleet::test_support {
namespace {

constexpr const char* kId = "by-hand";

}  // namespace

HandWorker::HandWorker(const FleetBox& box)
    : store_(
          store::open_store(base::StoreUrl::parse("sqlite:" + box.store().string(), "/"), clock_)) {
    model::WorkerRecord record;
    record.worker_id = kId;
    record.host = "another box";
    record.process.boot_id = "of another box";
    record.process.pid = 1;
    record.owner = "another box:1:run";
    record.pool = "default";
    record.slots = 1;
    record.ttl = std::chrono::hours(1);
    REQUIRE(std::holds_alternative<contracts::Registered>(
        store_->registration().register_worker(record)));
}

std::vector<model::ExecutionId> HandWorker::push(std::size_t count, const std::string& stage,
                                                 int stage_rank) {
    contracts::PushRequest request;
    request.pool = "default";
    request.stage = stage;
    request.stage_rank = stage_rank;
    model::WorkSpec spec;
    spec.machine = "builtin:echo";
    request.spec = store_->work().put_spec(spec);
    request.executions.resize(count);
    for (contracts::NewExecution& execution : request.executions) {
        execution.input = "{}";
    }
    const contracts::PushResult pushed = store_->work().push(request);
    REQUIRE(pushed.outcome == contracts::PushResult::Outcome::pushed);
    std::vector<model::ExecutionId> ids;
    for (const contracts::PushedExecution& one : pushed.executions) {
        ids.push_back(one.id);
    }
    return ids;
}

std::vector<contracts::Claimed> HandWorker::claim(std::size_t limit) {
    contracts::ClaimRequest request;
    request.worker_id = kId;
    request.pool = "default";
    request.limit = limit;
    request.begin = limit;
    request.ttl = std::chrono::hours(1);
    contracts::ClaimAnswer answer = store_->work().claim(request);
    REQUIRE(answer.outcome == contracts::ClaimAnswer::Outcome::ok);
    return std::move(answer.claimed);
}

model::StepCommit HandWorker::step(const contracts::Claimed& claimed, model::Next next) {
    model::StepCommit commit;
    commit.lease = claimed.lease;
    commit.commit_id = ++last_commit_;
    commit.attempt = claimed.attempt;
    commit.next = std::move(next);
    return commit;
}

void HandWorker::commit(const std::vector<model::StepCommit>& commits) {
    for (const model::CommitResult result : store_->commit(commits)) {
        REQUIRE(result == model::CommitResult::applied);
    }
}

void HandWorker::commit(const contracts::Claimed& claimed, model::Next next) {
    commit({step(claimed, std::move(next))});
}

void HandWorker::park(std::size_t count, const std::string& channel) {
    push(count);
    while (count > 0) {
        std::vector<model::StepCommit> commits;
        for (const contracts::Claimed& claimed : claim(std::min(count, contracts::kMaxClaim))) {
            commits.push_back(step(claimed, model::NextWaiting{channel, {}}));
        }
        REQUIRE_FALSE(commits.empty());
        commit(commits);
        count -= commits.size();
    }
}

}  // namespace fleet::test_support
