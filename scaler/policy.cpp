#include "scaler/policy.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "common/base/json.hpp"
#include "scaler/choose.hpp"
#include "scaler/demand.hpp"
#include "scaler/host_share.hpp"
#include "scaler/provider_cap.hpp"
#include "scaler/share.hpp"
#include "scaler/supply.hpp"
#include "scaler/tempo.hpp"

namespace fleet::scaler {
namespace {

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

/// A pool on its way from its work to a plan.
struct Draft {
    const PoolView& pool;
    const PoolRules& rules;
    Supply supply;
    Demand demand;
    Target target = {};
};

Draft draft_of(const Observation& observation, const PoolView& pool, const PoolRules& rules,
               const std::vector<PoolCap>& caps) {
    Draft draft{pool, rules, count_supply(pool, rules, observation.own_host), {}};
    draft.demand = demand_of(pool, rules, draft.supply.slots, caps);
    draft.target = draft.demand.target;
    if (rules.exact_workers) {
        const int elsewhere = draft.supply.workers() - draft.supply.here;
        draft.target.apply(*rules.exact_workers + elsewhere, Clamp::exact,
                           workers_text(*rules.exact_workers) + " ordered for this host");
        draft.target.clamp = Clamp::exact;
        draft.target.why = workers_text(*rules.exact_workers) + " ordered for this host";
    } else {
        apply_bounds(draft.target, rules);
    }
    return draft;
}

/// Where the pools together want more than the fleet may have, each gets a part by what it wants.
void apply_fleet_maximum(std::vector<Draft>& drafts, const Observation& observation,
                         const Policy& policy) {
    if (!policy.fleet_maximum) {
        return;
    }
    int left = *policy.fleet_maximum - observation.other_workers;
    std::vector<HostShare> shares;
    for (const Draft& draft : drafts) {
        const int wanted = draft.target.number;
        left -= draft.pool.other_seats;
        left -= draft.rules.exact_workers ? wanted : 0;
        const bool fixed = draft.rules.exact_workers.has_value();
        shares.push_back({draft.pool.pressure.pool, static_cast<double>(wanted),
                          draft.supply.workers(), fixed ? 0 : wanted});
    }
    const std::vector<int> parts = share_out("fleet", std::max(0, left), shares);
    for (std::size_t index = 0; index < drafts.size(); ++index) {
        if (!drafts[index].rules.exact_workers) {
            drafts[index].target.at_most(parts[index], Clamp::fleet_maximum,
                                         "the fleet's maximum is " +
                                             std::to_string(*policy.fleet_maximum) +
                                             " for all pools");
        }
    }
}

/// What other pools have not given back yet cannot be had: `room` is what the fleet still has.
void keep_in_room(Target& target, const Draft& draft, const Policy& policy, int& room) {
    if (policy.fleet_maximum && !draft.rules.exact_workers) {
        target.at_most(draft.supply.workers() + std::max(0, room), Clamp::fleet_maximum,
                       "of the fleet's maximum of " + std::to_string(*policy.fleet_maximum) + " " +
                           std::to_string(std::max(0, room)) + " are free");
    }
    room -= std::max(0, target.number - draft.supply.workers());
}

int fleet_room(const std::vector<Draft>& drafts, const Observation& observation,
               const Policy& policy) {
    int room = policy.fleet_maximum.value_or(0) - observation.other_workers;
    for (const Draft& draft : drafts) {
        room -= draft.supply.workers() + draft.supply.retiring + draft.pool.other_seats;
    }
    return room;
}

/// After an early death one worker at a time is started, until one stays.
void try_one(PoolPlan& plan, Target& target, const Draft& draft, const std::string& own_host) {
    const bool is_trying = std::ranges::any_of(
        draft.pool.starting, [&](const StartingSeat& seat) { return seat.host == own_host; });
    const int left_out = plan.start - std::min(plan.start, is_trying ? 0 : 1);
    plan.start -= left_out;
    plan.planned_here -= left_out;
    target.apply(target.number - left_out, Clamp::launch_hold,
                 "a worker has died right after its start: one at a time is tried");
}

/// From the share of this host to workers that come and go.
void choose_workers(PoolPlan& plan, Target& target, const Draft& draft, int forced,
                    const std::string& own_host) {
    const int difference = plan.planned_here - draft.supply.here;
    if (difference > 0) {
        choose_growth(plan, draft.pool, draft.rules, own_host, difference, draft.supply);
        const int grown = plan.start + static_cast<int>(plan.call_back.size());
        if (grown < difference) {
            target.at_most(target.number - (difference - grown), Clamp::maximum,
                           "the maximum is " + std::to_string(draft.rules.max_workers) +
                               ", retiring workers count until they are gone");
        }
        plan.planned_here = draft.supply.here + grown;
        if (draft.pool.on_probation) {
            try_one(plan, target, draft, own_host);
        }
    } else if (difference < 0) {
        choose_retirements(plan, draft.pool, draft.rules, own_host, -difference, forced,
                           draft.supply.slots);
        const int kept = -difference - static_cast<int>(plan.retire.size());
        // Seats keep the maximum: what stays here keeps others from starting there.
        const int most = std::max(draft.rules.max_workers, draft.supply.workers());
        target.at_least(std::min(target.number + kept, most), Clamp::busy,
                        kept > 0 ? "the others are at work or just starting"
                                 : "none of them is needed at work");
        plan.planned_here += kept;
    }
}

PoolPlan finish(const Draft& draft, const Observation& observation, const Policy& policy,
                int& room) {
    const PoolRules& rules = draft.rules;
    const Supply& supply = draft.supply;
    Target target = draft.target;
    PoolPlan plan;
    plan.pool = draft.pool.pressure.pool;
    plan.wanted_slots = draft.demand.slots;
    plan.workers = supply.workers();
    plan.workers_here = supply.here;
    plan.wanted_workers = target.number;
    int forced = std::max(0, supply.workers() - rules.max_workers);
    if (rules.exact_workers) {
        plan.planned_here = *rules.exact_workers;
        forced = std::max(0, supply.here - plan.planned_here);
        if (!draft.pool.launch_hold.empty() && plan.planned_here > supply.here) {
            target.apply(supply.workers(), Clamp::launch_hold, draft.pool.launch_hold);
            plan.planned_here = supply.here;
        }
        keep_in_room(target, draft, policy, room);
    } else {
        apply_tempo(target, draft.pool, rules, policy, supply.workers());
        keep_in_room(target, draft, policy, room);
        plan.planned_here = own_share(target, observation, draft.pool, rules, policy, supply);
    }
    choose_workers(plan, target, draft, forced, observation.own_host);
    plan.planned = target.number;
    plan.clamp = target.clamp;
    plan.reason = sentence(plan, draft.demand.text, target);
    plan.steps = std::move(target.steps);
    return plan;
}

}  // namespace

const PoolRules* Policy::rules(const std::string& pool) const {
    const auto found = std::find_if(pools.begin(), pools.end(),
                                    [&](const PoolRules& rules) { return rules.pool == pool; });
    return found == pools.end() ? nullptr : &*found;
}

Plan decide(const Observation& observation, const Policy& policy) {
    std::vector<const PoolRules*> rules;
    std::vector<base::Millis> priors;
    for (const PoolView& pool : observation.pools) {
        rules.push_back(policy.rules(pool.pressure.pool));
        if (rules.back() == nullptr) {
            std::abort();  // the caller observed a pool that it has no rules for
        }
        priors.push_back(rules.back()->service_prior);
    }
    const std::vector<std::vector<PoolCap>> caps = divide_caps(observation, priors);
    std::vector<Draft> drafts;
    for (std::size_t index = 0; index < observation.pools.size(); ++index) {
        drafts.push_back(
            draft_of(observation, observation.pools[index], *rules[index], caps[index]));
    }
    apply_fleet_maximum(drafts, observation, policy);
    int room = fleet_room(drafts, observation, policy);
    Plan plan;
    for (const Draft& draft : drafts) {
        plan.pools.push_back(finish(draft, observation, policy, room));
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
