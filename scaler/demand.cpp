#include "scaler/demand.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace fleet::scaler {
namespace {

/// More slots than any fleet has; keeps the arithmetic inside an int.
constexpr std::int64_t kMostSlots = 1'000'000;

int bounded(double slots) {
    return static_cast<int>(std::min(std::ceil(slots), static_cast<double>(kMostSlots)));
}

}  // namespace

base::Millis mean_service(const model::PoolPressure& pressure, base::Millis prior) {
    double sum = 0;
    double samples = 0;
    for (const model::StagePressure& stage : pressure.stages) {
        if (stage.service_mean && stage.service_samples > 0) {
            const auto weight = static_cast<double>(stage.service_samples);
            sum += static_cast<double>(stage.service_mean->count()) * weight;
            samples += weight;
        }
    }
    return samples > 0 ? base::Millis(static_cast<std::int64_t>(sum / samples)) : prior;
}

bool ends_within_grace(const model::PoolPressure& pressure, base::Millis grace) {
    bool known = false;
    for (const model::StagePressure& stage : pressure.stages) {
        if (stage.counts.running > 0 && !stage.service_p95) {
            return false;
        }
        if (stage.service_p95) {
            known = true;
            if (*stage.service_p95 * 2 > grace) {
                return false;
            }
        }
    }
    return known;
}

Demand demand_of(const PoolView& pool, const PoolRules& rules, int supply_slots) {
    const bool paused = rules.paused || pool.pressure.paused;
    const std::int64_t ready = paused ? 0 : pool.pressure.ready();
    const std::int64_t running = pool.pressure.totals().running;
    const auto work = static_cast<int>(std::min(ready + running, kMostSlots));
    std::int64_t delayed = 0;
    std::optional<base::Millis> oldest;
    for (const model::StagePressure& stage : pool.pressure.stages) {
        delayed += stage.delayed;
        oldest = std::max(oldest, stage.oldest_ready_age);
    }
    Demand demand;
    demand.slots = work;
    demand.text = std::to_string(ready) + " ready and " + std::to_string(running) + " running";
    if (rules.drain_target && rules.drain_target->count() > 0) {
        const auto service =
            static_cast<double>(mean_service(pool.pressure, rules.service_prior).count());
        const auto target = static_cast<double>(rules.drain_target->count());
        demand.slots = std::min(work, bounded(work * std::max(service, 1.0) / target));
        demand.text += " to do in " + base::human_duration(*rules.drain_target);
        if (ready > 0 && oldest && *oldest > rules.max_wait) {
            const int one_more = std::min(work, supply_slots + rules.slots_per_worker);
            if (one_more > demand.slots) {
                demand.slots = one_more;
                demand.text += " (the oldest has waited " + base::human_duration(*oldest) +
                               ", longer than " + base::human_duration(rules.max_wait) + ")";
            }
        }
    }
    if (demand.slots == 0 && rules.batch_mode && !paused && (delayed > 0 || pool.more_to_come)) {
        demand.slots = 1;
        demand.text += pool.more_to_come ? ", more still being loaded"
                                         : ", " + std::to_string(delayed) + " delayed";
    }
    const int each = std::max(1, rules.slots_per_worker);
    demand.workers = (demand.slots + each - 1) / each;
    demand.text +=
        demand.slots == 1 ? " want 1 slot" : " want " + std::to_string(demand.slots) + " slots";
    demand.text +=
        demand.workers == 1 ? " in 1 worker" : " in " + std::to_string(demand.workers) + " workers";
    return demand;
}

}  // namespace fleet::scaler
