#include "scaler/choose.hpp"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

#include "scaler/demand.hpp"

namespace fleet::scaler {
namespace {

/// Idle ones first, then those with the least work; the youngest first among equals.
std::vector<const WorkerView*> retirement_order(const PoolView& pool, const std::string& own_host) {
    std::vector<const WorkerView*> order;
    for (const WorkerView& worker : pool.workers) {
        if (worker.status == model::WorkerStatus::active && worker.host == own_host) {
            order.push_back(&worker);
        }
    }
    std::sort(order.begin(), order.end(), [](const WorkerView* a, const WorkerView* b) {
        return std::tie(a->busy, a->age, a->id) < std::tie(b->busy, b->age, b->id);
    });
    return order;
}

}  // namespace

void choose_retirements(PoolPlan& plan, const PoolView& pool, const PoolRules& rules,
                        const std::string& own_host, int surplus, int forced, int slots) {
    // What runs beyond what is wanted only waits for its provider, or may take its time.
    const std::int64_t running =
        std::min<std::int64_t>(pool.pressure.totals().running, plan.wanted_slots);
    const bool short_work = ends_within_grace(pool.pressure, rules.grace);
    for (const WorkerView* worker : retirement_order(pool, own_host)) {
        const int chosen = static_cast<int>(plan.retire.size());
        if (chosen >= surplus) {
            return;
        }
        const bool spare = slots - worker->slots >= running;
        const bool harmless = worker->busy == 0 || (short_work && spare);
        if (!harmless && chosen >= forced) {
            continue;
        }
        slots -= worker->slots;
        plan.retire.push_back(worker->id);
    }
}

void choose_growth(PoolPlan& plan, const PoolView& pool, const PoolRules& rules,
                   const std::string& own_host, int missing, const Supply& supply) {
    std::vector<const WorkerView*> retiring;
    for (const WorkerView& worker : pool.workers) {
        if (worker.can_be_called_back && worker.host == own_host &&
            worker.status == model::WorkerStatus::terminating) {
            retiring.push_back(&worker);
        }
    }
    std::sort(retiring.begin(), retiring.end(), [](const WorkerView* a, const WorkerView* b) {
        return std::tie(b->age, a->id) < std::tie(a->age, b->id);
    });
    for (const WorkerView* worker : retiring) {
        if (static_cast<int>(plan.call_back.size()) < missing) {
            plan.call_back.push_back(worker->id);
        }
    }
    const int called_back = static_cast<int>(plan.call_back.size());
    // What retires still stands in the box and counts towards the maximum until it is gone.
    const int maximum =
        rules.exact_workers ? std::max(*rules.exact_workers, rules.max_workers) : rules.max_workers;
    const int room = maximum - supply.workers() - supply.retiring - pool.other_seats;
    plan.start = std::clamp(missing - called_back, 0, std::max(0, room));
}

}  // namespace fleet::scaler
