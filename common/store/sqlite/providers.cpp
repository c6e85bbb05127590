#include "common/store/sqlite/providers.hpp"

#include <map>
#include <optional>

#include "common/base/random_share.hpp"
#include "common/pace/circuit.hpp"
#include "common/pace/closed.hpp"
#include "common/pace/default_rules.hpp"
#include "common/pace/provider_json.hpp"
#include "common/pace/provider_row.hpp"
#include "common/store/sqlite/usage.hpp"

namespace fleet::store::sqlite {
namespace {

using contracts::CallReport;
using model::Permit;
using model::Provider;

pace::Moment moment_of(const WriteTransaction& transaction, base::WallTime wall) {
    return {transaction.now(), wall};
}

std::optional<Provider> find_provider(WriteTransaction& transaction, const std::string& name) {
    auto row =
        transaction.prepare("SELECT configured, rules, state FROM providers WHERE name = ?1");
    if (!row.bind(1, name).step()) {
        return std::nullopt;
    }
    Provider provider;
    provider.configured = row.integer(0) != 0;
    provider.rules = pace::rules_from_json(name, row.text(1));
    pace::state_from_json(provider, row.text(2));
    return provider;
}

/// With the rules of its provider, or the default ones, if nobody has declared it.
Provider provider_of(WriteTransaction& transaction, const std::string& name,
                     const pace::Moment& moment) {
    if (auto known = find_provider(transaction, name)) {
        return *std::move(known);
    }
    const auto whole = find_provider(transaction, pace::provider_of(name));
    model::ProviderRules rules;
    rules.name = name;
    if (whole && whole->configured) {
        rules = pace::rules_for(whole->rules, name);
    }
    return pace::new_provider(rules, moment);
}

void store(WriteTransaction& transaction, const Provider& provider) {
    transaction
        .prepare(
            "INSERT INTO providers (name, configured, rules, state) VALUES (?1, ?2, ?3, ?4) "
            "ON CONFLICT (name) DO UPDATE SET configured = ?2, rules = ?3, state = ?4")
        .bind(1, provider.rules.name)
        .bind(2, std::int64_t{provider.configured ? 1 : 0})
        .bind(3, pace::rules_to_json(provider.rules))
        .bind(4, pace::state_to_json(provider))
        .run();
}

constexpr const char* kAllProviders =
    "SELECT name, configured, rules, state FROM providers ORDER BY name";

std::vector<Provider> read_rows(Statement& rows) {
    std::vector<Provider> providers;
    while (rows.step()) {
        Provider& provider = providers.emplace_back();
        provider.configured = rows.integer(1) != 0;
        provider.rules = pace::rules_from_json(rows.text(0), rows.text(2));
        pace::state_from_json(provider, rows.text(3));
    }
    return providers;
}

/// The models of a provider that nobody has declared follow its rules.
void pass_on(WriteTransaction& transaction, const model::ProviderRules& rules,
             const pace::Moment& moment, std::vector<std::string>& changed) {
    if (!pace::provider_of(rules.name).empty()) {
        return;  // it is a model itself
    }
    std::vector<Provider> rows;
    {
        auto all = transaction.prepare(kAllProviders);
        rows = read_rows(all);
    }
    for (Provider& row : rows) {
        const model::ProviderRules own = pace::rules_for(rules, row.rules.name);
        if (pace::takes_rules_of(row, rules.name) && row.rules != own) {
            pace::change_rules(row, own, moment);
            store(transaction, row);
            changed.push_back(own.name);
        }
    }
}

struct Reservation {
    Permit permit;
    std::string day;  ///< empty: held
};

constexpr const char* kFindReservation =
    "SELECT reservation, day, input_tokens, output_tokens, cost_micros FROM reservations "
    "WHERE reservation = ?1 AND provider = ?2";

Reservation read_reservation(const Statement& row) {
    Reservation reservation;
    reservation.permit.id = row.integer(0);
    reservation.day = row.text(1);
    reservation.permit.estimate = {row.integer(2), row.integer(3), row.integer(4)};
    return reservation;
}

std::optional<Reservation> find_reservation(WriteTransaction& transaction,
                                            const std::string& provider, std::int64_t id) {
    auto row = transaction.prepare(kFindReservation);
    if (id == 0 || !row.bind(1, id).bind(2, provider).step()) {
        return std::nullopt;
    }
    return read_reservation(row);
}

void remove_reservation(WriteTransaction& transaction, std::int64_t id) {
    transaction.prepare("DELETE FROM reservations WHERE reservation = ?1").bind(1, id).run();
}

/// What the dead held comes back; what they had spent stays spent.
void expire_reservations(WriteTransaction& transaction, Provider& provider,
                         const pace::Moment& moment) {
    std::vector<Reservation> due;
    {
        auto rows = transaction.prepare(
            "SELECT reservation, day, input_tokens, output_tokens, cost_micros "
            "FROM reservations WHERE provider = ?1 AND expires_at_ms <= ?2 LIMIT 1000");
        rows.bind(1, provider.rules.name).bind(2, transaction.now_ms());
        while (rows.step()) {
            due.push_back(read_reservation(rows));
        }
    }
    for (const Reservation& one : due) {
        if (one.day.empty()) {
            pace::give_back(provider, one.permit, false, moment);
        } else {
            pace::forget(provider, one.permit, one.day, moment);
        }
        remove_reservation(transaction, one.permit.id);
    }
}

/// The answer to a request that was applied before: nullopt if it was not.
std::optional<contracts::PermitAnswer> repeated(WriteTransaction& transaction,
                                                const contracts::PermitRequest& request,
                                                const Provider& provider) {
    contracts::PermitAnswer answer;
    for (std::size_t call = 0; call < request.wanted.size(); ++call) {
        auto known = find_reservation(transaction, request.provider,
                                      request.request_id + static_cast<std::int64_t>(call));
        if (!known || !known->day.empty()) {
            break;
        }
        known->permit.pace_epoch = provider.pace.epoch;
        known->permit.circuit_epoch = provider.circuit.epoch;
        answer.permits.push_back(known->permit);
    }
    if (answer.permits.empty()) {
        return std::nullopt;
    }
    return answer;
}

void report_one(WriteTransaction& transaction, Provider& provider, const CallReport& report,
                const pace::Moment& moment) {
    pace::Settlement settlement{report.permit, "", report.outcome};
    if (const auto known = find_reservation(transaction, provider.rules.name, report.permit.id)) {
        settlement.permit.estimate = known->permit.estimate;
        settlement.spent_day =
            known->day.empty() ? pace::begin(provider, known->permit, moment) : known->day;
        remove_reservation(transaction, known->permit.id);
    }
    pace::settle(provider, settlement, moment, base::random_share());
}

model::UsageRecord usage_of(const CallReport& report) {
    const model::CallUsage& usage = report.outcome.usage;
    return {.day = {},
            .provider = report.provider,
            .phase = report.phase,
            .requests = 1,
            .input_tokens = usage.input_tokens,
            .output_tokens = usage.output_tokens,
            .cost_micros = usage.cost_micros};
}

}  // namespace

std::vector<std::string> configure_providers(WriteTransaction& transaction,
                                             std::span<const model::ProviderRules> rules,
                                             base::WallTime wall) {
    const pace::Moment moment = moment_of(transaction, wall);
    std::vector<std::string> changed;
    for (const model::ProviderRules& one : rules) {
        auto known = find_provider(transaction, one.name);
        if (known && known->configured && known->rules == one) {
            continue;
        }
        if (known) {
            pace::change_rules(*known, one, moment);
        } else {
            known = pace::new_provider(one, moment);
        }
        known->configured = true;
        store(transaction, *known);
        changed.push_back(one.name);
        pass_on(transaction, one, moment, changed);
    }
    return changed;
}

std::vector<Provider> read_providers(Connection& connection) {
    auto rows = connection.prepare(kAllProviders);
    return read_rows(rows);
}

std::vector<std::string> closed_stages(WriteTransaction& transaction,
                                       std::span<const model::StagePolicy> policies,
                                       base::WallTime wall) {
    std::vector<std::string> closed;
    for (const model::StagePolicy& policy : policies) {
        if (policy.provider.empty()) {
            continue;
        }
        const auto provider = find_provider(transaction, policy.provider);
        if (provider && pace::closed(*provider, moment_of(transaction, wall))) {
            closed.push_back(policy.stage);
        }
    }
    return closed;
}

contracts::PermitAnswer reserve_permits(WriteTransaction& transaction,
                                        const contracts::PermitRequest& request,
                                        base::WallTime wall) {
    const pace::Moment moment = moment_of(transaction, wall);
    Provider provider = provider_of(transaction, request.provider, moment);
    if (provider.rules.budget.any()) {
        expire_reservations(transaction, provider, moment);
        if (auto answer = repeated(transaction, request, provider)) {
            return *std::move(answer);
        }
    }
    const auto wanted =
        std::span(request.wanted).first(std::min(request.wanted.size(), contracts::kMaxPermits));
    pace::Grant grant = pace::grant(provider, wanted, request.request_id, moment);
    const std::int64_t expires_at = transaction.now_ms() + contracts::kHeldLife.count();
    for (const Permit& permit : grant.permits) {
        if (permit.id == 0) {
            continue;
        }
        transaction
            .prepare(
                "INSERT INTO reservations (reservation, provider, owner, day, input_tokens, "
                "output_tokens, cost_micros, expires_at_ms) "
                "VALUES (?1, ?2, ?3, NULL, ?4, ?5, ?6, ?7)")
            .bind(1, permit.id)
            .bind(2, request.provider)
            .bind(3, request.owner)
            .bind(4, permit.estimate.input_tokens)
            .bind(5, permit.estimate.output_tokens)
            .bind(6, permit.estimate.cost_micros)
            .bind(7, expires_at)
            .run();
    }
    store(transaction, provider);
    return {std::move(grant.permits), std::move(grant.hold)};
}

bool begin_call(WriteTransaction& transaction, const std::string& provider, const Permit& permit,
                base::WallTime wall) {
    const pace::Moment moment = moment_of(transaction, wall);
    const auto held = find_reservation(transaction, provider, permit.id);
    auto row = find_provider(transaction, provider);
    if (!held || !row) {
        return false;
    }
    if (!held->day.empty()) {
        return true;  // a repeat
    }
    const std::string day = pace::begin(*row, held->permit, moment);
    store(transaction, *row);
    transaction
        .prepare("UPDATE reservations SET day = ?2, expires_at_ms = ?3 WHERE reservation = ?1")
        .bind(1, permit.id)
        .bind(2, day)
        .bind(3, transaction.now_ms() + contracts::kSpentLife.count())
        .run();
    return true;
}

void give_back_permits(WriteTransaction& transaction, const std::string& provider,
                       std::span<const Permit> permits, base::WallTime wall) {
    auto row = find_provider(transaction, provider);
    if (!row) {
        return;
    }
    const pace::Moment moment = moment_of(transaction, wall);
    for (const Permit& permit : permits) {
        if (permit.id != 0) {
            const auto held = find_reservation(transaction, provider, permit.id);
            if (!held || !held->day.empty()) {
                continue;  // free again already, or in use
            }
            remove_reservation(transaction, permit.id);
        }
        pace::give_back(*row, permit, true, moment);
    }
    store(transaction, *row);
}

void report_calls(WriteTransaction& transaction, std::span<const CallReport> reports,
                  base::WallTime wall) {
    const pace::Moment moment = moment_of(transaction, wall);
    std::map<std::string, Provider> providers;
    std::vector<model::UsageRecord> usage;
    for (const CallReport& report : reports) {
        auto found = providers.find(report.provider);
        if (found == providers.end()) {
            found = providers
                        .emplace(report.provider, provider_of(transaction, report.provider, moment))
                        .first;
        }
        report_one(transaction, found->second, report, moment);
        usage.push_back(usage_of(report));
    }
    for (const auto& [name, provider] : providers) {
        store(transaction, provider);
    }
    add_usage(transaction, usage, wall);
}

bool set_provider_circuit(WriteTransaction& transaction, const std::string& provider,
                          model::CircuitState state, const std::string& reason) {
    auto row = find_provider(transaction, provider);
    if (!row) {
        return false;
    }
    if (state == model::CircuitState::closed) {
        pace::close_circuit(row->circuit, transaction.now());
    } else {
        pace::open_circuit(row->circuit, reason, transaction.now());
    }
    store(transaction, *row);
    return true;
}

}  // namespace fleet::store::sqlite
