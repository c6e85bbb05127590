// A fresh store with a clock that stands still, and the few moves that most tests begin with.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/contracts/store.hpp"
#include "tests/contract/store_kinds.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_clock.hpp"

namespace fleet::contract_test {

using base::Millis;
using contracts::Claimed;
using contracts::ReleaseReason;
using model::CommitResult;
using model::ErrorKind;
using model::ExecutionId;
using model::FailureClass;
using model::NextDone;
using model::NextFailed;
using model::NextPending;
using model::NextRunning;
using model::NextWaiting;
using model::Status;
using model::StepCommit;
using model::WorkerStatus;
using namespace std::chrono_literals;

/// The lease that the moves below ask for.
inline constexpr Millis kTtl = 15s;

class StoreFixture {
  public:
    explicit StoreFixture(const std::string& kind);

    [[nodiscard]] contracts::Store& store() { return *store_; }
    [[nodiscard]] contracts::WorkBackend& work() { return store_->work(); }
    [[nodiscard]] contracts::RegistrationBackend& registration() { return store_->registration(); }
    [[nodiscard]] test_support::TestClock& clock() { return clock_; }
    [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }

    /// Time passes while somebody alive ticks the store's clock.
    void pass(Millis span);
    /// Time passes and nobody ticks: the box slept.
    void jump(Millis span) { clock_.advance(span); }

    /// A record that can be registered; every call makes another process on that box.
    [[nodiscard]] model::WorkerRecord record(const std::string& worker_id,
                                             const std::string& box = "box-a");
    /// Registers it and returns its id.
    std::string worker(const std::string& worker_id, const std::string& box = "box-a");

    [[nodiscard]] static contracts::PushRequest request(std::size_t count,
                                                        const std::string& batch = {});
    /// Pushes into pool `default`; all must be inserted.
    std::vector<ExecutionId> push(std::size_t count, const std::string& batch = {});
    std::vector<ExecutionId> push(const contracts::PushRequest& request);
    void create_batch(const std::string& name, bool private_lane = false);

    /// From pool `default`, all begun; the claim itself must succeed.
    std::vector<Claimed> claim(const std::string& worker_id, std::size_t limit);
    contracts::ClaimAnswer claim(const contracts::ClaimRequest& request) {
        return work().claim(request);
    }
    /// One must be there.
    Claimed claim_one(const std::string& worker_id);
    [[nodiscard]] static contracts::ClaimRequest claim_request(const std::string& worker_id,
                                                               std::size_t limit = 1);

    /// A commit with an id of its own.
    [[nodiscard]] static StepCommit step(const Claimed& claimed, model::Next next);
    CommitResult commit(const StepCommit& commit);
    CommitResult commit(const Claimed& claimed, model::Next next) {
        return commit(step(claimed, std::move(next)));
    }
    [[nodiscard]] static NextFailed failure(FailureClass failure_class = FailureClass::counting,
                                            Millis retry_delay = Millis{0});
    [[nodiscard]] static model::Snapshot snapshot(const ExecutionId& id, std::int64_t step,
                                                  const std::string& event = "state_exit");

    /// It must be there.
    model::Execution get(const ExecutionId& id);
    model::StatusCounts counts();
    /// Every finding of check() is well.
    void require_sound();

  private:
    test_support::TemporaryFolder folder_;
    test_support::TestClock clock_;
    std::unique_ptr<contracts::Store> store_;
    std::int32_t last_pid_ = 100;
    bool ticking_ = false;
};

/// The ids of what was claimed, in its order.
[[nodiscard]] std::vector<ExecutionId> ids_of(const std::vector<Claimed>& claimed);
[[nodiscard]] std::vector<model::Lease> leases_of(const std::vector<Claimed>& claimed);

}  // namespace fleet::contract_test

/// Runs the rest of the test case once for every kind of store.
#define FOR_EACH_STORE(name)                                       \
    const std::string store_kind_of_##name =                       \
        GENERATE(from_range(fleet::contract_test::store_kinds())); \
    INFO("store " << store_kind_of_##name);                        \
    fleet::contract_test::StoreFixture name(store_kind_of_##name)
