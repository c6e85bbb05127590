// A worker made of the test's own hands: it claims from a box's store and commits what it is told,
// so that executions stand exactly where a test wants them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/contracts/store.hpp"
#include "tests/support/fleet_box.hpp"

namespace fleet::test_support {

class HandWorker {
  public:
    /// The box's store must be there.
    explicit HandWorker(const FleetBox& box);

    [[nodiscard]] contracts::Store& store() { return *store_; }
    /// Pushes so many into pool `default`.
    std::vector<model::ExecutionId> push(std::size_t count, const std::string& stage = {},
                                         int stage_rank = 0);
    /// All begun.
    std::vector<contracts::Claimed> claim(std::size_t limit);
    /// A commit with an id of its own.
    [[nodiscard]] model::StepCommit step(const contracts::Claimed& claimed, model::Next next);
    void commit(const std::vector<model::StepCommit>& commits);
    void commit(const contracts::Claimed& claimed, model::Next next);
    /// Pushes executions and parks them on the channel.
    void park(std::size_t count, const std::string& channel);

  private:
    base::SystemClock clock_;
    std::unique_ptr<contracts::Store> store_;
    std::int64_t last_commit_ = 0;
};

}  // namespace fleet::test_support
