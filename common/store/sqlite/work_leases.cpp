#include <algorithm>
#include <unordered_map>

#include "common/store/sqlite/execution_row.hpp"
#include "common/store/sqlite/hand_back.hpp"
#include "common/store/sqlite/work.hpp"

namespace fleet::store::sqlite {

namespace {

/// The most executions that one transaction hands back.
constexpr std::size_t kHandBackLimit = 500;

void check_count(std::size_t count, const char* doing) {
    if (count > contracts::kMaxLeases) {
        throw base::StoreError(base::StoreError::Kind::internal,
                               std::string{doing} + " " + std::to_string(count) +
                                   " leases in one call: at most " +
                                   std::to_string(contracts::kMaxLeases) + " are allowed");
    }
}

struct OwnedRow {
    std::int64_t token = 0;
    std::int64_t claimed_at_ms = 0;
    model::ExecutionId id;
    bool named = false;
};

std::unordered_map<std::int64_t, OwnedRow> owned_rows(Connection& connection, std::int64_t owner) {
    std::unordered_map<std::int64_t, OwnedRow> owned;
    auto rows = connection.prepare(
        "SELECT seq, token, claimed_at_ms, id FROM executions INDEXED BY executions_owned "
        "WHERE owner = ?1");
    rows.bind(1, owner);
    while (rows.step()) {
        owned.emplace(rows.integer(0), OwnedRow{.token = rows.integer(1),
                                                .claimed_at_ms = rows.integer(2),
                                                .id = rows.uuid(3)});
    }
    return owned;
}

/// Leases that the store knows and the worker did not name: it never heard of them.
void release_unnamed(WriteTransaction& transaction,
                     const std::unordered_map<std::int64_t, OwnedRow>& owned, base::Millis ttl) {
    for (const auto& [seq, row] : owned) {
        // A claim whose answer is still on its way must not be taken for a forgotten one.
        if (row.named || row.claimed_at_ms > transaction.now_ms() - ttl.count()) {
            continue;
        }
        if (auto full = find_row(transaction.connection(), row.id, seq)) {
            hand_back_row(transaction, std::move(*full), contracts::ReleaseReason::retirement);
        }
    }
}

contracts::RenewAnswer renew_all(WriteTransaction& transaction, const std::string& worker_id,
                                 std::span<const model::Lease> leases, base::Millis ttl) {
    contracts::RenewAnswer answer{.lost = {}, .ttl = ttl};
    std::int64_t number = 0;
    {
        auto row = transaction.prepare("SELECT number FROM worker_registry WHERE worker_id = ?1");
        number = row.bind(1, worker_id).step() ? row.integer(0) : 0;
    }
    if (number == 0) {
        answer.lost.assign(leases.begin(), leases.end());
        return answer;
    }
    auto owned = owned_rows(transaction.connection(), number);
    bool holds = false;
    for (const auto& lease : leases) {
        auto found = owned.find(lease.handle);
        if (found == owned.end() || found->second.token != lease.token ||
            found->second.id != lease.execution) {
            found = std::find_if(owned.begin(), owned.end(), [&lease](const auto& one) {
                return one.second.id == lease.execution && one.second.token == lease.token;
            });
        }
        if (found == owned.end()) {
            answer.lost.push_back(lease);
        } else {
            found->second.named = true;
            holds = true;
        }
    }
    release_unnamed(transaction, owned, ttl);
    if (holds) {
        transaction
            .prepare(
                "UPDATE worker_registry SET lease_until_ms = ?2, lease_ttl_ms = ?3 "
                "WHERE number = ?1")
            .bind(1, number)
            .bind(2, transaction.now_ms() + ttl.count())
            .bind(3, static_cast<std::int64_t>(ttl.count()))
            .run();
    }
    tick_clock(transaction);
    return answer;
}

}  // namespace

std::vector<model::Lease> SqliteWork::begin(std::span<const model::Lease> leases) {
    check_count(leases.size(), "beginning");
    return database_.writer().write(
        [&](WriteTransaction& transaction) { return begin_attempts(transaction, leases); });
}

std::vector<model::Lease> begin_attempts(WriteTransaction& transaction,
                                         std::span<const model::Lease> leases) {
    std::vector<model::Lease> lost;
    for (const auto& lease : leases) {
        if (auto row = find_owned(transaction, lease)) {
            begin_attempt(transaction, *row);
        } else {
            lost.push_back(lease);
        }
    }
    return lost;
}

contracts::RenewAnswer SqliteWork::renew(const std::string& worker_id,
                                         std::span<const model::Lease> leases, base::Millis ttl) {
    check_count(leases.size(), "renewing");
    return database_.writer().write(
        [&](WriteTransaction& transaction) {
            return renew_all(transaction, worker_id, leases, ttl);
        },
        Writer::Urgency::first);
}

std::vector<model::Lease> SqliteWork::release(std::span<const model::Lease> leases) {
    check_count(leases.size(), "releasing");
    return database_.writer().write([&](WriteTransaction& transaction) {
        std::vector<model::Lease> lost;
        for (const auto& lease : leases) {
            if (auto row = find_owned(transaction, lease)) {
                hand_back_row(transaction, std::move(*row), contracts::ReleaseReason::retirement);
            } else {
                lost.push_back(lease);
            }
        }
        return lost;
    });
}

std::vector<model::ExecutionId> SqliteWork::release_by_worker(const std::string& worker_id,
                                                              contracts::ReleaseReason reason) {
    std::vector<model::ExecutionId> all;
    for (bool more = true; more;) {
        auto some = database_.writer().write([&](WriteTransaction& transaction) {
            std::vector<model::ExecutionId> returned;
            std::int64_t number = 0;
            std::int64_t judge_at_ms = 0;
            {
                tick_clock(transaction);
                auto row = transaction.prepare(
                    "SELECT number, max(coalesce(lease_until_ms, 0), ?2 + lease_ttl_ms) "
                    "FROM worker_registry WHERE worker_id = ?1");
                row.bind(1, worker_id).bind(2, base::count_ms(gap_end(transaction)));
                if (!row.step()) {
                    return returned;
                }
                number = row.integer(0);
                judge_at_ms = row.integer(1);
            }
            if (reason == contracts::ReleaseReason::lease_expired &&
                judge_at_ms > transaction.now_ms()) {
                return returned;
            }
            returned = hand_back(transaction, number, reason, kHandBackLimit);
            clear_lease_time(transaction, number);
            return returned;
        });
        more = some.size() == kHandBackLimit;
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

}  // namespace fleet::store::sqlite
