#include "tests/contract/store_fixture.hpp"

#include <algorithm>

#include "common/base/ids.hpp"

namespace fleet::contract_test {
namespace {

constexpr const char* kTicker = "ticker";
/// Living processes tick at least this often.
constexpr Millis kTick = 2s;

}  // namespace

StoreFixture::StoreFixture(const std::string& kind)
    : store_(open_fresh(kind, folder_.path(), clock_)) {}

void StoreFixture::pass(Millis span) {
    if (!ticking_) {
        model::WorkerRecord ticker = record(kTicker, "box-of-the-ticker");
        ticker.kind = model::WorkerKind::host;
        ticker.pool.clear();
        ticker.ttl = 24h * 365;
        registration().register_worker(ticker);
        ticking_ = true;
    }
    contracts::Heartbeat beat;
    beat.worker_id = kTicker;
    REQUIRE(registration().heartbeat(beat) == WorkerStatus::active);
    while (span > Millis{0}) {
        const Millis part = std::min(span, kTick);
        clock_.advance(part);
        span -= part;
        REQUIRE(registration().heartbeat(beat) == WorkerStatus::active);
    }
}

model::WorkerRecord StoreFixture::record(const std::string& worker_id, const std::string& box) {
    model::WorkerRecord record;
    record.worker_id = worker_id;
    record.host = box;
    record.process.boot_id = "boot-of-" + box;
    record.process.pid_namespace = 4026531836;
    record.process.pid = ++last_pid_;
    record.process.start_ticks = 1000 + static_cast<std::uint64_t>(last_pid_);
    record.owner = box + ":" + std::to_string(record.process.pid) + ":run";
    record.pool = "default";
    record.slots = 4;
    record.version = "0.1.0";
    record.ttl = 10s;
    return record;
}

std::string StoreFixture::worker(const std::string& worker_id, const std::string& box) {
    const contracts::RegisterAnswer answer = registration().register_worker(record(worker_id, box));
    if (const auto* refused = std::get_if<contracts::RegistrationRefused>(&answer)) {
        FAIL(refused->reason);
    }
    return worker_id;
}

contracts::PushRequest StoreFixture::request(std::size_t count, const std::string& batch) {
    contracts::PushRequest request;
    request.batch = batch;
    request.pool = "default";
    request.max_attempts = 3;
    for (std::size_t i = 0; i < count; ++i) {
        contracts::NewExecution execution;
        execution.input = "\"item " + std::to_string(i + 1) + "\"";
        execution.item_number = static_cast<std::int64_t>(i) + 1;
        request.executions.push_back(execution);
    }
    return request;
}

std::vector<ExecutionId> StoreFixture::push(std::size_t count, const std::string& batch) {
    return push(request(count, batch));
}

std::vector<ExecutionId> StoreFixture::push(const contracts::PushRequest& request) {
    const contracts::PushResult result = work().push(request);
    REQUIRE(result.outcome == contracts::PushResult::Outcome::pushed);
    REQUIRE(result.executions.size() == request.executions.size());
    std::vector<ExecutionId> ids;
    for (const contracts::PushedExecution& execution : result.executions) {
        REQUIRE(execution.outcome == contracts::PushedExecution::Outcome::inserted);
        ids.push_back(execution.id);
    }
    return ids;
}

void StoreFixture::create_batch(const std::string& name, bool private_lane) {
    model::NewBatch batch;
    batch.name = name;
    batch.pool = "default";
    batch.private_lane = private_lane;
    base::UuidGenerator generator;
    batch.id_seed = generator.next(clock_.wall_now());
    REQUIRE(work().create_batch(batch));
}

contracts::ClaimRequest StoreFixture::claim_request(const std::string& worker_id,
                                                    std::size_t limit) {
    contracts::ClaimRequest request;
    request.worker_id = worker_id;
    request.pool = "default";
    request.limit = limit;
    request.begin = limit;
    request.ttl = kTtl;
    return request;
}

std::vector<Claimed> StoreFixture::claim(const std::string& worker_id, std::size_t limit) {
    contracts::ClaimAnswer answer = work().claim(claim_request(worker_id, limit));
    REQUIRE(answer.outcome == contracts::ClaimAnswer::Outcome::ok);
    return std::move(answer.claimed);
}

Claimed StoreFixture::claim_one(const std::string& worker_id) {
    const std::vector<Claimed> claimed = claim(worker_id, 1);
    REQUIRE(claimed.size() == 1);
    return claimed.front();
}

StepCommit StoreFixture::step(const Claimed& claimed, model::Next next) {
    StepCommit commit;
    commit.lease = claimed.lease;
    commit.commit_id = base::random_positive_int64();
    commit.attempt = claimed.attempt;
    commit.next = std::move(next);
    return commit;
}

CommitResult StoreFixture::commit(const StepCommit& commit) {
    const std::vector<CommitResult> results = store_->commit({&commit, 1});
    REQUIRE(results.size() == 1);
    return results.front();
}

NextFailed StoreFixture::failure(FailureClass failure_class, Millis retry_delay) {
    return {failure_class, {ErrorKind::exit_code, "exit code 3", "/logs/stderr.txt"}, retry_delay};
}

model::Snapshot StoreFixture::snapshot(const ExecutionId& id, std::int64_t step,
                                       const std::string& event) {
    model::Snapshot snapshot;
    snapshot.execution_id = id.text();
    snapshot.machine_name = "machine";
    snapshot.event = event;
    snapshot.current_state = "working";
    snapshot.step = step;
    snapshot.json = R"({"execution_id":")" + id.text() + R"(","machine_name":"machine","event":")" +
                    event + R"(","current_state":"working","step":)" + std::to_string(step) + "}";
    return snapshot;
}

model::Execution StoreFixture::get(const ExecutionId& id) {
    std::optional<model::Execution> execution = work().get(id);
    REQUIRE(execution);
    return std::move(*execution);
}

model::StatusCounts StoreFixture::counts() {
    const auto pressure = work().pressure("default", "");
    REQUIRE(pressure);
    return pressure->totals();
}

void StoreFixture::require_sound() {
    for (const contracts::CheckFinding& finding : store_->check()) {
        INFO(finding.what << ": " << finding.detail);
        REQUIRE(finding.ok);
    }
}

std::vector<ExecutionId> ids_of(const std::vector<Claimed>& claimed) {
    std::vector<ExecutionId> ids;
    for (const Claimed& one : claimed) {
        ids.push_back(one.lease.execution);
    }
    return ids;
}

std::vector<model::Lease> leases_of(const std::vector<Claimed>& claimed) {
    std::vector<model::Lease> leases;
    for (const Claimed& one : claimed) {
        leases.push_back(one.lease);
    }
    return leases;
}

}  // namespace fleet::contract_test
