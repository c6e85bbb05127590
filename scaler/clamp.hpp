// What may change the number that a plan is about, and the record of what did. Pure values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fleet::scaler {

/// In the order in which they are applied: from the work to slots, from slots to workers, from
/// workers to hosts.
enum class Clamp {
    none,        ///< the work itself
    high_water,  ///< stages that are not claimed, because the buffer behind them is full
    drain_target,
    max_wait,     ///< work that waits too long
    reset_burst,  ///< a budget's day ends soon: what is left of it is worth using
    pace,         ///< more slots than keep a provider busy are useless
    retry_after,
    circuit,
    budget,
    keep_one,  ///< a batch that is not over
    slots_per_worker,
    minimum,
    maximum,
    fleet_maximum,
    paused,
    stabilization,
    shrink_limit,
    tolerance,
    surge,
    hosts,  ///< what the hosts take, without any of the next four
    memory,
    descriptors,
    pressure,
    launch_hold,
    exact,
    busy,  ///< surplus workers are at work
};
[[nodiscard]] std::string_view to_text(Clamp clamp);

enum class Unit { slots, workers };
[[nodiscard]] std::string_view to_text(Unit unit);

/// One clamp that was looked at, whether it changed the number or not.
struct ClampStep {
    Clamp clamp = Clamp::none;
    Unit unit = Unit::workers;
    int before = 0;
    int after = 0;
    std::string why;  ///< for people: what it allows
    [[nodiscard]] bool changed() const { return before != after; }
};
using ClampSteps = std::vector<ClampStep>;

/// The number being decided, what limited it last, and how it came about.
struct Target {
    int number = 0;
    Unit unit = Unit::slots;
    Clamp clamp = Clamp::none;
    std::string why = {};
    ClampSteps steps = {};

    /// `why` is kept with the step also when nothing changes.
    void apply(int value, Clamp by, std::string text);
    void at_most(int value, Clamp by, std::string text);
    void at_least(int value, Clamp by, std::string text);
};

}  // namespace fleet::scaler
