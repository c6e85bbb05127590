// A claimed execution on its way through the worker.
#pragma once

#include <memory>
#include <variant>

#include "common/contracts/work.hpp"
#include "machines/calls/run_attempt.hpp"
#include "worker/prepared_machine.hpp"

namespace fleet::worker {

/// A spec made ready, or why no execution of it can run here.
using LoadedSpec = std::variant<calls::PreparedSpec, std::shared_ptr<const PreparedMachine>,
                                model::ExecutionError>;

struct WorkItem {
    contracts::Claimed claimed;
    /// Shared: an item in a slot may outlive its spec's place in the cache.
    std::shared_ptr<const LoadedSpec> spec;

    /// Takes no time worth mentioning and starts nothing outside: many are run in one go, and
    /// their first commit begins them.
    [[nodiscard]] bool is_instant() const {
        if (const auto* machine = std::get_if<std::shared_ptr<const PreparedMachine>>(spec.get())) {
            return (*machine)->is_instant();
        }
        const auto* prepared = std::get_if<calls::PreparedSpec>(spec.get());
        return prepared == nullptr || prepared->is_instant();
    }
};

}  // namespace fleet::worker
