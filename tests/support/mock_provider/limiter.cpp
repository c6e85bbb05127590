#include "tests/support/mock_provider/limiter.hpp"

#include <algorithm>
#include <utility>

namespace fleet::mock_provider {
namespace {

bool names(const std::vector<std::string>& list, const std::string& name) {
    return list.empty() || std::ranges::find(list, name) != list.end();
}

std::int64_t count_of(const LimitRule& rule, const Demand& demand) {
    const std::int64_t output =
        rule.reserve_max_tokens && demand.max_tokens ? *demand.max_tokens : demand.output_tokens;
    switch (rule.quantity) {
        case Quantity::requests:
            return 1;
        case Quantity::tokens:
            return demand.input_tokens + output;
        case Quantity::input_tokens:
            return demand.input_tokens;
        case Quantity::output_tokens:
            return output;
    }
    return 0;
}

/// A character that neither a model's name nor a header can hold.
constexpr char kBetween = '\n';

std::string scope_of(const LimitRule& rule, const Demand& demand) {
    switch (rule.scope) {
        case LimitScope::all:
            return {};
        case LimitScope::model:
            return demand.model;
        case LimitScope::key:
            return demand.key;
        case LimitScope::model_and_key:
            return demand.model + kBetween + demand.key;
    }
    return {};
}

}  // namespace

void Limiter::change(std::vector<LimitRule> rules, Instant now) {
    std::vector<Limit> changed;
    changed.reserve(rules.size());
    for (LimitRule& rule : rules) {
        Limit limit{std::move(rule)};
        const auto known = std::ranges::find_if(limits_, [&](const Limit& candidate) {
            return candidate.rule.name == limit.rule.name &&
                   candidate.rule.quantity == limit.rule.quantity &&
                   candidate.rule.scope == limit.rule.scope;
        });
        if (known != limits_.end()) {
            limit.meters = std::move(known->meters);
            for (auto& [scope, meter] : limit.meters) {
                meter.change(limit.rule, now);
            }
        }
        changed.push_back(std::move(limit));
    }
    limits_ = std::move(changed);
}

void Limiter::refill() {
    for (Limit& limit : limits_) {
        limit.meters.clear();
    }
}

std::vector<Limiter::Claim> Limiter::claims_of(const Demand& demand, Instant now) {
    std::vector<Claim> claims;
    claims.reserve(limits_.size());
    for (Limit& limit : limits_) {
        if (!names(limit.rule.models, demand.model) || !names(limit.rule.keys, demand.key)) {
            continue;
        }
        std::string scope = scope_of(limit.rule, demand);
        if (limit.meters.size() >= kMaximumScopes && !limit.meters.contains(scope)) {
            scope = std::string(1, kBetween);
        }
        const auto meter = limit.meters.try_emplace(std::move(scope), limit.rule, now).first;
        claims.push_back({&limit, &meter->second, count_of(limit.rule, demand)});
    }
    return claims;
}

Admission Limiter::decide(const std::vector<Claim>& claims, Instant now) {
    Admission admission;
    bool never = false;
    for (const Claim& claim : claims) {
        const std::optional<Nanos> wait = claim.meter->wait_for(claim.count, now);
        if (wait == Nanos::zero()) {
            continue;
        }
        const bool longest = !never && (!wait || !admission.wait || *wait > *admission.wait);
        if (longest) {
            admission.refused_by = claim.limit->rule.name;
            admission.quantity = claim.limit->rule.quantity;
            admission.wait = wait;
            never = !wait;
        }
    }
    for (const Claim& claim : claims) {
        if (admission.admitted()) {
            claim.meter->take(claim.count, now);
        } else if (claim.limit->rule.count_refused) {
            claim.meter->take(std::min(claim.count, claim.meter->available(now)), now);
        }
    }
    return admission;
}

std::vector<LimitState> Limiter::states_of(const std::vector<Claim>& claims, Instant now) {
    std::vector<LimitState> states;
    states.reserve(claims.size());
    for (const Claim& claim : claims) {
        const LimitRule& rule = claim.limit->rule;
        states.push_back({rule, std::min(rule.amount, claim.meter->available(now)),
                          claim.meter->until_full(now)});
    }
    return states;
}

std::vector<LimitState> Limiter::look(const Demand& demand, Instant now) {
    return states_of(claims_of(demand, now), now);
}

Admission Limiter::admit(const Demand& demand, Instant now) {
    const std::vector<Claim> claims = claims_of(demand, now);
    Admission admission = decide(claims, now);
    admission.states = states_of(claims, now);
    return admission;
}

bool Limiter::take(const Demand& demand, Instant now) {
    return decide(claims_of(demand, now), now).admitted();
}

}  // namespace fleet::mock_provider
