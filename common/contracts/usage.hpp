// Usage as counted from providers' answers.
//
// Thread safety and errors as in work.hpp.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/model/usage.hpp"

namespace fleet::contracts {

class UsageBackend {
  public:
    UsageBackend() = default;
    UsageBackend(const UsageBackend&) = delete;
    UsageBackend& operator=(const UsageBackend&) = delete;
    virtual ~UsageBackend() = default;

    /// Adds to the day's sums, all in one write. (Usage of a step goes with its StepCommit.)
    virtual void record(std::span<const model::UsageRecord> usage) = 0;
    /// Sums of one UTC day "2026-11-21" (empty: the current one), by provider and phase.
    [[nodiscard]] virtual std::vector<model::UsageRecord> daily(const std::string& day) = 0;
};

}  // namespace fleet::contracts
