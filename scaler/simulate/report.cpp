#include "scaler/simulate/report.hpp"

#include <algorithm>

namespace fleet::simulate {

std::optional<double> Report::ratio() const {
    if (!drained) {
        return std::nullopt;
    }
    const std::chrono::duration<double> best = oracle.drain;
    return std::chrono::duration<double>(drained_at) / std::max(best, decltype(best){0.001});
}

int Report::reversals_between(base::Millis from, base::Millis to) const {
    int count = 0;
    int direction = 0;
    for (const Moment& moment : moments) {
        if (moment.at < from || moment.at >= to || moment.change == 0) {
            continue;
        }
        const int sign = moment.change > 0 ? 1 : -1;
        count += direction != 0 && sign != direction ? 1 : 0;
        direction = sign;
    }
    return count;
}

}  // namespace fleet::simulate
