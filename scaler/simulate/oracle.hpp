// How fast a fleet would be that knew every service time and every limit beforehand: a bound that
// no order of work and no number of workers can beat for long. Pure.
//
// - A provider gives at most its limit, evenly; nothing in an outage, less what another client
//   takes, and no more than the day's budget. (What a window gives at once at its begin is not
//   counted: who takes it at once gets nothing for the rest of the window.)
// - The pool's most slots do the work of all attempts.
// - An item's stages come after each other.
// - Workers take their time to boot.
#pragma once

#include <string>

#include "scaler/simulate/scenario.hpp"

namespace fleet::simulate {

struct Oracle {
    Micros drain{0};
    std::string bound;  ///< what it was limited by: a provider's name, "slots" or "longest item"
};

[[nodiscard]] Oracle oracle_of(const Scenario& scenario);

}  // namespace fleet::simulate
