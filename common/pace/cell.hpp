// The generic cell rate algorithm: evenly spaced units, with a bounded burst after a pause.
// Pure; see ITU-T I.371 for the algorithm.
#pragma once

#include "common/model/provider.hpp"

namespace fleet::pace {

using model::PaceCell;
using model::PaceTime;
using PaceSpan = std::chrono::microseconds;

/// How long `units` take at the cell's rate.
[[nodiscard]] PaceSpan span_of(const PaceCell& cell, double units);
/// When the next unit may be used; not before `now`.
[[nodiscard]] PaceTime usable_at(const PaceCell& cell, PaceTime now);
/// Takes units out of the cell, whether or not they may be used yet.
void take(PaceCell& cell, PaceTime now, double units);
/// What was taken and is not used comes back. A negative number takes more.
void give_back(PaceCell& cell, PaceTime now, double units);
/// No burst after `then`: one unit at that time, the others at the cell's rate.
void empty(PaceCell& cell, PaceTime then);
/// Another rate from now on: what is booked ahead keeps its number of units.
void set_rate(PaceCell& cell, PaceTime now, double rate);

}  // namespace fleet::pace
