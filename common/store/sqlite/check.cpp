#include "common/store/sqlite/check.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <map>
#include <string>

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/store/sqlite/counters.hpp"
#include "common/store/sqlite/large_files.hpp"
#include "common/store/sqlite/read_transaction.hpp"

namespace fleet::store::sqlite {

namespace {

using contracts::CheckFinding;

constexpr std::int64_t kMiB = 1 << 20;
/// A healthy WAL is a few MiB; one this large means that a reader has kept it from being reset.
constexpr std::int64_t kLargeWal = 256 * kMiB;
constexpr std::int64_t kLittleDisk = 256 * kMiB;
/// How many of the things that are wrong a finding names.
constexpr std::size_t kNamed = 5;

/// Collects examples and counts the rest.
class Examples {
  public:
    void add(const std::string& example) {
        if (++count_ <= kNamed) {
            text_ += (text_.empty() ? "" : "; ") + example;
        }
    }
    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] std::string text() const {
        return count_ <= kNamed ? text_
                                : text_ + "; and " + std::to_string(count_ - kNamed) + " more";
    }

  private:
    std::size_t count_ = 0;
    std::string text_;
};

CheckFinding check_integrity(Connection& connection) {
    Examples damage;
    // Not the quick one: only this compares the indexes, by which work is claimed, with the rows.
    auto row = connection.prepare("PRAGMA integrity_check(20)");
    while (row.step()) {
        if (row.view(0) != "ok") {
            damage.add(row.text(0));
        }
    }
    if (damage.empty()) {
        return {true, "integrity", "the database file is sound"};
    }
    return {false, "integrity",
            damage.text() + "; keep the file and restore a backup made by `fleet backup`"};
}

using Counts = std::array<std::int64_t, kCounts>;

/// Adds the rows' counts from a statement of (key, status, ready, count).
std::map<std::int64_t, Counts> counted_rows(Statement rows) {
    std::map<std::int64_t, Counts> counts;
    while (rows.step()) {
        const auto count =
            count_of(static_cast<model::Status>(rows.integer(1)), rows.integer(2) != 0);
        counts[rows.integer(0)][static_cast<std::size_t>(count)] += rows.integer(3);
    }
    return counts;
}

/// Compares with a statement of (key, name, the seven counters); what is equal is erased.
void compare_counts(Statement rows, std::map<std::int64_t, Counts> counted, const char* what,
                    Examples& wrong) {
    constexpr std::array names{"ready", "delayed", "running",  "waiting",
                               "done",  "failed",  "cancelled"};
    while (rows.step()) {
        const Counts& there = counted[rows.integer(0)];
        for (std::size_t i = 0; i < kCounts; ++i) {
            const auto kept = rows.integer(static_cast<int>(i) + 2);
            if (kept != there[i]) {
                wrong.add(std::string{what} + " " + rows.text(1) + " counts " +
                          std::to_string(kept) + " " + names[i] + ", there are " +
                          std::to_string(there[i]));
            }
        }
        counted.erase(rows.integer(0));
    }
    for (const auto& [key, counts] : counted) {
        wrong.add("executions are in " + std::string{what} + " " + std::to_string(key) +
                  ", which is not there");
    }
}

CheckFinding check_counters(Connection& connection) {
    Examples wrong;
    compare_counts(
        connection.prepare(
            "SELECT lane, name || '/' || stage, ready, delayed, running, waiting, done, failed, "
            "cancelled FROM lanes LEFT JOIN pools USING (pool) ORDER BY lane"),
        counted_rows(connection.prepare("SELECT lane, status, ready, count(*) FROM executions "
                                        "GROUP BY lane, status, ready")),
        "lane", wrong);
    compare_counts(
        connection.prepare("SELECT batch, name, ready, delayed, running, waiting, done, failed, "
                           "cancelled FROM batches ORDER BY batch"),
        counted_rows(connection.prepare("SELECT batch, status, ready, count(*) FROM executions "
                                        "WHERE batch <> 0 AND (kin & 1) = 0 "
                                        "GROUP BY batch, status, ready")),
        "batch", wrong);
    if (!wrong.empty()) {
        return {false, "counters",
                wrong.text() + "; report this together with a backup made by `fleet backup`"};
    }
    auto all = connection.prepare("SELECT count(*) FROM executions");
    all.step();
    return {true, "counters", std::to_string(all.integer(0)) + " executions, all counted"};
}

/// Parents wait for exactly the children that are open, and who waits can be woken.
CheckFinding check_families(Connection& connection) {
    Examples wrong;
    auto waits = connection.prepare(
        "SELECT lower(hex(e.id)), w.open, (SELECT count(*) FROM children c JOIN executions k "
        "USING (seq) WHERE c.parent = w.parent AND c.step = w.step AND c.kind = 0 "
        "AND k.status < 3), coalesce(e.status, 9) FROM waits w "
        "LEFT JOIN executions e ON e.seq = w.parent");
    std::int64_t parked = 0;
    while (waits.step()) {
        ++parked;
        if (waits.integer(1) != waits.integer(2) || waits.integer(3) != 2) {
            wrong.add("execution " + waits.text(0) + " waits for " + waits.text(1) + " children, " +
                      waits.text(2) + " are open");
        }
    }
    auto stuck = connection.prepare(
        "SELECT lower(hex(id)) FROM executions e WHERE status = 2 AND (kin & 8) = 0 "
        "AND channel IS NULL AND due_at_ms IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM waits WHERE parent = e.seq)");
    while (stuck.step()) {
        wrong.add("execution " + stuck.text(0) + " waits for nothing");
    }
    auto places = connection.prepare(
        "SELECT lower(hex(k.id)) FROM children c JOIN executions k USING (seq) "
        "WHERE c.ended <> (k.status > 2)");
    while (places.step()) {
        wrong.add("child " + places.text(0) + " has ended for one of its two rows only");
    }
    auto kin = connection.prepare(
        "SELECT lower(hex(id)) FROM executions e WHERE ((kin & 1) <> 0) <> "
        "EXISTS (SELECT 1 FROM children c WHERE c.seq = e.seq)");
    while (kin.step()) {
        wrong.add("execution " + kin.text(0) + " is a child for one of its two rows only");
    }
    if (!wrong.empty()) {
        return {false, "families",
                wrong.text() + "; report this together with a backup made by `fleet backup`"};
    }
    auto sweeps = connection.prepare("SELECT count(*) FROM sweeps");
    sweeps.step();
    return {true, "families",
            std::to_string(parked) + " parents wait for children, " +
                std::to_string(sweeps.integer(0)) + " subtrees are being cancelled"};
}

CheckFinding check_leases(Connection& connection) {
    Examples orphans;
    auto rows = connection.prepare(
        "SELECT e.owner, w.worker_id, w.status, count(*) FROM executions e "
        "LEFT JOIN worker_registry w ON w.number = e.owner WHERE e.owner IS NOT NULL AND "
        "(w.number IS NULL OR w.status IN ('terminated', 'lost')) GROUP BY e.owner");
    while (rows.step()) {
        const auto held = std::to_string(rows.integer(3));
        orphans.add(rows.is_null(1)
                        ? "registration " + std::to_string(rows.integer(0)) +
                              " is gone and holds " + held
                        : "worker " + rows.text(1) + " is " + rows.text(2) + " and holds " + held);
    }
    rows.reset();
    if (!orphans.empty()) {
        return {false, "orphaned leases",
                orphans.text() + "; a scaler or the next claim hands them back"};
    }
    auto all = connection.prepare("SELECT count(*) FROM executions WHERE owner IS NOT NULL");
    all.step();
    return {true, "orphaned leases",
            std::to_string(all.integer(0)) + " leases, all with a live owner"};
}

CheckFinding check_clock(Connection& connection, const Database& database) {
    auto row =
        connection.prepare("SELECT boot_id, last_tick_ms, gap_end_ms FROM clock WHERE id = 1");
    if (!row.step()) {
        return {false, "clock", "the row of the store's clock is missing; open the store again"};
    }
    const auto now = database.now();
    const auto ahead = base::store_time(row.integer(1)) - now;
    if (row.view(0) != database.clock().boot_id()) {
        return {false, "clock",
                "the clock's base is of another boot of this machine; end all processes that have "
                "the store open and open it again"};
    }
    if (ahead > kClockGap) {
        return {false, "clock",
                "the last tick is " + base::human_duration(ahead) +
                    " ahead of now; leases are judged that much too late"};
    }
    const auto wall = database.clock().wall_now().time_since_epoch() - now.time_since_epoch();
    auto detail = "store time " + base::iso8601(now) + ", " +
                  base::human_duration(std::chrono::abs(wall)) +
                  (wall < wall.zero() ? " ahead of" : " behind") + " the wall clock";
    if (row.integer(2) != 0) {
        detail += ", last gap ended " +
                  base::human_duration(now - base::store_time(row.integer(2))) + " ago";
    }
    return {true, "clock", detail};
}

/// By name only: opening the file would drop this process's locks when it is closed again.
CheckFinding check_wal(const Database& database) {
    struct stat info {};
    const auto file = database.url().path + "-wal";
    const std::int64_t bytes = ::stat(file.c_str(), &info) == 0 ? info.st_size : 0;
    auto detail = std::to_string(bytes / kMiB) + " MiB";
    if (bytes > kLargeWal) {
        detail += "; a process reads for a long time or is stopped: end it, the file shrinks then";
    }
    return {bytes <= kLargeWal, "wal size", detail};
}

CheckFinding check_disk(const Database& database) {
    struct statvfs info {};
    const auto folder = std::filesystem::path{database.url().path}.parent_path();
    if (::statvfs(folder.c_str(), &info) != 0) {
        return {false, "free disk", base::describe_errno("looking at " + folder.string(), errno)};
    }
    const auto free =
        static_cast<std::int64_t>(info.f_bavail) * static_cast<std::int64_t>(info.f_frsize);
    auto detail = std::to_string(free / kMiB) + " MiB free in " + folder.string();
    if (free < kLittleDisk) {
        detail += "; free some space, or remove history with `fleet prune`";
    }
    return {free >= kLittleDisk, "free disk", detail};
}

CheckFinding check_result_files(Connection& connection, const Database& database) {
    Examples missing;
    std::int64_t count = 0;
    auto rows = connection.prepare(
        "SELECT file FROM payloads WHERE file IS NOT NULL UNION "
        "SELECT file FROM results WHERE file IS NOT NULL");
    while (rows.step()) {
        ++count;
        struct stat info {};
        const auto file = database.data_folder() / rows.text(0);
        if (::stat(file.c_str(), &info) != 0) {
            missing.add(file.string() + " is missing");
        }
    }
    if (!missing.empty()) {
        return {false, "result files",
                missing.text() + "; put them back from a backup, or requeue the executions"};
    }
    return {true, "result files", std::to_string(count) + " files, all there"};
}

}  // namespace

std::vector<CheckFinding> check_store(Database& database) {
    const auto reader = database.reader();
    auto& connection = reader->connection();
    std::vector<CheckFinding> findings;
    try {
        findings.push_back(check_integrity(connection));
        const ReadTransaction one_state{connection};
        findings.push_back(check_counters(connection));
        findings.push_back(check_leases(connection));
        findings.push_back(check_families(connection));
        findings.push_back(check_clock(connection, database));
        findings.push_back(check_result_files(connection, database));
    } catch (const base::StoreError& failure) {
        if (failure.kind() != base::StoreError::Kind::corrupt) {
            throw;
        }
        findings.push_back({false, "integrity", failure.full_text()});
    }
    findings.push_back(check_wal(database));
    findings.push_back(check_disk(database));
    return findings;
}

}  // namespace fleet::store::sqlite
