#include "scaler/policy.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <tuple>
#include <utility>

#include "common/base/json.hpp"
#include "scaler/demand.hpp"
#include "scaler/share.hpp"

namespace fleet::scaler {
namespace {

/// The number being decided, and which limit changed it last.
struct Target {
    int workers = 0;
    Clamp clamp = Clamp::none;
    std::string why;

    void set(int value, Clamp by, std::string text) {
        if (value != workers) {
            workers = value;
            clamp = by;
            why = std::move(text);
        }
    }
};

/// What is there now.
struct Supply {
    int active = 0;
    int starting = 0;
    int retiring = 0;
    int slots = 0;  ///< of the active and starting ones
    int here = 0;   ///< active and starting on the own host
    [[nodiscard]] int workers() const { return active + starting; }
};

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

void apply_bounds(Target& target, const PoolRules& rules) {
    if (target.workers < rules.min_workers) {
        target.set(rules.min_workers, Clamp::minimum,
                   "the minimum is " + std::to_string(rules.min_workers));
    }
    if (target.workers > rules.max_workers) {
        target.set(rules.max_workers, Clamp::maximum,
                   "the maximum is " + std::to_string(rules.max_workers));
    }
}

void apply_shrink_limits(Target& target, const PoolView& pool, const PoolRules& rules,
                         const Policy& policy, int supply) {
    int recent = target.workers;
    for (const WantedSample& sample : pool.history) {
        if (sample.age <= rules.stabilization) {
            recent = std::max(recent, sample.workers);
        }
    }
    recent = std::min({recent, supply, std::max(rules.max_workers, target.workers)});
    if (recent > target.workers) {
        target.set(recent, Clamp::stabilization,
                   std::to_string(recent) + " were wanted within the last " +
                       base::human_duration(rules.stabilization));
    }
    const int most = static_cast<int>(std::ceil(supply * policy.shrink));
    if (target.workers < supply - most) {
        target.set(supply - most, Clamp::shrink_limit,
                   "at most " + std::to_string(most) + " leave at once");
    }
}

void apply_tempo(Target& target, const PoolView& pool, const PoolRules& rules, const Policy& policy,
                 int supply) {
    const bool ending = rules.batch_mode && pool.pressure.ready() == 0;
    const bool paused = rules.paused || pool.pressure.paused;
    if (target.workers > supply && paused) {
        target.set(std::max(supply, std::min(rules.min_workers, target.workers)), Clamp::paused,
                   "the pool is paused");
    }
    if (target.workers < supply && !ending) {
        apply_shrink_limits(target, pool, rules, policy, supply);
    }
    const int difference = std::abs(target.workers - supply);
    const bool within = supply >= rules.min_workers && supply <= rules.max_workers;
    if (difference > 0 && within && !ending && target.workers > 0 &&
        difference <= policy.tolerance * supply) {
        target.set(supply, Clamp::tolerance, "the difference is too small to act on");
    }
    const int step =
        std::max(policy.surge_least, static_cast<int>(std::ceil(supply * policy.surge)));
    if (target.workers > supply + step) {
        target.set(supply + step, Clamp::surge,
                   "at most " + std::to_string(step) + " start at once");
    }
}

struct Gate {
    Clamp clamp = Clamp::none;
    std::string why;
    bool hard = false;
};

std::string percent(double share) {
    return std::to_string(static_cast<int>(std::lround(share * 100))) + " %";
}

/// Why the host offers no more capacity, if it does not.
Gate gate_of(const HostView& host, const Policy& policy) {
    if (host.memory_used && *host.memory_used > policy.gate) {
        return {Clamp::memory,
                percent(*host.memory_used) + " of the memory of " + host.id + " is used",
                *host.memory_used > policy.hard_gate};
    }
    if (host.descriptors_used && *host.descriptors_used > policy.gate) {
        return {Clamp::descriptors,
                percent(*host.descriptors_used) + " of the file descriptors of " + host.id +
                    " are used",
                *host.descriptors_used > policy.hard_gate};
    }
    if (host.cpu_pressure && *host.cpu_pressure > policy.gate) {
        return {Clamp::pressure,
                "the processors of " + host.id + " are under " + percent(*host.cpu_pressure) +
                    " pressure",
                false};
    }
    return {};
}

/// Divides the target among the fresh hosts; returns the own host's share and lowers the target to
/// what the hosts take.
int own_share(Target& target, const Observation& observation, const PoolView& pool,
              const PoolRules& rules, const Policy& policy, const Supply& supply) {
    const auto workers_on = [&](const std::string& host) {
        const auto active =
            std::count_if(pool.workers.begin(), pool.workers.end(), [&](const WorkerView& worker) {
                return worker.host == host && worker.status == model::WorkerStatus::active;
            });
        const auto starting =
            std::count_if(pool.starting.begin(), pool.starting.end(),
                          [&](const StartingSeat& seat) { return seat.host == host; });
        return static_cast<int>(active + starting);
    };
    std::vector<HostShare> shares;
    Gate gate;
    int on_fresh = 0;
    std::size_t own = 0;
    for (const HostView& host : observation.hosts) {
        if (!host.fresh && host.id != observation.own_host) {
            continue;
        }
        HostShare share{host.id, host.weight, workers_on(host.id), target.workers};
        Gate closed = gate_of(host, policy);
        if (host.id == observation.own_host && !pool.launch_hold.empty()) {
            closed = {Clamp::launch_hold, pool.launch_hold, true};
        }
        if (closed.clamp != Clamp::none) {
            // A pool's least is let through, and its first worker, or nothing would ever run.
            const int least = std::max(1, rules.min_workers) - supply.workers();
            share.limit = share.current + (closed.hard ? 0 : std::max(0, least));
            if (closed.clamp == Clamp::pressure) {
                // Pressure says that tasks wait for a processor, also when they are others' or this
                // fleet's first few: one slot a core is the pool's in any case.
                const int slots = std::max(1, rules.slots_per_worker);
                share.limit = std::max(share.limit, (host.cores + slots - 1) / slots);
            }
            gate = closed;
        }
        own = host.id == observation.own_host ? shares.size() : own;
        on_fresh += share.current;
        shares.push_back(std::move(share));
    }
    const int elsewhere = supply.workers() - on_fresh;
    const std::vector<int> result =
        share_out(pool.pressure.pool, std::max(0, target.workers - elsewhere), shares);
    int taken = elsewhere;
    for (const int share : result) {
        taken += share;
    }
    if (taken < target.workers) {
        target.set(taken, gate.clamp, gate.why);
    }
    return result.empty() ? 0 : result[own];
}

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

/// Chooses up to `surplus` workers; `forced` of them may be taken from their work.
void choose_retirements(PoolPlan& plan, const PoolView& pool, const PoolRules& rules,
                        const std::string& own_host, int surplus, int forced, int slots) {
    const std::int64_t running = pool.pressure.totals().running;
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

std::string sentence(const PoolPlan& plan, const std::string& demand, const Target& target) {
    std::string text;
    if (plan.start > 0) {
        text = "start " + std::to_string(plan.start);
    }
    if (!plan.call_back.empty()) {
        text += text.empty() ? "" : ", ";
        text += "call back " + std::to_string(plan.call_back.size());
    }
    if (!plan.retire.empty()) {
        text = "retire " + std::to_string(plan.retire.size());
    }
    if (text.empty()) {
        text = "keep " + workers_text(plan.workers);
    }
    text += ": " + demand;
    if (!target.why.empty()) {
        text += "; " + target.why;
    }
    return text;
}

PoolPlan decide_pool(const Observation& observation, const PoolView& pool, const PoolRules& rules,
                     const Policy& policy) {
    const Supply supply = count_supply(pool, rules, observation.own_host);
    const Demand demand = demand_of(pool, rules, supply.slots);
    PoolPlan plan;
    plan.pool = pool.pressure.pool;
    plan.wanted_slots = demand.slots;
    plan.workers = supply.workers();
    plan.workers_here = supply.here;

    Target target{demand.workers, Clamp::none, {}};
    int forced = std::max(0, supply.workers() - rules.max_workers);
    if (rules.exact_workers) {
        const int elsewhere = supply.workers() - supply.here;
        target.set(*rules.exact_workers + elsewhere, Clamp::exact, {});
        target.clamp = Clamp::exact;
        target.why = workers_text(*rules.exact_workers) + " ordered for this host";
        plan.wanted_workers = target.workers;
        plan.planned_here = *rules.exact_workers;
        forced = std::max(0, supply.here - plan.planned_here);
        if (!pool.launch_hold.empty() && plan.planned_here > supply.here) {
            target.set(supply.workers(), Clamp::launch_hold, pool.launch_hold);
            plan.planned_here = supply.here;
        }
    } else {
        apply_bounds(target, rules);
        plan.wanted_workers = target.workers;
        apply_tempo(target, pool, rules, policy, supply.workers());
        plan.planned_here = own_share(target, observation, pool, rules, policy, supply);
    }
    plan.planned = target.workers;

    const int difference = plan.planned_here - supply.here;
    if (difference > 0) {
        choose_growth(plan, pool, rules, observation.own_host, difference, supply);
        const int grown = plan.start + static_cast<int>(plan.call_back.size());
        if (grown < difference) {
            target.set(plan.planned - (difference - grown), Clamp::maximum,
                       "the maximum is " + std::to_string(rules.max_workers) +
                           ", retiring workers count until they are gone");
        }
        plan.planned_here = supply.here + grown;
    } else if (difference < 0) {
        choose_retirements(plan, pool, rules, observation.own_host, -difference, forced,
                           supply.slots);
        const int kept = -difference - static_cast<int>(plan.retire.size());
        if (kept > 0) {
            target.set(plan.planned + kept, Clamp::busy, "the others are at work or just starting");
        }
        plan.planned_here += kept;
    }
    plan.planned = target.workers;
    plan.clamp = target.clamp;
    plan.reason = sentence(plan, demand.text, target);
    return plan;
}

constexpr std::array<std::pair<Clamp, std::string_view>, 14> kClampNames{{
    {Clamp::none, "none"},
    {Clamp::minimum, "minimum"},
    {Clamp::maximum, "maximum"},
    {Clamp::surge, "surge"},
    {Clamp::stabilization, "stabilization"},
    {Clamp::shrink_limit, "shrink_limit"},
    {Clamp::tolerance, "tolerance"},
    {Clamp::busy, "busy"},
    {Clamp::paused, "paused"},
    {Clamp::memory, "memory"},
    {Clamp::descriptors, "descriptors"},
    {Clamp::pressure, "pressure"},
    {Clamp::launch_hold, "launch_hold"},
    {Clamp::exact, "exact"},
}};

}  // namespace

std::string_view to_text(Clamp clamp) {
    for (const auto& [known, name] : kClampNames) {
        if (known == clamp) {
            return name;
        }
    }
    std::abort();
}

const PoolRules* Policy::rules(const std::string& pool) const {
    const auto found = std::find_if(pools.begin(), pools.end(),
                                    [&](const PoolRules& rules) { return rules.pool == pool; });
    return found == pools.end() ? nullptr : &*found;
}

Plan decide(const Observation& observation, const Policy& policy) {
    Plan plan;
    for (const PoolView& pool : observation.pools) {
        const PoolRules* rules = policy.rules(pool.pressure.pool);
        if (rules == nullptr) {
            std::abort();  // the caller observed a pool that it has no rules for
        }
        plan.pools.push_back(decide_pool(observation, pool, *rules, policy));
    }
    return plan;
}

base::JsonText to_json_text(const Plan& plan) {
    base::Json pools = base::Json::array();
    for (const PoolPlan& pool : plan.pools) {
        base::Json entry;
        entry["pool"] = pool.pool;
        entry["wanted_slots"] = pool.wanted_slots;
        entry["wanted_workers"] = pool.wanted_workers;
        entry["workers"] = pool.workers;
        entry["planned"] = pool.planned;
        entry["workers_here"] = pool.workers_here;
        entry["planned_here"] = pool.planned_here;
        entry["start"] = pool.start;
        entry["call_back"] = pool.call_back;
        entry["retire"] = pool.retire;
        entry["decided_by"] = to_text(pool.clamp);
        entry["reason"] = pool.reason;
        pools.push_back(std::move(entry));
    }
    return base::dump_json(pools);
}

}  // namespace fleet::scaler
