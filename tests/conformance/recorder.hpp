// The world around the machines of one op: it keeps what a real one would keep (checkpoints,
// signals) and writes down everything that happens. `crash` tears the first machine down.
#pragma once

#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "machines/engine/inline_runner.hpp"
#include "tests/conformance/backends.hpp"
#include "tests/conformance/stub_state.hpp"

namespace fleet::conformance {

/// The end of a process at a certain checkpoint. No base::Error: no machine may handle it.
class Crash final : public std::exception {
  public:
    explicit Crash(std::string where) : where_(std::move(where)) {}
    [[nodiscard]] const char* what() const noexcept override { return where_.c_str(); }

  private:
    std::string where_;
};

/// Right after the nth stored checkpoint that fits.
struct CrashPoint {
    std::optional<std::string> event;
    std::optional<std::string> state;
    std::optional<std::string> machine;  ///< absent: the machine without a parent
    int nth = 1;
};

/// What lives through the whole case. The members are thread-safe or used between ops.
struct CaseMemory {
    CaseMemory(std::string backend, std::filesystem::path folder)
        : backends(std::move(backend), std::move(folder)) {}

    StubState stubs;
    Backends backends;
    std::set<std::string> generated_ids;  ///< while an op runs, guarded by its Recorder
    std::map<std::string, expression::Value> results;  ///< likewise
};

/// What one execution did.
struct RunRecord {
    std::string id;
    std::string machine;
    std::string parent;
    base::Json input;
    base::Json visited = base::Json::array();
    std::int64_t steps = 0;
    base::Json checkpoints = base::Json::array();
    base::Json agent_calls = base::Json::array();
    base::Json hook_events = base::Json::array();
    base::Json api_calls = 0;
    double cost = 0;
    base::Json context;
    base::Json outcome;  ///< {output} or {error}
};

/// {output} or {error: {type, class, message}}.
[[nodiscard]] base::Json outcome_json(const engine::Outcome& outcome);
[[nodiscard]] base::Json error_json(const engine::Failure& failure);

class Recorder final : public engine::Surroundings {
  public:
    Recorder(CaseMemory& memory, std::string main_id, std::optional<CrashPoint> crash);

    void checkpoint(const engine::RunIdentity& run, const engine::MachineSnapshot& snapshot,
                    bool kept) override;
    /// The family's machine_end is from before the hook: it stays as it is.
    void amend(const engine::RunIdentity& run, const engine::MachineSnapshot& snapshot,
               bool kept) override;
    std::unique_ptr<calls::Hooks> hooks(const engine::RunIdentity& run, const std::string& name,
                                        const expression::Value& args) override;
    std::shared_ptr<calls::Agent> agent(const engine::RunIdentity& run,
                                        const config::AgentDefinition& definition) override;
    std::optional<expression::Value> receive(const engine::RunIdentity& run,
                                             const std::string& channel,
                                             std::optional<base::Millis> timeout) override;
    std::string new_execution_id() override;
    bool has_result(const std::string& execution_id) override;
    void run_ended(const engine::RunIdentity& run, const engine::MachineSnapshot& last) override;
    void child_began(const engine::RunIdentity& child, const expression::Value& input) override;
    void child_ended(const engine::RunIdentity& child, const engine::Outcome& outcome) override;

    /// When nothing runs any more.
    [[nodiscard]] const RunRecord& main_record() const { return records_.front(); }
    [[nodiscard]] base::Json children() const;

  private:
    [[nodiscard]] RunRecord& record_of(const std::string& id, const std::string& machine,
                                       const std::string& parent);
    [[nodiscard]] RunRecord& record_of(const engine::RunIdentity& run);
    void crash_if_due(const engine::RunIdentity& run, const engine::MachineSnapshot& snapshot);
    static void note_call(RunRecord& record, const std::string& agent,
                          const calls::AgentRequest& request);

    CaseMemory& memory_;
    const std::string main_id_;
    const std::optional<CrashPoint> crash_;
    mutable std::mutex mutex_;
    std::vector<RunRecord> records_;  ///< guarded by mutex_; the first is the main one
    base::UuidGenerator ids_;         ///< guarded by mutex_
    int crash_matches_ = 0;           ///< guarded by mutex_
};

}  // namespace fleet::conformance
