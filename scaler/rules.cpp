#include "scaler/rules.hpp"

#include <algorithm>

namespace fleet::scaler {
namespace {

/// The pool that every store has from the start, as long as nobody has changed its policy.
bool is_untouched_default(const model::PoolPolicy& policy) {
    return policy.pool == "default" && policy.version <= 1;
}

}  // namespace

PoolRules resolve_rules(const model::PoolPolicy& policy, const RuleOverrides& overrides, int cores,
                        bool runs_commands) {
    PoolRules rules;
    rules.pool = policy.pool;
    rules.max_workers = std::max(
        0, overrides.max_workers.value_or(policy.max_workers.value_or(std::max(1, cores))));
    const bool keep_one = is_untouched_default(policy) && !overrides.batch_mode;
    const int wanted_min = overrides.min_workers.value_or(keep_one ? 1 : policy.min_workers);
    rules.min_workers = std::clamp(wanted_min, 0, rules.max_workers);
    if (overrides.exact_workers) {
        rules.exact_workers = *overrides.exact_workers;
        rules.max_workers = std::max(rules.max_workers, *overrides.exact_workers);
    }
    const int most = std::max(1, overrides.exact_workers.value_or(rules.max_workers));
    const int by_default = runs_commands ? std::max(1, cores / most) : kDefaultSlots;
    const int policy_slots = policy.slots_per_worker > 0 ? policy.slots_per_worker : by_default;
    rules.slots_per_worker = std::max(1, overrides.slots_per_worker.value_or(policy_slots));
    rules.drain_target = overrides.batch_mode ? std::nullopt : policy.drain_target;
    rules.max_wait = policy.max_wait;
    rules.stabilization = policy.stabilization;
    rules.service_prior = policy.service_prior;
    rules.grace = overrides.grace;
    rules.paused = policy.paused;
    rules.batch_mode = overrides.batch_mode;
    return rules;
}

}  // namespace fleet::scaler
