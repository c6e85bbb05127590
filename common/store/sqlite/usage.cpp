#include "common/store/sqlite/usage.hpp"

#include "common/store/sqlite/provider_waits.hpp"
#include "common/store/sqlite/providers.hpp"

namespace fleet::store::sqlite {

namespace {

std::string utc_day(base::WallTime time) {
    constexpr std::size_t kDayLength = 10;  // "2026-11-21"
    return base::iso8601(time).substr(0, kDayLength);
}

}  // namespace

void SqliteUsage::record(std::span<const model::UsageRecord> usage) {
    database_.writer().write([&](WriteTransaction& transaction) {
        add_usage(transaction, usage, database_.clock().wall_now());
    });
}

std::vector<model::UsageRecord> SqliteUsage::daily(const std::string& day) {
    const auto wanted = day.empty() ? utc_day(database_.clock().wall_now()) : day;
    const auto reader = database_.reader();
    auto rows = reader->prepare(
        "SELECT day, provider, phase, requests, input_tokens, output_tokens, cost_micros "
        "FROM usage WHERE day = ?1 ORDER BY provider, phase");
    rows.bind(1, wanted);
    std::vector<model::UsageRecord> sums;
    while (rows.step()) {
        sums.push_back({.day = rows.text(0),
                        .provider = rows.text(1),
                        .phase = rows.text(2),
                        .requests = rows.integer(3),
                        .input_tokens = rows.integer(4),
                        .output_tokens = rows.integer(5),
                        .cost_micros = rows.integer(6)});
    }
    return sums;
}

void SqliteUsage::configure(std::span<const model::ProviderRules> rules) {
    const auto changed = database_.writer().write([&](WriteTransaction& transaction) {
        auto names = configure_providers(transaction, rules, database_.clock().wall_now());
        transaction.notify(contracts::scaler_topic());
        return names;
    });
    for (const std::string& provider : changed) {
        end_waits(provider);
    }
}

void SqliteUsage::end_waits(const std::string& provider) {
    std::optional<DuePlace> place;
    do {
        place = database_.writer().write([&](WriteTransaction& transaction) {
            return end_provider_waits(transaction, provider, place);
        });
    } while (place);
}

std::vector<model::Provider> SqliteUsage::providers() {
    const auto reader = database_.reader();
    return read_providers(reader->connection());
}

contracts::PermitAnswer SqliteUsage::reserve(const contracts::PermitRequest& request) {
    return database_.writer().write([&](WriteTransaction& transaction) {
        return reserve_permits(transaction, request, database_.clock().wall_now());
    });
}

bool SqliteUsage::begin(const std::string& provider, const model::Permit& permit) {
    // Money that is spent is remembered, whatever the store's own level.
    return database_.writer().write(
        [&](WriteTransaction& transaction) {
            return begin_call(transaction, provider, permit, database_.clock().wall_now());
        },
        Writer::Urgency::normal, Writer::Sync::full);
}

void SqliteUsage::give_back(const std::string& provider, std::span<const model::Permit> permits) {
    database_.writer().write([&](WriteTransaction& transaction) {
        give_back_permits(transaction, provider, permits, database_.clock().wall_now());
    });
}

void SqliteUsage::report(std::span<const contracts::CallReport> reports) {
    database_.writer().write([&](WriteTransaction& transaction) {
        report_calls(transaction, reports, database_.clock().wall_now());
    });
}

bool SqliteUsage::set_circuit(const std::string& provider, model::CircuitState state,
                              const std::string& reason) {
    const bool known = database_.writer().write([&](WriteTransaction& transaction) {
        const bool found = set_provider_circuit(transaction, provider, state, reason);
        transaction.notify(contracts::scaler_topic());
        return found;
    });
    if (known && state == model::CircuitState::closed) {
        end_waits(provider);
    }
    return known;
}

void add_usage(WriteTransaction& transaction, std::span<const model::UsageRecord> usage,
               base::WallTime wall_now) {
    const auto today = utc_day(wall_now);
    for (const auto& one : usage) {
        transaction
            .prepare(
                "INSERT INTO usage (day, provider, phase, requests, input_tokens, "
                "output_tokens, cost_micros) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
                "ON CONFLICT (day, provider, phase) DO UPDATE SET "
                "requests = requests + ?4, input_tokens = input_tokens + ?5, "
                "output_tokens = output_tokens + ?6, cost_micros = cost_micros + ?7")
            .bind(1, one.day.empty() ? today : one.day)
            .bind(2, one.provider)
            .bind(3, one.phase)
            .bind(4, one.requests)
            .bind(5, one.input_tokens)
            .bind(6, one.output_tokens)
            .bind(7, one.cost_micros)
            .run();
    }
}

}  // namespace fleet::store::sqlite
