#include "common/model/pressure.hpp"

#include <algorithm>

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

bool PoolPressure::only_new_is_open() const {
    return std::all_of(stages.begin(), stages.end(), [](const StagePressure& stage) {
        return stage.begun_ready == 0 && stage.begun_delayed == 0 && stage.counts.running == 0 &&
               stage.counts.waiting == 0;
    });
}

}  // namespace fleet::model
