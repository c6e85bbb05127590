// How long a call that may not begin yet is waited for in its slot, and how long it stays away
// otherwise. Pure.
#pragma once

#include "common/model/provider.hpp"

namespace fleet::pace {

/// Longer pauses that a provider or its circuit asks for are not waited for in place.
inline constexpr base::Millis kPatience{5'000};
/// Nor is a turn that is further away.
inline constexpr base::Millis kPacePatience{60'000};
/// Whoever is sent away looks again after this at the latest: rules, budgets and circuits are
/// changed by people too.
inline constexpr base::Millis kLongestAbsence = std::chrono::minutes(5);

[[nodiscard]] bool is_worth_waiting(const model::Hold& hold);
/// Not before the provider said so, and not all at once: `share` in [0, 1) spreads them.
[[nodiscard]] base::Millis absence_of(const model::Hold& hold, double share);

}  // namespace fleet::pace
