// Usage of providers: what calls have used, and who may make the next one.
//
// Every call to a provider passes through the provider's one row: `reserve` a permit, `begin` it
// before the call's first byte leaves, `report` what became of it. The rules by which the row
// changes are in common/pace; a store holds the row and applies them, each operation as one atomic
// write.
//
// Thread safety and errors as in work.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/model/provider.hpp"
#include "common/model/usage.hpp"

namespace fleet::contracts {

/// At most as many calls are reserved with one request.
inline constexpr std::size_t kMaxPermits = 256;
/// A budget's permit that was not begun is free again after this, on the store's clock; it is
/// longer than any permit lives on its holder's.
inline constexpr base::Millis kHeldLife{5'000};
/// A begun call of which nobody told anything for so long is charged as reserved.
inline constexpr base::Millis kSpentLife = std::chrono::hours(2);

struct PermitRequest {
    /// Chosen by the caller before the first try; a repeat with the same id reserves no more of a
    /// budget than the first (the pace it took evaporates).
    std::int64_t request_id = 0;
    std::string provider;  ///< "provider/model"; made with the default rules if it is not known
    std::string owner;     ///< worker id
    std::vector<model::CallEstimate> wanted;  ///< one a call, in the order in which they wait
};

struct PermitAnswer {
    std::vector<model::Permit> permits;  ///< for the first of the wanted calls
    std::optional<model::Hold> hold;     ///< why not for all
};

struct CallReport {
    std::string provider;
    std::string phase;  ///< for the day's sums: the stage, may be empty
    model::Permit permit;
    model::CallOutcome outcome;
};

class UsageBackend {
  public:
    UsageBackend() = default;
    UsageBackend(const UsageBackend&) = delete;
    UsageBackend& operator=(const UsageBackend&) = delete;
    virtual ~UsageBackend() = default;

    /// Adds to the day's sums, all in one write. (Usage of a step goes with its StepCommit, that of
    /// calls with their reports.)
    virtual void record(std::span<const model::UsageRecord> usage) = 0;
    /// Sums of one UTC day "2026-11-21" (empty: the current one), by provider and phase.
    [[nodiscard]] virtual std::vector<model::UsageRecord> daily(const std::string& day) = 0;

    /// Declares providers, or gives known ones other rules: what was learned, spent and held stays.
    /// Others are left alone. Pending executions that wait for one whose rules are others now
    /// (model/provider_wait.hpp) are ready at once.
    virtual void configure(std::span<const model::ProviderRules> rules) = 0;
    /// Every known one, by name.
    [[nodiscard]] virtual std::vector<model::Provider> providers() = 0;

    /// Permits for the next calls: within the pace, the circuit and the day's budget, which is
    /// never passed, whatever the number of workers. A permit may be used from `usable_in` after
    /// this was called until kPermitLife after it. At most kMaxPermits.
    [[nodiscard]] virtual PermitAnswer reserve(const PermitRequest& request) = 0;
    /// Of a provider with a budget: the call's first byte is about to leave. What was held is spent
    /// from here on, and stays spent if the process dies; survives power loss when this returns.
    /// False: it was free again already (kHeldLife); the call must not be made.
    [[nodiscard]] virtual bool begin(const std::string& provider, const model::Permit& permit) = 0;
    /// Permits that will not be used; only by their living holder, in time.
    virtual void give_back(const std::string& provider, std::span<const model::Permit> permits) = 0;
    /// What became of calls: feeds pace, circuit and density, settles budgets by what the answer
    /// stated, and adds to the day's sums. A report of a permit that was reported before only adds
    /// to the density.
    virtual void report(std::span<const CallReport> reports) = 0;

    /// By a person: `open` (until closed by a person) with a reason, or `closed`: then pending
    /// executions that wait for it are ready at once; whoever was interrupted closes it again.
    /// False: no such provider.
    virtual bool set_circuit(const std::string& provider, model::CircuitState state,
                             const std::string& reason) = 0;
};

}  // namespace fleet::contracts
