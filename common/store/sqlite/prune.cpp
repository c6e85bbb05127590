#include "common/store/sqlite/prune.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "common/base/ids.hpp"
#include "common/store/sqlite/checkpoints.hpp"
#include "common/store/sqlite/execution_row.hpp"
#include "common/store/sqlite/large_files.hpp"
#include "common/store/sqlite/registration.hpp"

namespace fleet::store::sqlite {

namespace {

/// Executions of one call, found by one pass that holds no lock.
constexpr std::size_t kCallLimit = 2'000;
/// Executions of one transaction: the write lock is held for a few milliseconds.
constexpr std::size_t kTransactionLimit = 200;
constexpr std::int64_t kDecisionLimit = 1'000;
constexpr std::size_t kFileLimit = 1'000;

/// Statuses that go: cancelled ones always.
struct Choice {
    bool done = false;
    bool failed = false;
    std::int64_t before_ms = 0;
};

/// A tree goes from its leaves upwards, and nothing of it that a live parent may still read.
#define FLEET_NOT_NEEDED                                                              \
    "((e.kin & 3) = 0 OR (NOT EXISTS (SELECT 1 FROM children WHERE parent = e.seq) "  \
    "AND NOT EXISTS (SELECT 1 FROM children c JOIN executions p ON p.seq = c.parent " \
    "WHERE c.seq = e.seq AND p.status < 3)))"

std::vector<std::int64_t> find_old(Database& database, const Choice& choice) {
    const auto reader = database.reader();
    auto rows = reader->prepare(
        "SELECT seq FROM executions e WHERE finished_at_ms <= ?1 AND "
        "(status = 5 OR (status = 3 AND ?2) OR (status = 4 AND ?3)) AND " FLEET_NOT_NEEDED
        " ORDER BY seq LIMIT ?4");
    rows.bind(1, choice.before_ms).bind(2, choice.done).bind(3, choice.failed);
    rows.bind(4, kCallLimit + 1);
    std::vector<std::int64_t> found;
    while (rows.step()) {
        found.push_back(rows.integer(0));
    }
    return found;
}

struct Removed {
    std::int64_t executions = 0;
    std::int64_t checkpoints = 0;
    std::int64_t children = 0;
};

/// Everything of one execution goes together. It may have been requeued since it was found.
void remove_execution(WriteTransaction& transaction, std::int64_t seq, const Choice& choice,
                      Removed& removed) {
    std::string id;
    std::int64_t kin = 0;
    {
        auto row = transaction.prepare(
            "SELECT id, lane, iif(kin & 1, 0, batch), status, kin FROM executions e "
            "WHERE seq = ?1 AND finished_at_ms <= ?2 AND "
            "(status = 5 OR (status = 3 AND ?3) OR (status = 4 AND ?4)) AND " FLEET_NOT_NEEDED);
        row.bind(1, seq).bind(2, choice.before_ms).bind(3, choice.done).bind(4, choice.failed);
        if (!row.step()) {
            return;
        }
        id = row.uuid(0).text();
        kin = row.integer(4);
        transaction.counters().remove(row.integer(1), row.integer(2),
                                      count_of(static_cast<model::Status>(row.integer(3)), false));
    }
    transaction.prepare("DELETE FROM payloads WHERE seq = ?1").bind(1, seq).run();
    transaction.prepare("DELETE FROM attempts WHERE seq = ?1").bind(1, seq).run();
    if ((kin & kHasChildren) != 0) {
        transaction.prepare("DELETE FROM sweeps WHERE parent = ?1").bind(1, seq).run();
    }
    if ((kin & kIsChild) != 0) {
        transaction.prepare("DELETE FROM children WHERE seq = ?1").bind(1, seq).run();
        ++removed.children;
    }
    transaction.prepare("DELETE FROM executions WHERE seq = ?1").bind(1, seq).run();
    removed.checkpoints += delete_snapshots(transaction, id);
    ++removed.executions;
}

void remove_executions(Database& database, const Choice& choice, contracts::PruneResult& result) {
    auto found = find_old(database, choice);
    result.more = found.size() > kCallLimit;
    found.resize(std::min(found.size(), kCallLimit));
    for (std::span<const std::int64_t> left{found}; !left.empty();) {
        const auto some = left.first(std::min(left.size(), kTransactionLimit));
        left = left.subspan(some.size());
        const auto removed = database.writer().write([&](WriteTransaction& transaction) {
            Removed counts;
            for (const auto seq : some) {
                remove_execution(transaction, seq, choice, counts);
            }
            return counts;
        });
        result.executions += removed.executions;
        result.checkpoints += removed.checkpoints;
        // Their parents may be the next to go.
        result.more = result.more || removed.children > 0;
    }
}

/// Private lanes of batches that have nothing left and get nothing new: looking at a pool costs as
/// much as it has lanes. The batch's own counters are asked as well, because another operation of
/// this transaction may just be filling a new lane, whose counters are written at the end.
void remove_empty_lanes(WriteTransaction& transaction) {
    transaction
        .prepare(
            "DELETE FROM lanes WHERE batch IN (SELECT batch FROM batches WHERE state <> 0 AND "
            "ready + delayed + running + waiting + done + failed + cancelled = 0) AND "
            "ready + delayed + running + waiting + done + failed + cancelled = 0")
        .run();
}

void remove_leftovers(Database& database, const contracts::PruneRequest& request,
                      contracts::PruneResult& result) {
    database.writer().write([&](WriteTransaction& transaction) {
        const auto before_ms = transaction.now_ms() - request.older_than.count();
        result.decisions +=
            transaction
                .prepare(
                    "DELETE FROM decisions WHERE decision IN (SELECT decision FROM decisions "
                    "WHERE at_ms <= ?1 ORDER BY decision LIMIT ?2)")
                .bind(1, before_ms)
                .bind(2, kDecisionLimit)
                .run();
        result.more = result.more || result.decisions == kDecisionLimit;
        result.registrations += forget_final_workers(transaction, request.older_than);
        remove_empty_lanes(transaction);
    });
}

std::unordered_set<std::string> referenced_files(Database& database) {
    std::unordered_set<std::string> names;
    const auto reader = database.reader();
    auto rows = reader->prepare(
        "SELECT file FROM payloads WHERE file IS NOT NULL UNION "
        "SELECT file FROM results WHERE file IS NOT NULL");
    while (rows.step()) {
        names.insert(rows.text(0));
    }
    return names;
}

void remove_files(Database& database, contracts::PruneResult& result) {
    // Read once, and only if there is an old file at all.
    std::optional<std::unordered_set<std::string>> referenced;
    result.result_files +=
        remove_unreferenced(database.data_folder(), kFileLimit, [&](const std::string& name) {
            if (!referenced) {
                referenced = referenced_files(database);
            }
            return referenced->contains(name);
        });
    result.more = result.result_files == static_cast<std::int64_t>(kFileLimit);
}

}  // namespace

contracts::PruneResult prune_store(Database& database, const contracts::PruneRequest& request) {
    contracts::PruneResult result;
    const Choice choice{.done = !request.keep_done,
                        .failed = !request.keep_failed,
                        .before_ms = base::count_ms(database.now()) - request.older_than.count()};
    remove_executions(database, choice, result);
    remove_leftovers(database, request, result);
    if (!result.more) {
        remove_files(database, result);
    }
    return result;
}

}  // namespace fleet::store::sqlite
