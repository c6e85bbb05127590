#include "worker/prepared_machine.hpp"

#include <algorithm>
#include <utility>

namespace fleet::worker {
namespace {

/// Longer runs get a slot of their own, which can be stopped.
constexpr std::int64_t kMostInstantSteps = 10'000;

/// Of the machine or of one that may run in its place.
bool uses_hooks(const engine::Program& program) {
    return std::ranges::any_of(program.machines(), [](const engine::Machine& machine) {
        return !machine.lifecycle_hooks.empty() ||
               std::ranges::any_of(machine.states,
                                   [](const auto& state) { return !state.hooks.empty(); });
    });
}

}  // namespace

PreparedMachine::PreparedMachine(std::shared_ptr<const engine::Program> program,
                                 model::WorkSpec spec, std::unique_ptr<calls::HooksRegistry> hooks)
    : program_(std::move(program)),
      spec_(std::move(spec)),
      hooks_(std::move(hooks)),
      machine_(&program_->machines().at(static_cast<std::size_t>(spec_.entry))),
      has_hooks_(uses_hooks(*program_)) {}

bool PreparedMachine::is_instant() const {
    return machine_->computes_only && machine_->max_steps > 0 &&
           machine_->max_steps <= kMostInstantSteps;
}

std::int64_t PreparedMachine::child_spec(contracts::WorkBackend& work, std::size_t entry) const {
    const std::scoped_lock lock(mutex_);
    if (const auto known = child_specs_.find(entry); known != child_specs_.end()) {
        return known->second;
    }
    model::WorkSpec spec = spec_;
    spec.entry = static_cast<std::int64_t>(entry);
    spec.max_attempts = 1;
    const std::int64_t number = work.put_spec(spec);
    child_specs_.emplace(entry, number);
    return number;
}

}  // namespace fleet::worker
