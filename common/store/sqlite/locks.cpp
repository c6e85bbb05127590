#include "common/store/sqlite/locks.hpp"

#include <algorithm>

namespace fleet::store::sqlite {

namespace {

struct LockRow {
    std::string owner;  ///< empty: free
    model::FencingToken token = 0;
    base::StoreTime until{};  ///< when somebody else may take it
};

/// Expects execution_id, owner_id, fencing_token, lease_until_ms, ttl_ms; after a gap in which
/// nobody could renew, a lease holds for one more TTL.
LockRow read_lock(const Statement& row, base::StoreTime gap_end) {
    const auto until = base::store_time(row.integer(3));
    return {.owner = row.text(1),
            .token = row.integer(2),
            .until = std::max(until, gap_end + base::Millis{row.integer(4)})};
}

bool is_held(const LockRow& row, base::StoreTime now) {
    return !row.owner.empty() && now < row.until;
}

/// The family counts in whole seconds.
std::int64_t whole_seconds(std::int64_t milliseconds) {
    return (milliseconds + 999) / 1000;
}

}  // namespace

std::optional<model::NamedLease> SqliteLocks::acquire(const std::string& key,
                                                      const std::string& owner, base::Millis ttl) {
    return database_.writer().write(
        [&](WriteTransaction& transaction) -> std::optional<model::NamedLease> {
            tick_clock(transaction);
            const auto gap = gap_end(transaction);
            model::FencingToken previous = 0;
            {
                auto row = transaction.prepare(
                    "SELECT execution_id, owner_id, fencing_token, lease_until_ms, ttl_ms "
                    "FROM execution_leases WHERE execution_id = ?1");
                if (row.bind(1, key).step()) {
                    const auto lock = read_lock(row, gap);
                    if (is_held(lock, transaction.now())) {
                        return std::nullopt;
                    }
                    previous = lock.token;
                }
            }
            const auto token = std::max(previous, database_.time().token_floor()) + 1;
            const auto until_ms = transaction.now_ms() + ttl.count();
            const auto now_text = base::iso8601(transaction.now());
            transaction
                .prepare(
                    "INSERT INTO execution_leases (execution_id, owner_id, lease_until, "
                    "fencing_token, acquired_at, updated_at, lease_until_ms, ttl_ms) "
                    "VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7) "
                    "ON CONFLICT (execution_id) DO UPDATE SET owner_id = ?2, "
                    "lease_until = ?3, fencing_token = ?4, acquired_at = ?5, "
                    "updated_at = ?5, lease_until_ms = ?6, ttl_ms = ?7")
                .bind(1, key)
                .bind(2, owner)
                .bind(3, whole_seconds(until_ms))
                .bind(4, token)
                .bind(5, now_text)
                .bind(6, until_ms)
                .bind(7, std::int64_t{ttl.count()})
                .run();
            return model::NamedLease{.key = key, .owner = owner, .token = token, .remaining = ttl};
        });
}

bool SqliteLocks::renew(const model::NamedLease& lease, base::Millis ttl) {
    return database_.writer().write(
        [&](WriteTransaction& transaction) {
            tick_clock(transaction);
            const auto until_ms = transaction.now_ms() + ttl.count();
            const auto now_text = base::iso8601(transaction.now());
            return transaction
                       .prepare(
                           "UPDATE execution_leases SET lease_until = ?4, updated_at = ?5, "
                           "lease_until_ms = ?6, ttl_ms = ?7 WHERE execution_id = ?1 AND "
                           "owner_id = ?2 AND fencing_token = ?3 AND owner_id <> ''")
                       .bind(1, lease.key)
                       .bind(2, lease.owner)
                       .bind(3, lease.token)
                       .bind(4, whole_seconds(until_ms))
                       .bind(5, now_text)
                       .bind(6, until_ms)
                       .bind(7, std::int64_t{ttl.count()})
                       .run() == 1;
        },
        Writer::Urgency::first);
}

bool SqliteLocks::release(const model::NamedLease& lease) {
    return database_.writer().write([&](WriteTransaction& transaction) {
        const auto now_text = base::iso8601(transaction.now());
        return transaction
                   .prepare(
                       "UPDATE execution_leases SET owner_id = '', lease_until = 0, "
                       "lease_until_ms = 0, updated_at = ?4 WHERE execution_id = ?1 AND "
                       "owner_id = ?2 AND fencing_token = ?3 AND owner_id <> ''")
                   .bind(1, lease.key)
                   .bind(2, lease.owner)
                   .bind(3, lease.token)
                   .bind(4, now_text)
                   .run() == 1;
    });
}

bool SqliteLocks::break_lease(const std::string& key, const std::string& owner) {
    return database_.writer().write([&](WriteTransaction& transaction) {
        const auto now_text = base::iso8601(transaction.now());
        return transaction
                   .prepare(
                       "UPDATE execution_leases SET owner_id = '', lease_until = 0, "
                       "lease_until_ms = 0, updated_at = ?3 WHERE execution_id = ?1 AND "
                       "owner_id = ?2 AND owner_id <> ''")
                   .bind(1, key)
                   .bind(2, owner)
                   .bind(3, now_text)
                   .run() == 1;
    });
}

namespace {

base::StoreTime stored_gap_end(Connection& connection) {
    auto row = connection.prepare("SELECT gap_end_ms FROM clock WHERE id = 1");
    return base::store_time(row.step() ? row.integer(0) : 0);
}

}  // namespace

std::optional<model::NamedLease> SqliteLocks::get(const std::string& key) {
    const auto reader = database_.reader();
    const auto gap = stored_gap_end(reader->connection());
    const auto now = database_.now();
    auto row = reader->prepare(
        "SELECT execution_id, owner_id, fencing_token, lease_until_ms, ttl_ms "
        "FROM execution_leases WHERE execution_id = ?1");
    if (!row.bind(1, key).step()) {
        return std::nullopt;
    }
    const auto lock = read_lock(row, gap);
    if (!is_held(lock, now)) {
        return std::nullopt;
    }
    return model::NamedLease{
        .key = key, .owner = lock.owner, .token = lock.token, .remaining = lock.until - now};
}

std::vector<model::NamedLease> SqliteLocks::list() {
    const auto reader = database_.reader();
    const auto gap = stored_gap_end(reader->connection());
    const auto now = database_.now();
    std::vector<model::NamedLease> live;
    auto rows = reader->prepare(
        "SELECT execution_id, owner_id, fencing_token, lease_until_ms, ttl_ms "
        "FROM execution_leases ORDER BY execution_id");
    while (rows.step()) {
        const auto lock = read_lock(rows, gap);
        if (is_held(lock, now)) {
            live.push_back({.key = rows.text(0),
                            .owner = lock.owner,
                            .token = lock.token,
                            .remaining = lock.until - now});
        }
    }
    return live;
}

}  // namespace fleet::store::sqlite
