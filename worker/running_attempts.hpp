// The attempts that run on the slots now, and the way to end them. Thread-safe.
//
// Only what takes time is here; instant items end by themselves.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "common/model/lease.hpp"

namespace fleet::worker {

class RunningAttempts {
  public:
    explicit RunningAttempts(std::size_t slots) : slots_(slots) {}

    /// The slot's attempt starts; its stop token, stopped already when `close` was called.
    [[nodiscard]] std::stop_token start(std::size_t slot, const model::Lease& lease);
    void end(std::size_t slot);

    /// Asks these attempts to stop, those that run; returns their executions.
    std::vector<model::ExecutionId> abort(std::span<const model::Lease> leases);
    /// Asks all to stop that run now; returns how many.
    std::size_t abort_all();
    /// As `abort_all`, and whatever starts later is stopped from its start.
    std::size_t close();

    [[nodiscard]] std::vector<model::ExecutionId> executions() const;

  private:
    struct Running {
        model::Lease lease;
        std::stop_source stop;
    };

    mutable std::mutex mutex_;  ///< guards everything below
    std::vector<std::optional<Running>> slots_;
    bool closed_ = false;
};

}  // namespace fleet::worker
