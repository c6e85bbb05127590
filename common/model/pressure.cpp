#include "common/model/pressure.hpp"

namespace fleet::model {

StatusCounts PoolPressure::totals() const {
    StatusCounts sum;
    for (const StagePressure& stage : stages) {
        sum.pending += stage.counts.pending;
        sum.running += stage.counts.running;
        sum.waiting += stage.counts.waiting;
        sum.done += stage.counts.done;
        sum.failed += stage.counts.failed;
        sum.cancelled += stage.counts.cancelled;
    }
    return sum;
}

std::int64_t PoolPressure::ready() const {
    std::int64_t sum = 0;
    for (const StagePressure& stage : stages) {
        sum += stage.ready;
    }
    return sum;
}

}  // namespace fleet::model
