// A stored machine made ready once: its program and what its children need. Shared by the slots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "common/contracts/work.hpp"
#include "common/model/work_spec.hpp"
#include "machines/calls/hooks.hpp"
#include "machines/engine/program.hpp"

namespace fleet::worker {

class PreparedMachine {
  public:
    /// `hooks`: those of the table stored with the machine; nullptr: the fleet's.
    PreparedMachine(std::shared_ptr<const engine::Program> program, model::WorkSpec spec,
                    std::unique_ptr<calls::HooksRegistry> hooks);

    [[nodiscard]] const engine::Program& program() const { return *program_; }
    [[nodiscard]] const engine::Machine& machine() const { return *machine_; }
    [[nodiscard]] const model::WorkSpec& spec() const { return spec_; }
    [[nodiscard]] calls::HooksRegistry* hooks() const { return hooks_.get(); }
    /// It computes only, and not for long: many are run in one go.
    [[nodiscard]] bool is_instant() const;

    /// Its calls may write to the attempt's log.
    [[nodiscard]] bool has_hooks() const { return has_hooks_; }

    /// The spec number of the program's machine `entry`, for its executions as children; written
    /// into the store at the first call. Thread-safe.
    [[nodiscard]] std::int64_t child_spec(contracts::WorkBackend& work, std::size_t entry) const;

  private:
    const std::shared_ptr<const engine::Program> program_;
    const model::WorkSpec spec_;
    const std::unique_ptr<calls::HooksRegistry> hooks_;
    const engine::Machine* const machine_;
    const bool has_hooks_;
    mutable std::mutex mutex_;  ///< guards `child_specs_`
    mutable std::map<std::size_t, std::int64_t> child_specs_;
};

}  // namespace fleet::worker
