#include "common/store/sqlite/scaling.hpp"

#include <algorithm>
#include <cctype>

#include "common/base/errors.hpp"
#include "common/contracts/seat_refusal.hpp"
#include "common/store/sqlite/lookup.hpp"
#include "common/store/sqlite/pool_policy.hpp"
#include "common/store/sqlite/seats.hpp"

namespace fleet::store::sqlite {

namespace {

using model::SeatState;

constexpr std::size_t kMaxPoolName = 60;

void check_pool_name(const std::string& name) {
    const auto fits = [](char character) {
        return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '.' ||
               character == '_' || character == '-';
    };
    if (name.empty() || name.size() > kMaxPoolName ||
        !std::all_of(name.begin(), name.end(), fits)) {
        throw base::ConfigError(
            "writing a pool's policy: \"" + name + "\" is not a name",
            "use 1 to " + std::to_string(kMaxPoolName) + " letters, digits, '.', '_' or '-'");
    }
}

void tell_pool(WriteTransaction& transaction, const std::string& pool) {
    transaction.notify(contracts::pool_topic(pool));
    transaction.notify(contracts::scaler_topic());
}

/// Expects seat, name of the pool, host, state, launch_token, worker_id, created_at_ms,
/// expires_at_ms.
model::Seat read_seat(const Statement& row, base::StoreTime now) {
    model::Seat seat{.id = row.integer(0),
                     .pool = row.text(1),
                     .host = row.text(2),
                     .state = static_cast<SeatState>(row.integer(3)),
                     .launch_token = row.text(4),
                     .worker_id = row.text(5),
                     .age = now - base::store_time(row.integer(6)),
                     .remaining = base::Millis{0}};
    if (seat.state == SeatState::requested || seat.state == SeatState::starting) {
        seat.remaining = base::store_time(row.integer(7)) - now;
    }
    return seat;
}

std::optional<model::Seat> find_seat(WriteTransaction& transaction, std::int64_t number) {
    auto row = transaction.prepare(
        "SELECT seat, name, host, state, launch_token, worker_id, created_at_ms, expires_at_ms "
        "FROM seats JOIN pools USING (pool) WHERE seat = ?1");
    if (!row.bind(1, number).step()) {
        return std::nullopt;
    }
    return read_seat(row, transaction.now());
}

std::int64_t seat_of_request(WriteTransaction& transaction, std::int64_t request_id) {
    auto row = transaction.prepare("SELECT seat FROM seats WHERE request_id = ?1");
    return row.bind(1, request_id).step() ? row.integer(0) : 0;
}

}  // namespace

std::int64_t SqliteScaling::put_pool(const model::PoolPolicy& policy) {
    check_pool_name(policy.pool);
    const auto text = policy_text(policy);
    return database_.writer().write([&](WriteTransaction& transaction) {
        auto row = transaction.prepare(
            "INSERT INTO pools (name, policy, paused) VALUES (?1, ?2, ?3) "
            "ON CONFLICT (name) DO UPDATE SET policy = ?2, paused = ?3, version = version + 1 "
            "RETURNING version");
        row.bind(1, policy.pool).bind(2, text).bind(3, policy.paused).step();
        const auto version = row.integer(0);
        row.run();
        for (const model::StagePolicy& stage : policy.stages) {
            transaction
                .prepare(
                    "UPDATE lanes SET stage_rank = ?3 WHERE stage = ?2 AND "
                    "pool = (SELECT pool FROM pools WHERE name = ?1)")
                .bind(1, policy.pool)
                .bind(2, stage.stage)
                .bind(3, stage.rank)
                .run();
        }
        tell_pool(transaction, policy.pool);
        return version;
    });
}

std::optional<model::PoolPolicy> SqliteScaling::pool(const std::string& name) {
    const auto reader = database_.reader();
    return find_policy(reader->connection(), name);
}

std::vector<model::PoolPolicy> SqliteScaling::pools() {
    const auto reader = database_.reader();
    return all_policies(reader->connection());
}

bool SqliteScaling::set_paused(const std::string& pool, bool paused) {
    return database_.writer().write([&](WriteTransaction& transaction) {
        const auto known = find_pool(transaction.connection(), pool);
        if (known && known->paused != paused) {
            transaction
                .prepare("UPDATE pools SET paused = ?2, version = version + 1 WHERE pool = ?1")
                .bind(1, known->number)
                .bind(2, paused)
                .run();
            tell_pool(transaction, pool);
        }
        return known.has_value();
    });
}

contracts::SeatAnswer SqliteScaling::take_seat(const contracts::SeatRequest& request) {
    return database_.writer().write([&](WriteTransaction& transaction) -> contracts::SeatAnswer {
        const auto pool = find_pool(transaction.connection(), request.pool);
        if (!pool) {
            return contracts::SeatRefused{
                unknown_pool_text(transaction.connection(), request.pool)};
        }
        drop_void_seats(transaction, pool->number);
        auto number =
            request.request_id == 0 ? 0 : seat_of_request(transaction, request.request_id);
        if (number == 0) {
            const auto taken = count_seats(transaction, pool->number);
            if (taken >= request.pool_max) {
                return contracts::SeatRefused{
                    contracts::full_pool_text(request.pool, taken, request.pool_max)};
            }
            if (request.fleet_max) {
                const auto everywhere = count_all_seats(transaction);
                if (everywhere >= *request.fleet_max) {
                    return contracts::SeatRefused{
                        contracts::full_fleet_text(everywhere, *request.fleet_max)};
                }
            }
            number = add_seat(transaction, {.pool = pool->number,
                                            .host = request.host,
                                            .state = SeatState::requested,
                                            .request_id = request.request_id,
                                            .worker_id = {},
                                            .ttl = request.ttl});
        }
        return find_seat(transaction, number).value();
    });
}

bool SqliteScaling::set_seat_state(std::int64_t seat, SeatState state) {
    return database_.writer().write([&](WriteTransaction& transaction) {
        const auto known = find_seat(transaction, seat);
        const bool is_void =
            known && known->state < SeatState::ready && known->remaining <= base::Millis{0};
        if (is_void) {
            remove_seat(transaction, seat);
            return false;
        }
        if (!known || !model::is_legal_change(known->state, state)) {
            return false;
        }
        if (state == SeatState::gone && !known->worker_id.empty()) {
            return false;  // it goes with its worker
        }
        if (state == SeatState::gone) {
            remove_seat(transaction, seat);
        } else {
            set_state(transaction, seat, state);
        }
        transaction.notify(contracts::scaler_topic());
        return true;
    });
}

std::vector<model::Seat> SqliteScaling::seats(const std::string& pool) {
    const auto reader = database_.reader();
    const auto now = database_.now();
    auto rows = reader->prepare(
        "SELECT seat, name, host, state, launch_token, worker_id, created_at_ms, expires_at_ms "
        "FROM pools JOIN seats USING (pool) WHERE name = ?1 AND "
        "(state >= 2 OR expires_at_ms > ?2) ORDER BY seat");
    rows.bind(1, pool).bind(2, base::count_ms(now));
    std::vector<model::Seat> found;
    while (rows.step()) {
        found.push_back(read_seat(rows, now));
    }
    return found;
}

void SqliteScaling::record_decision(const model::Decision& decision) {
    database_.writer().write([&](WriteTransaction& transaction) {
        const auto at = decision.at == base::StoreTime{} ? transaction.now() : decision.at;
        transaction
            .prepare(
                "INSERT INTO decisions (at_ms, host, pool, workers_before, workers_planned, "
                "started, retired, reason, inputs) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
            .bind(1, base::count_ms(at))
            .bind(2, decision.host)
            .bind(3, decision.pool)
            .bind(4, decision.workers_before)
            .bind(5, decision.workers_planned)
            .bind(6, decision.started)
            .bind(7, decision.retired)
            .bind(8, decision.reason)
            .bind(9, decision.inputs)
            .run();
        const auto last = transaction.connection().last_insert_rowid();
        transaction.prepare("DELETE FROM decisions WHERE decision <= ?1")
            .bind(1, last - static_cast<std::int64_t>(contracts::kMaxDecisions))
            .run();
    });
}

std::vector<model::Decision> SqliteScaling::decisions(const std::string& host, std::size_t limit) {
    const auto reader = database_.reader();
    auto rows = reader->prepare(
        "SELECT decision, at_ms, host, pool, workers_before, workers_planned, started, retired, "
        "reason, inputs FROM decisions WHERE ?1 = '' OR host = ?1 ORDER BY decision DESC LIMIT ?2");
    rows.bind(1, host).bind(2, limit);
    std::vector<model::Decision> newest;
    while (rows.step()) {
        newest.push_back({.id = rows.integer(0),
                          .at = base::store_time(rows.integer(1)),
                          .host = rows.text(2),
                          .pool = rows.text(3),
                          .workers_before = static_cast<int>(rows.integer(4)),
                          .workers_planned = static_cast<int>(rows.integer(5)),
                          .started = static_cast<int>(rows.integer(6)),
                          .retired = static_cast<int>(rows.integer(7)),
                          .reason = rows.text(8),
                          .inputs = rows.text(9)});
    }
    return newest;
}

}  // namespace fleet::store::sqlite
