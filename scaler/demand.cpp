#include "scaler/demand.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

namespace fleet::scaler {
namespace {

/// More slots than any fleet has; keeps the arithmetic inside an int.
constexpr std::int64_t kMostSlots = 1'000'000;

int bounded(double slots) {
    return static_cast<int>(std::min(std::ceil(slots), static_cast<double>(kMostSlots)));
}

struct Backlog {
    std::int64_t ready = 0;
    std::int64_t blocked = 0;  ///< of them, those that are not claimed
    std::int64_t running = 0;
    std::int64_t delayed = 0;
    std::optional<base::Millis> oldest;
    bool is_paused = false;
    [[nodiscard]] int work() const {
        return static_cast<int>(std::min(ready + running, kMostSlots));
    }
};

Backlog backlog_of(const PoolView& pool, const PoolRules& rules) {
    Backlog backlog;
    backlog.is_paused = rules.paused || pool.pressure.paused;
    backlog.ready = backlog.is_paused ? 0 : pool.pressure.ready();
    backlog.running = pool.pressure.totals().running;
    for (const StageWork& stage : stage_work(pool)) {
        backlog.blocked += stage.is_blocked && !backlog.is_paused ? stage.ready : 0;
    }
    for (const model::StagePressure& stage : pool.pressure.stages) {
        backlog.delayed += stage.delayed;
        backlog.oldest = std::max(backlog.oldest, stage.oldest_ready_age);
    }
    return backlog;
}

void leave_out_blocked(Target& target, const Backlog& backlog) {
    if (backlog.blocked > 0) {
        const auto work = backlog.ready - backlog.blocked + backlog.running;
        target.at_most(static_cast<int>(std::min(work, kMostSlots)), Clamp::high_water,
                       std::to_string(backlog.blocked) +
                           " wait for room in the buffer of the stage behind theirs");
    }
}

/// What reaches the drain target, and more while something waits for too long.
void aim_at_drain(Target& target, Demand& demand, const PoolView& pool, const PoolRules& rules,
                  int supply_slots, const Backlog& backlog) {
    if (!rules.drain_target || rules.drain_target->count() <= 0) {
        return;
    }
    const int work = target.number;
    const base::Millis mean = mean_service(pool.pressure, rules.service_prior);
    const auto service = static_cast<double>(std::max<std::int64_t>(mean.count(), 1));
    const auto drain = static_cast<double>(rules.drain_target->count());
    const std::string in_time = base::human_duration(*rules.drain_target);
    // The text of the reason has it; the clamp is named when a limit changes the number.
    const int wanted = std::min(work, bounded(work * service / drain));
    target.steps.push_back({Clamp::drain_target, target.unit, work, wanted,
                            "done in " + in_time + " at " + base::human_duration(mean) + " each"});
    target.number = wanted;
    demand.text += " to do in " + in_time;
    if (backlog.ready == 0 || !backlog.oldest) {
        return;
    }
    const bool waits = *backlog.oldest > rules.max_wait;
    const int one_more = std::min(work, supply_slots + rules.slots_per_worker);
    const bool grows = waits && one_more > wanted;
    const std::string age = base::human_duration(*backlog.oldest);
    const std::string limit = base::human_duration(rules.max_wait);
    target.steps.push_back({Clamp::max_wait, target.unit, wanted, grows ? one_more : wanted,
                            "the oldest has waited " + age + " of at most " + limit});
    if (grows) {
        target.number = one_more;
        demand.text += " (the oldest has waited " + age + ", longer than " + limit + ")";
    }
}

/// Near the reset of a provider's budget its work does not keep to the drain target: what its pace
/// and its budget allow, beside the other work's part of the target. `work`: of all stages.
void use_up_budgets(Target& target, Demand& demand, int work, const PoolRules& rules,
                    const std::vector<PoolCap>& caps) {
    if (!rules.drain_target || rules.drain_target->count() <= 0 || work == 0) {
        return;
    }
    const double in_time = static_cast<double>(target.number) / work;
    double wanted = static_cast<double>(target.number);
    for (const PoolCap& cap : caps) {
        if (cap.burst.empty() || cap.work == 0) {
            continue;
        }
        const int now = std::min(cap.work, cap.slots);
        wanted += std::max(0.0, now - in_time * cap.work);
        const int before = target.number;
        target.number = std::clamp(bounded(wanted), before, std::max(before, work));
        target.steps.push_back({Clamp::reset_burst, target.unit, before, target.number, cap.burst});
        demand.text += target.number > before ? " (sooner, for " + cap.burst + ")" : "";
    }
}

/// Work that a provider cannot take needs no slots; what needs none of them is not limited. Slots
/// beyond the work are for the probes of an open circuit.
void apply_caps(Target& target, int work, const std::vector<PoolCap>& caps) {
    int useful = work;
    for (const PoolCap& cap : caps) {
        const int probing = std::max(0, cap.slots - cap.work);
        useful += cap.slots - cap.work;
        target.apply(std::clamp(target.number + probing, 0, std::max(0, useful)), cap.clamp,
                     cap.why);
    }
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

Demand demand_of(const PoolView& pool, const PoolRules& rules, int supply_slots,
                 const std::vector<PoolCap>& caps) {
    const Backlog backlog = backlog_of(pool, rules);
    Demand demand;
    demand.text = std::to_string(backlog.ready) + " ready and " + std::to_string(backlog.running) +
                  " running";
    Target& target = demand.target;
    target.number = backlog.work();
    target.steps.push_back({Clamp::none, target.unit, 0, target.number, demand.text});
    leave_out_blocked(target, backlog);
    const int work = target.number;
    aim_at_drain(target, demand, pool, rules, supply_slots, backlog);
    use_up_budgets(target, demand, work, rules, caps);
    apply_caps(target, work, caps);
    if (target.number == 0 && rules.batch_mode && !backlog.is_paused) {
        const bool comes = backlog.delayed > 0 || pool.more_to_come || backlog.ready > 0;
        const std::string why = pool.more_to_come     ? "more still being loaded"
                                : backlog.delayed > 0 ? std::to_string(backlog.delayed) + " delayed"
                                : comes               ? "what is ready has to wait"
                                                      : "nothing more comes";
        demand.text += comes ? ", " + why : "";
        target.steps.push_back({Clamp::keep_one, target.unit, 0, comes ? 1 : 0, why});
        target.number = comes ? 1 : 0;
    }
    demand.slots = target.number;
    const int each = std::max(1, rules.slots_per_worker);
    target.number = (demand.slots + each - 1) / each;
    target.unit = Unit::workers;
    target.steps.push_back({Clamp::slots_per_worker, Unit::workers, demand.slots, target.number,
                            "slots in workers of " + std::to_string(each)});
    demand.text +=
        demand.slots == 1 ? " want 1 slot" : " want " + std::to_string(demand.slots) + " slots";
    demand.text +=
        target.number == 1 ? " in 1 worker" : " in " + std::to_string(target.number) + " workers";
    return demand;
}

}  // namespace fleet::scaler
