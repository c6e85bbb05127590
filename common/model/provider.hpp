// A provider as the fleet shares it: what a person configured, and the one row that every worker's
// calls go through. Plain values; the rules by which they change are in common/pace.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"
#include "common/model/provider_call.hpp"

namespace fleet::model {

/// Instants of a pace are finer than those of the rest of the store.
using PaceTime = std::chrono::time_point<base::StoreClock, std::chrono::microseconds>;

struct CircuitRules {
    /// The share of calls within ten seconds that were refused or failed, above which it opens.
    double open_at = 0.3;
    int min_samples = 10;                              ///< fewer calls say nothing
    base::Millis cooldown = std::chrono::seconds(15);  ///< the first; doubles while probes fail
    base::Millis longest_cooldown = std::chrono::minutes(10);
    int probes = 3;  ///< successful ones that close it, and at most as many at once
    bool operator==(const CircuitRules&) const = default;
};

/// What a day may cost; absent: no limit.
struct BudgetLimits {
    std::optional<std::int64_t> requests;
    std::optional<std::int64_t> tokens;  ///< input and output together
    std::optional<std::int64_t> cost_micros;
    /// The day begins this much after 00:00 UTC; negative: before.
    base::Millis day_begins{0};
    [[nodiscard]] bool any() const { return requests || tokens || cost_micros; }
    bool operator==(const BudgetLimits&) const = default;
};

struct ProviderRules {
    std::string name = {};  ///< "provider/model", or "provider" for all its models
    /// The provider's known limits; absent: taken from its headers, else learned.
    std::optional<double> requests_per_second = {};
    std::optional<double> tokens_per_second = {};
    /// How many calls may follow each other at once; absent: chosen from the limit.
    std::optional<double> burst = {};
    double first_rate = 1;   ///< where learning begins, in calls a second
    bool unlimited = false;  ///< no pace at all; circuit and budget hold
    CircuitRules circuit = {};
    BudgetLimits budget = {};
    /// So long before the budget's day ends, what is left of it is worth using: pools whose stages
    /// call this provider are drained as fast as it allows. 0: never.
    base::Millis burst_before_reset{0};
    bool operator==(const ProviderRules&) const = default;
};

/// Where a pace comes from.
enum class PaceSource { configured, headers, learned, unlimited };
[[nodiscard]] std::string_view to_text(PaceSource source);
[[nodiscard]] std::optional<PaceSource> parse_pace_source(std::string_view text);

/// A cell of the generic cell rate algorithm (ITU-T I.371): `tat` is the theoretical arrival time
/// of the next unit.
struct PaceCell {
    double rate = 1;   ///< units a second, above 0
    double burst = 1;  ///< units that may come at once after a pause, at least 1
    PaceTime tat{};
    bool operator==(const PaceCell&) const = default;
};

struct Pace {
    PaceSource source = PaceSource::learned;
    PaceCell requests;
    std::optional<PaceCell> tokens;
    /// Raised by each cut: outcomes of calls that were granted before it cut no more.
    std::int64_t epoch = 0;
    base::StoreTime cut_at{};    ///< 0: never
    base::StoreTime grown_at{};  ///< until when growth is counted in
    double ceiling = 0;          ///< calls a second at which the last cut came; 0: never cut
    double limit = 0;            ///< calls a second of a known limit less its margin; 0: not known
    base::StoreTime wait_until{};     ///< nothing is granted before
    int backoffs = 0;                 ///< cuts in a row without an answer between
    bool on_trial = false;            ///< the next call goes alone, until a refusal would be here
    base::Millis refusal_latency{0};  ///< how long the last refusal took
    std::int64_t granted = 0;         ///< calls ever granted
    bool operator==(const Pace&) const = default;
};

/// Counts of two seconds.
struct DensitySlot {
    static constexpr base::Millis kLength{2'000};
    std::int64_t index = -1;  ///< the store's time divided by kLength; -1: never used
    std::int64_t granted = 0;
    std::int64_t calls = 0;  ///< that ended
    std::int64_t refused = 0;
    std::int64_t errors = 0;
    base::Millis latency{0};  ///< of all answered calls together
    bool operator==(const DensitySlot&) const = default;
};
inline constexpr std::size_t kDensitySlots = 31;  // a minute, and the one that is being filled
using Density = std::array<DensitySlot, kDensitySlots>;

//             too many refusals or errors
//   closed ---------------------------------> open
//     ^                                       |  ^
//     | enough probes succeed    cooldown over|  | a probe fails: a longer cooldown
//     |                                       v  |
//     +---------------------------------- half_open
//
// Billing and auth refusals open it until a person closes it.
enum class CircuitState { closed, open, half_open };
[[nodiscard]] std::string_view to_text(CircuitState state);
[[nodiscard]] std::optional<CircuitState> parse_circuit_state(std::string_view text);

struct Circuit {
    CircuitState state = CircuitState::closed;
    std::int64_t epoch = 0;  ///< raised by each change
    base::StoreTime since{};
    /// Of an open one: when probing begins; nullopt: when a person closes it.
    std::optional<base::StoreTime> until;
    base::Millis cooldown{0};             ///< of the last opening; 0: the circuit has not been open
    std::string reason;                   ///< of the last opening
    int succeeded = 0;                    ///< probes since half_open
    std::vector<base::StoreTime> probes;  ///< outstanding ones: when each counts no more
    bool operator==(const Circuit&) const = default;
};

/// Requests, tokens and cost together.
struct BudgetSum {
    std::int64_t requests = 0;
    std::int64_t tokens = 0;
    std::int64_t cost_micros = 0;
    bool operator==(const BudgetSum&) const = default;
};

struct BudgetDay {
    std::string day;           ///< "2026-11-21" as the budget's day begins; empty: none yet
    BudgetSum spent;           ///< settled, or reserved by calls that have begun
    BudgetSum held;            ///< reserved by calls that have not begun
    std::int64_t unknown = 0;  ///< calls that began and of whose end nobody told
    bool operator==(const BudgetDay&) const = default;
};

/// The row.
struct Provider {
    ProviderRules rules;
    bool configured = false;  ///< else made by its first call, with the defaults
    Pace pace;
    Density density{};
    Circuit circuit;
    BudgetDay budget;
    bool operator==(const Provider&) const = default;
};

/// Why a call may not begin yet.
enum class HoldReason { pace, retry_after, circuit, person, budget };
[[nodiscard]] std::string_view to_text(HoldReason reason);

struct Hold {
    HoldReason reason = HoldReason::pace;
    base::Millis wait{0};  ///< until it is worth asking again
    std::string text;      ///< for people: "circuit open: 4 of 10 calls were refused"
    bool operator==(const Hold&) const = default;
};

/// The right to make one call.
struct Permit {
    std::int64_t id = 0;  ///< of its budget reservation; 0: the provider has no budget
    std::chrono::microseconds usable_in{0};  ///< from the moment of the grant
    std::int64_t pace_epoch = 0;
    std::int64_t circuit_epoch = 0;
    bool probe = false;
    CallEstimate estimate;  ///< as asked for
    bool operator==(const Permit&) const = default;
};

/// A permit is not used later than this after it was asked for, on the holder's own clock.
inline constexpr base::Millis kPermitLife{1'000};
/// How far ahead permits are granted: the rest of its life is for sending.
inline constexpr base::Millis kPermitLookahead{250};

}  // namespace fleet::model
