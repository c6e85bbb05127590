#include "common/store/memory/providers.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "common/base/random_share.hpp"
#include "common/model/provider_wait.hpp"
#include "common/pace/circuit.hpp"
#include "common/pace/closed.hpp"
#include "common/pace/default_rules.hpp"
#include "common/pace/provider_row.hpp"
#include "common/store/memory/backends.hpp"
#include "common/store/memory/executions.hpp"

namespace fleet::store::memory {
namespace {

using model::Provider;

pace::Moment moment_of(Transaction& transaction) {
    return {transaction.now(), transaction.state().clock.wall_now()};
}

Provider* find_provider(Transaction& transaction, const std::string& name) {
    const auto found = transaction.state().providers.find(name);
    return found == transaction.state().providers.end() ? nullptr : &found->second;
}

/// With the rules of its provider, or the default ones, if nobody has declared it.
Provider& provider_of(Transaction& transaction, const std::string& name) {
    if (Provider* const known = find_provider(transaction, name)) {
        return *known;
    }
    const Provider* const whole = find_provider(transaction, pace::provider_of(name));
    model::ProviderRules rules;
    rules.name = name;
    if (whole != nullptr && whole->configured) {
        rules = pace::rules_for(whole->rules, name);
    }
    return transaction.state()
        .providers.emplace(name, pace::new_provider(rules, moment_of(transaction)))
        .first->second;
}

Reservation* find_reservation(Transaction& transaction, const std::string& provider,
                              std::int64_t id) {
    auto& all = transaction.state().reservations;
    const auto found = all.find(id);
    return found == all.end() || found->second.provider != provider ? nullptr : &found->second;
}

/// What the dead held comes back; what they had spent stays spent.
void expire_reservations(Transaction& transaction, Provider& provider) {
    const pace::Moment moment = moment_of(transaction);
    std::erase_if(transaction.state().reservations, [&](const auto& entry) {
        const Reservation& one = entry.second;
        if (one.provider != provider.rules.name || one.expires_at > transaction.now()) {
            return false;
        }
        if (one.day.empty()) {
            pace::give_back(provider, one.permit, false, moment);
        } else {
            pace::forget(provider, one.permit, one.day, moment);
        }
        return true;
    });
}

/// The answer to a request that was applied before: nullopt if it was not.
std::optional<contracts::PermitAnswer> repeated(Transaction& transaction,
                                                const contracts::PermitRequest& request) {
    contracts::PermitAnswer answer;
    for (std::size_t call = 0; call < request.wanted.size(); ++call) {
        const Reservation* const known = find_reservation(
            transaction, request.provider, request.request_id + static_cast<std::int64_t>(call));
        if (known == nullptr || !known->day.empty()) {
            break;
        }
        answer.permits.push_back(known->permit);
    }
    if (answer.permits.empty()) {
        return std::nullopt;
    }
    return answer;
}

void report_one(Transaction& transaction, const contracts::CallReport& report) {
    Provider& provider = provider_of(transaction, report.provider);
    const pace::Moment moment = moment_of(transaction);
    pace::Settlement settlement{report.permit, "", report.outcome};
    if (Reservation* const known =
            find_reservation(transaction, report.provider, report.permit.id)) {
        settlement.permit.estimate = known->permit.estimate;
        settlement.spent_day =
            known->day.empty() ? pace::begin(provider, known->permit, moment) : known->day;
        transaction.state().reservations.erase(report.permit.id);
    }
    pace::settle(provider, settlement, moment, base::random_share());
    const model::CallUsage& usage = report.outcome.usage;
    add_usage(transaction.state(), {.day = {},
                                    .provider = report.provider,
                                    .phase = report.phase,
                                    .requests = 1,
                                    .input_tokens = usage.input_tokens,
                                    .output_tokens = usage.output_tokens,
                                    .cost_micros = usage.cost_micros});
}

/// Those that wait for the provider are ready at once.
void end_waits(Transaction& transaction, const std::string& provider) {
    State& state = transaction.state();
    const std::string beginning = model::provider_wait_beginning(provider);
    std::vector<std::int64_t> waiting;
    for (const auto& [at, sequence] : state.due) {
        const Row& row = state.rows.at(sequence);
        if (at > transaction.now() && row.status == model::Status::pending && row.error &&
            row.error->kind == model::ErrorKind::rate_limit &&
            row.error->message.starts_with(beginning)) {
            waiting.push_back(sequence);
        }
    }
    for (const std::int64_t sequence : waiting) {
        make_pending(transaction, state.rows.at(sequence), base::Millis{0});
    }
}

void give_rules(Transaction& transaction, Provider& provider, const model::ProviderRules& rules) {
    if (provider.rules != rules) {
        pace::change_rules(provider, rules, moment_of(transaction));
        end_waits(transaction, rules.name);
    }
}

}  // namespace

std::vector<std::string> closed_stages(Transaction& transaction,
                                       std::span<const model::StagePolicy> policies) {
    std::vector<std::string> closed;
    for (const model::StagePolicy& policy : policies) {
        const Provider* const provider = find_provider(transaction, policy.provider);
        if (provider != nullptr && pace::closed(*provider, moment_of(transaction))) {
            closed.push_back(policy.stage);
        }
    }
    return closed;
}

void configure_providers(Transaction& transaction, std::span<const model::ProviderRules> rules) {
    for (const model::ProviderRules& one : rules) {
        Provider* provider = find_provider(transaction, one.name);
        if (provider == nullptr) {
            provider =
                &transaction.state()
                     .providers.emplace(one.name, pace::new_provider(one, moment_of(transaction)))
                     .first->second;
        }
        give_rules(transaction, *provider, one);
        provider->configured = true;
        for (auto& [name, row] : transaction.state().providers) {
            if (pace::takes_rules_of(row, one.name)) {
                give_rules(transaction, row, pace::rules_for(one, name));
            }
        }
    }
    transaction.notify(contracts::scaler_topic());
}

contracts::PermitAnswer reserve_permits(Transaction& transaction,
                                        const contracts::PermitRequest& request) {
    Provider& provider = provider_of(transaction, request.provider);
    if (provider.rules.budget.any()) {
        expire_reservations(transaction, provider);
        if (auto answer = repeated(transaction, request)) {
            return *std::move(answer);
        }
    }
    const auto wanted =
        std::span(request.wanted).first(std::min(request.wanted.size(), contracts::kMaxPermits));
    pace::Grant grant = pace::grant(provider, wanted, request.request_id, moment_of(transaction));
    for (const model::Permit& permit : grant.permits) {
        if (permit.id != 0) {
            transaction.state().reservations[permit.id] = {
                request.provider, permit, "", transaction.now() + contracts::kHeldLife};
        }
    }
    return {std::move(grant.permits), std::move(grant.hold)};
}

bool begin_call(Transaction& transaction, const std::string& provider,
                const model::Permit& permit) {
    Reservation* const held = find_reservation(transaction, provider, permit.id);
    Provider* const row = find_provider(transaction, provider);
    if (held == nullptr || row == nullptr) {
        return false;
    }
    if (held->day.empty()) {
        held->day = pace::begin(*row, held->permit, moment_of(transaction));
        held->expires_at = transaction.now() + contracts::kSpentLife;
    }
    return true;
}

void give_back_permits(Transaction& transaction, const std::string& provider,
                       std::span<const model::Permit> permits) {
    Provider* const row = find_provider(transaction, provider);
    if (row == nullptr) {
        return;
    }
    for (const model::Permit& permit : permits) {
        if (permit.id != 0) {
            const Reservation* const held = find_reservation(transaction, provider, permit.id);
            if (held == nullptr || !held->day.empty()) {
                continue;  // free again already, or in use
            }
            transaction.state().reservations.erase(permit.id);
        }
        pace::give_back(*row, permit, true, moment_of(transaction));
    }
}

void report_calls(Transaction& transaction, std::span<const contracts::CallReport> reports) {
    for (const contracts::CallReport& report : reports) {
        report_one(transaction, report);
    }
}

bool set_provider_circuit(Transaction& transaction, const std::string& provider,
                          model::CircuitState state, const std::string& reason) {
    Provider* const row = find_provider(transaction, provider);
    if (row == nullptr) {
        return false;
    }
    if (state == model::CircuitState::closed) {
        pace::close_circuit(row->circuit, transaction.now());
        end_waits(transaction, provider);
    } else {
        pace::open_circuit(row->circuit, reason, transaction.now());
    }
    transaction.notify(contracts::scaler_topic());
    return true;
}

}  // namespace fleet::store::memory
