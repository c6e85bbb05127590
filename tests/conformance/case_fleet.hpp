// A fleet for one case: a store of its own, worker processes, and what became of the executions
// that were pushed.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "common/contracts/store.hpp"
#include "machines/config/machine_bundle.hpp"
#include "tests/conformance/judge_case.hpp"
#include "tests/conformance/worker_crowd.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fleet::conformance {

/// Not thread-safe.
class CaseFleet {
  public:
    explicit CaseFleet(CrowdOptions options);

    /// Pushes the machine under a case's name for it ("exec-main").
    void push(const std::string& name, const config::MachineBundle& bundle,
              const base::Json& input);
    [[nodiscard]] bool knows(const std::string& name) const { return ids_.contains(name); }
    /// What has failed becomes pending again, as `fleet requeue` does it; nothing else changes.
    void requeue_failed(const std::string& name);
    void signal(const std::string& channel, const base::Json& data);
    /// When nothing of it runs or is about to run: {output} or {error}, and the children that were
    /// begun since the last time. The class of an error is "stored:KIND".
    [[nodiscard]] base::Json ends_of(const std::string& name);
    [[nodiscard]] Spread spread() const;

  private:
    [[nodiscard]] model::Tree settled(const model::ExecutionId& top);
    [[nodiscard]] std::string machine_of(const model::Execution& execution);
    [[nodiscard]] std::string why_not_settled(const model::Tree& tree) const;

    test_support::TemporaryFolder folder_;
    base::SystemClock clock_;
    std::unique_ptr<contracts::Store> store_;
    WorkerCrowd workers_;
    base::UuidGenerator new_ids_;
    std::map<std::string, model::ExecutionId> ids_;             ///< by the case's name
    std::map<std::string, std::vector<std::string>> machines_;  ///< names, by configuration
    std::set<std::string> told_;                                ///< children
    std::map<std::string, int> lost_;                           ///< starts, by execution
    Spread spread_;
};

}  // namespace fleet::conformance
