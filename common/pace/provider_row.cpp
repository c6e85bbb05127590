#include "common/pace/provider_row.hpp"

#include <algorithm>
#include <utility>

#include "common/pace/budget.hpp"
#include "common/pace/cell.hpp"
#include "common/pace/circuit.hpp"
#include "common/pace/density.hpp"
#include "common/pace/pace.hpp"

namespace fleet::pace {
namespace {

using model::CallEstimate;
using model::Hold;
using model::HoldReason;
using model::Permit;
using model::Provider;

/// How long a call on trial goes alone, beyond twice the time that the last refusal took.
constexpr base::Millis kTrial{200};
constexpr base::Millis kLongestTrial{3'000};

double tokens_of(const CallEstimate& estimate) {
    return static_cast<double>(estimate.input_tokens + estimate.output_tokens);
}

bool is_paced(const Provider& row) {
    return row.pace.source != model::PaceSource::unlimited;
}

PaceTime turn_of(const model::Pace& pace, PaceTime now) {
    const PaceTime turn = usable_at(pace.requests, now);
    return pace.tokens ? std::max(turn, usable_at(*pace.tokens, now)) : turn;
}

/// Why the next call may not begin soon, as far as that is one answer for all calls.
std::optional<Hold> hold_of_all(Provider& row, const Moment& moment) {
    const base::StoreTime now = moment.store_now();
    if (const auto probes = free_probes(row.circuit, row.rules.circuit); probes == 0) {
        return circuit_hold(row.circuit, now);
    }
    if (now < row.pace.wait_until) {
        return pause_hold(row.pace, now);
    }
    return std::nullopt;
}

std::optional<Hold> hold_of_pace(const Provider& row, const Moment& moment) {
    const auto ahead = turn_of(row.pace, moment.now) - moment.now;
    if (ahead <= model::kPermitLookahead) {
        return std::nullopt;
    }
    // Half of the lookahead earlier, so that whoever comes finds more than one turn.
    const auto wait = std::chrono::ceil<base::Millis>(ahead - model::kPermitLookahead / 2);
    return Hold{HoldReason::pace, wait, "its pace has no turn before"};
}

}  // namespace

Provider new_provider(const model::ProviderRules& rules, const Moment& moment) {
    Provider row;
    row.rules = rules;
    row.pace = start_pace(rules, moment.store_now());
    row.circuit.since = moment.store_now();
    advance_day(row.budget, rules.budget, moment.wall);
    return row;
}

void change_rules(Provider& row, const model::ProviderRules& rules, const Moment& moment) {
    row.rules = rules;
    apply_rules(row.pace, rules, moment.store_now());
    advance_day(row.budget, rules.budget, moment.wall);
}

Grant grant(Provider& row, std::span<const CallEstimate> wanted, std::int64_t first_id,
            const Moment& moment) {
    const base::StoreTime now = moment.store_now();
    advance_circuit(row.circuit, now);
    advance_day(row.budget, row.rules.budget, moment.wall);
    grow_pace(row.pace, row.rules, row.density, now);
    Grant answer;
    for (const CallEstimate& estimate : wanted) {
        answer.hold = hold_of_all(row, moment);
        if (!answer.hold && is_paced(row)) {
            answer.hold = hold_of_pace(row, moment);
        }
        if (!answer.hold) {
            if (auto text = refuses(row.budget, row.rules.budget, sum_of(estimate))) {
                answer.hold =
                    Hold{HoldReason::budget, left_of_day(row.rules.budget, moment.wall), *text};
            }
        }
        if (answer.hold) {
            break;
        }
        Permit permit{
            .pace_epoch = row.pace.epoch, .circuit_epoch = row.circuit.epoch, .estimate = estimate};
        if (row.circuit.state == model::CircuitState::half_open) {
            permit.probe = true;
            take_probe(row.circuit, now);
        }
        if (is_paced(row)) {
            permit.usable_in = turn_of(row.pace, moment.now) - moment.now;
            take(row.pace.requests, moment.now, 1);
            if (row.pace.tokens) {
                take(*row.pace.tokens, moment.now, tokens_of(estimate));
            }
        }
        if (row.pace.on_trial) {
            row.pace.on_trial = false;
            row.pace.wait_until =
                now + std::min(kLongestTrial, row.pace.refusal_latency * 2 + kTrial);
        }
        if (row.rules.budget.any()) {
            permit.id = first_id + static_cast<std::int64_t>(answer.permits.size());
            row.budget.held = row.budget.held + sum_of(estimate);
        }
        row.pace.granted += 1;
        count_granted(row.density, now, 1);
        answer.permits.push_back(permit);
    }
    return answer;
}

std::string begin(Provider& row, const Permit& permit, const Moment& moment) {
    advance_day(row.budget, row.rules.budget, moment.wall);
    const model::BudgetSum sum = sum_of(permit.estimate);
    row.budget.held = row.budget.held - sum;
    row.budget.spent = row.budget.spent + sum;
    return row.budget.day;
}

void give_back(Provider& row, const Permit& permit, bool in_time, const Moment& moment) {
    if (permit.id != 0) {
        row.budget.held = row.budget.held - sum_of(permit.estimate);
    }
    if (permit.probe && permit.circuit_epoch == row.circuit.epoch && !row.circuit.probes.empty()) {
        row.circuit.probes.erase(row.circuit.probes.begin());
    }
    if (in_time && is_paced(row) && permit.pace_epoch == row.pace.epoch) {
        give_back(row.pace.requests, moment.now, 1);
        if (row.pace.tokens) {
            give_back(*row.pace.tokens, moment.now, tokens_of(permit.estimate));
        }
    }
}

void settle(Provider& row, const Settlement& settlement, const Moment& moment, double jitter) {
    const base::StoreTime now = moment.store_now();
    const auto& [permit, spent_day, outcome] = settlement;
    advance_day(row.budget, row.rules.budget, moment.wall);
    advance_circuit(row.circuit, now);
    count_outcome(row.density, now, outcome);
    if (outcome.usage_known) {
        if (spent_day == row.budget.day) {
            row.budget.spent = row.budget.spent - sum_of(permit.estimate) + sum_of(outcome.usage);
        }
        if (row.pace.tokens) {
            const auto used =
                static_cast<double>(outcome.usage.input_tokens + outcome.usage.output_tokens);
            give_back(*row.pace.tokens, moment.now, tokens_of(permit.estimate) - used);
        }
    }
    feed_headers(row.pace, row.rules, outcome.rate_limit, now);
    feed_pace(row.pace, row.density, permit, outcome, now, jitter);
    feed_circuit(row.circuit, row.rules.circuit, row.density, permit, outcome, now);
}

void forget(Provider& row, const Permit& /*permit*/, const std::string& spent_day,
            const Moment& moment) {
    advance_day(row.budget, row.rules.budget, moment.wall);
    if (!spent_day.empty() && spent_day == row.budget.day) {
        row.budget.unknown += 1;
    }
}

}  // namespace fleet::pace
