// A provider as the scaler sees it: how fast it may be called, how long a call takes, and whether
// it may be called at all. Pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "common/model/provider.hpp"
#include "common/model/usage.hpp"

namespace fleet::scaler {

struct BudgetView {
    std::optional<std::int64_t> requests_left;  ///< unset: without a limit; likewise the others
    std::optional<std::int64_t> tokens_left;
    std::optional<std::int64_t> cost_micros_left;
    base::Millis resets_in{0};
    bool operator==(const BudgetView&) const = default;
};

struct ProviderView {
    std::string name;
    /// What its pace lets through, the tokens of a usual call counted in; unset: any number.
    std::optional<double> calls_per_second;
    /// Mean of an answered call, of the last minute or before; 0: not known. See keep_latency.
    base::Millis latency{0};
    std::int64_t latency_samples = 0;  ///< from kEnoughSamples on it is relied on
    model::CircuitState circuit = model::CircuitState::closed;
    int probes = 3;       ///< that its circuit lets begin while it is half open
    int free_probes = 0;  ///< of them now, while it is half open
    /// Why no call may begin now (never `pace`), and for how long.
    std::optional<model::Hold> hold;
    std::optional<BudgetView> budget;  ///< unset: it has none
    /// Calls that the day's budget still pays for, by the size of today's; unset: any number.
    std::optional<std::int64_t> calls_left;
    /// The budget's day ends soon, and what is left of it then is lost: ProviderRules.
    bool bursts = false;
    std::int64_t calls_minute = 0;   ///< that ended within the last minute
    double refused_ten_seconds = 0;  ///< share of the calls
    double refused_minute = 0;
    bool operator==(const ProviderView&) const = default;
};

/// What a call of today takes at the mean, from the day's sums; zeros without any.
struct MeanCall {
    double tokens = 0;
    double cost_micros = 0;
};
[[nodiscard]] MeanCall mean_call(std::span<const model::UsageRecord> daily,
                                 const std::string& provider);

/// `row` as the store has it, `now` on the store's clock, `wall` for the budget's day.
[[nodiscard]] ProviderView provider_view(const model::Provider& row, const MeanCall& call,
                                         base::StoreTime now, base::WallTime wall);

/// The mean of fewer calls says little: how long a call takes scatters.
inline constexpr std::int64_t kEnoughSamples = 20;

/// A latency that was measured well enough, at any time.
struct KnownLatency {
    base::Millis mean{0};
    std::int64_t samples = 0;  ///< how much it counts against new ones; fades
};
/// To be called with each look, about once a second. Remembers the view's latency, or fills it up
/// from what is remembered when the last minute had few answers: at the begin and end of an outage,
/// or while little was to do.
void keep_latency(ProviderView& view, KnownLatency& known);
/// Fewer samples than `enough` count as far as they go, the rest is `other`.
[[nodiscard]] base::Millis blended_latency(base::Millis mean, std::int64_t samples,
                                           base::Millis other,
                                           std::int64_t enough = kEnoughSamples);

}  // namespace fleet::scaler
