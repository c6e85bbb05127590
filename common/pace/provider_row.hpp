// What calls do to a provider's row: permits are granted from it, begun, given back and settled.
// Every store applies these to the row that it holds, in one transaction each. Pure: no clock, no
// store; all that happens is in the arguments and the row.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/model/provider.hpp"

namespace fleet::pace {

/// The moment of an operation: the store's clock, and the wall clock for the budget's day.
struct Moment {
    model::PaceTime now{};
    base::WallTime wall{};
    [[nodiscard]] base::StoreTime store_now() const {
        return std::chrono::floor<base::Millis>(now);
    }
};

[[nodiscard]] model::Provider new_provider(const model::ProviderRules& rules, const Moment& moment);
/// Other rules for a row that exists: what was learned, spent and held stays.
void change_rules(model::Provider& row, const model::ProviderRules& rules, const Moment& moment);

struct Grant {
    std::vector<model::Permit> permits;  ///< for the first of the wanted calls, in their order
    std::optional<model::Hold> hold;     ///< why not for all of them
};
/// Permits of a provider with a budget have the ids first_id, first_id + 1, ... and are counted as
/// held.
[[nodiscard]] Grant grant(model::Provider& row, std::span<const model::CallEstimate> wanted,
                          std::int64_t first_id, const Moment& moment);

/// A held permit is spent from here on, in the returned day.
[[nodiscard]] std::string begin(model::Provider& row, const model::Permit& permit,
                                const Moment& moment);
/// A permit that was not begun: its budget and its turn are free again. `in_time` is false when its
/// holder may be dead: a turn that nobody used has passed.
void give_back(model::Provider& row, const model::Permit& permit, bool in_time,
               const Moment& moment);

struct Settlement {
    model::Permit permit;
    /// The day in which its budget was spent; empty: it has none, or that is gone.
    std::string spent_day;
    model::CallOutcome outcome;
};
/// `jitter` in [0, 1).
void settle(model::Provider& row, const Settlement& settlement, const Moment& moment,
            double jitter);
/// A begun permit of whose end nobody told: charged as reserved, and counted as unknown.
void forget(model::Provider& row, const model::Permit& permit, const std::string& spent_day,
            const Moment& moment);

}  // namespace fleet::pace
