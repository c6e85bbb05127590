#include "common/pace/patience.hpp"

#include <algorithm>

namespace fleet::pace {

bool is_worth_waiting(const model::Hold& hold) {
    return hold.wait <= (hold.reason == model::HoldReason::pace ? kPacePatience : kPatience);
}

base::Millis absence_of(const model::Hold& hold, double share) {
    const base::Millis wait = std::min(hold.wait, kLongestAbsence);
    return wait + std::chrono::duration_cast<base::Millis>(wait * share / 5);
}

}  // namespace fleet::pace
