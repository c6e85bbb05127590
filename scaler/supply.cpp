#include "scaler/supply.hpp"

namespace fleet::scaler {

Supply count_supply(const PoolView& pool, const PoolRules& rules, const std::string& own_host) {
    Supply supply;
    for (const WorkerView& worker : pool.workers) {
        if (worker.status == model::WorkerStatus::active) {
            ++supply.active;
            supply.slots += worker.slots;
            supply.here += worker.host == own_host ? 1 : 0;
        } else {
            ++supply.retiring;
        }
    }
    for (const StartingSeat& seat : pool.starting) {
        ++supply.starting;
        supply.slots += rules.slots_per_worker;
        supply.here += seat.host == own_host ? 1 : 0;
    }
    return supply;
}

std::string workers_text(int count) {
    return std::to_string(count) + (count == 1 ? " worker" : " workers");
}

}  // namespace fleet::scaler
