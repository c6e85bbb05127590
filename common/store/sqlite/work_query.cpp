#include <algorithm>
#include <limits>
#include <unordered_map>

#include "common/model/error_prefix.hpp"
#include "common/store/sqlite/execution_row.hpp"
#include "common/store/sqlite/lookup.hpp"
#include "common/store/sqlite/payloads.hpp"
#include "common/store/sqlite/rank.hpp"
#include "common/store/sqlite/work.hpp"

namespace fleet::store::sqlite {

namespace {

using contracts::ErrorGroup;
using contracts::ExecutionFilter;
using contracts::ExecutionPage;

#define FLEET_EXECUTION_COLUMNS                                                                  \
    "seq, id, batch, lane, status, item, rank, attempt, failures, transient, rate_limited, "     \
    "lost_worker, takeovers, releases, max_attempts, created_at_ms, started_at_ms, "             \
    "finished_at_ms, due_at_ms, coalesce(owner, last_owner), channel, spec, error_kind, error, " \
    "evidence, unique_key, cancel, poisoned, begun, kin, error_type "

/// The filters that every access path shares; ?1..?6 as bound by bind_filter.
#define FLEET_EXECUTION_FILTER                                                          \
    "AND ((1 << iif(status = 2 AND (kin & 8) <> 0, 1, status)) & ?3) <> 0 "             \
    "AND (?4 < 0 OR batch = ?4) AND (?9 = 0 OR (kin & 1) = 0) "                         \
    "AND (?5 < 0 OR error_kind = ?5) AND (?6 = 0 OR coalesce(owner, last_owner) = ?6) " \
    "AND (?7 = 0 OR lane IN (SELECT lane FROM lanes WHERE pool = ?7)) "

std::optional<base::StoreTime> optional_time(const Statement& row, int column) {
    if (row.is_null(column)) {
        return std::nullopt;
    }
    return base::store_time(row.integer(column));
}

/// Reads one row; payloads are added by add_payloads.
class ExecutionReader {
  public:
    ExecutionReader(Connection& connection, const std::filesystem::path& folder,
                    base::StoreTime now)
        : connection_(connection), folder_(folder), names_(connection), now_(now) {}

    model::Execution read(const Statement& row) {
        const auto small = [&row](int column) { return static_cast<int>(row.integer(column)); };
        model::Execution one;
        one.id = row.uuid(1);
        one.batch = names_.batch(row.integer(2));
        const auto& lane = names_.lane(row.integer(3));
        one.pool = lane.pool;
        one.stage = lane.stage;
        one.status = static_cast<model::Status>(row.integer(4));
        one.item_number = row.integer(5);
        one.priority = priority_of(row.integer(6));
        one.counters = {.attempt = small(7),
                        .failures = small(8),
                        .transient = small(9),
                        .rate_limited = small(10),
                        .lost_worker = small(11),
                        .takeovers = small(12),
                        .releases = small(13)};
        one.max_attempts = small(14);
        one.created_at = base::store_time(row.integer(15));
        one.started_at = optional_time(row, 16);
        one.finished_at = optional_time(row, 17);
        if (const auto due = optional_time(row, 18)) {
            one.due_in = std::max(*due - now_, base::Millis{0});
        }
        one.worker_id = names_.worker(row.integer(19)).worker_id;
        one.channel = row.text(20);
        one.spec = row.integer(21);
        if (!row.is_null(22)) {
            one.error =
                model::ExecutionError{.kind = static_cast<model::ErrorKind>(row.integer(22)),
                                      .message = row.text(23),
                                      .evidence = row.text(24),
                                      .type = row.text(30)};
        }
        one.unique_key = row.text(25);
        one.cancel_requested = row.integer(26) != 0;
        one.poisoned = row.integer(27) != 0;
        one.root = one.id;
        if (const auto kin = row.integer(29); kin != 0) {
            if ((kin & kInPlace) != 0 && one.status == model::Status::waiting) {
                one.status = model::Status::running;
            }
            add_family(one, row.integer(0), kin);
        }
        return one;
    }

    void add_payloads(model::Execution& one, std::int64_t seq) {
        auto row = connection_.prepare(
            "SELECT input, output, attempt_record FROM executions WHERE seq = ?1");
        if (!row.bind(1, seq).step()) {
            return;
        }
        one.input =
            row.is_null(0) ? get_payload(connection_, folder_, seq, Payload::input) : row.text(0);
        if (one.status == model::Status::done) {
            one.output = row.is_null(1) ? get_payload(connection_, folder_, seq, Payload::output)
                                        : row.text(1);
        }
        if (!row.is_null(2)) {
            one.last_attempt = model::attempt_from_json(row.text(2));
        }
    }

    Names& names() { return names_; }

  private:
    void add_family(model::Execution& one, std::int64_t seq, std::int64_t kin) {
        if ((kin & kIsChild) != 0) {
            auto place = connection_.prepare(
                "SELECT (SELECT id FROM executions p WHERE p.seq = c.parent), "
                "(SELECT id FROM executions r WHERE r.seq = c.root), label FROM children c "
                "WHERE c.seq = ?1");
            if (place.bind(1, seq).step()) {
                one.parent = place.uuid(0);
                one.root = place.uuid(1);
                one.label = place.text(2);
            }
        }
        if ((kin & kHasChildren) != 0) {
            auto wait = connection_.prepare("SELECT open FROM waits WHERE parent = ?1");
            one.children_open = wait.bind(1, seq).step() ? wait.integer(0) : 0;
        }
    }

    Connection& connection_;
    const std::filesystem::path& folder_;
    Names names_;
    base::StoreTime now_;
};

int status_mask(const std::vector<model::Status>& statuses) {
    if (statuses.empty()) {
        return 0x3f;
    }
    int mask = 0;
    for (const auto status : statuses) {
        mask |= 1 << static_cast<int>(status);
    }
    return mask;
}

struct Range {
    std::int64_t first = 0;
    std::int64_t last = std::numeric_limits<std::int64_t>::max();
};

// Who waits has a channel, a time, or children that it waits for.
#define FLEET_WAITING                                                                      \
    "(SELECT seq FROM executions INDEXED BY executions_channel WHERE channel IS NOT NULL " \
    "UNION ALL SELECT seq FROM executions INDEXED BY executions_due "                      \
    "WHERE due_at_ms IS NOT NULL AND status = 2 AND channel IS NULL "                      \
    "UNION ALL SELECT parent FROM waits) "

/// The literal for the cheapest way to the rows: children, failed, owned and waiting ones have an
/// index.
const char* statement_for(const ExecutionFilter& filter) {
    const auto only = [&filter](model::Status status) {
        return filter.statuses.size() == 1 && filter.statuses.front() == status;
    };
    // The `+` keeps the range of sequence numbers from being taken for the cheaper way.
    if (!filter.parent.is_nil()) {
        return filter.newest_first ? "SELECT " FLEET_EXECUTION_COLUMNS
                                     "FROM executions WHERE seq IN (SELECT seq FROM children "
                                     "INDEXED BY children_place WHERE parent = ?10) "
                                     "AND +seq BETWEEN ?1 AND ?2 " FLEET_EXECUTION_FILTER
                                     "ORDER BY seq DESC LIMIT ?8"
                                   : "SELECT " FLEET_EXECUTION_COLUMNS
                                     "FROM executions WHERE seq IN (SELECT seq FROM children "
                                     "INDEXED BY children_place WHERE parent = ?10) "
                                     "AND +seq BETWEEN ?1 AND ?2 " FLEET_EXECUTION_FILTER
                                     "ORDER BY seq LIMIT ?8";
    }
    if (only(model::Status::waiting)) {
        return filter.newest_first
                   ? "SELECT " FLEET_EXECUTION_COLUMNS "FROM executions WHERE seq IN " FLEET_WAITING
                     "AND +seq BETWEEN ?1 AND ?2 " FLEET_EXECUTION_FILTER
                     "ORDER BY seq DESC LIMIT ?8"
                   : "SELECT " FLEET_EXECUTION_COLUMNS "FROM executions WHERE seq IN " FLEET_WAITING
                     "AND +seq BETWEEN ?1 AND ?2 " FLEET_EXECUTION_FILTER "ORDER BY seq LIMIT ?8";
    }
    if (only(model::Status::failed)) {
        return filter.newest_first
                   ? "SELECT " FLEET_EXECUTION_COLUMNS
                     "FROM executions INDEXED BY executions_failed WHERE status = 4 "
                     "AND seq BETWEEN ?1 AND ?2 " FLEET_EXECUTION_FILTER
                     "ORDER BY seq DESC LIMIT ?8"
                   : "SELECT " FLEET_EXECUTION_COLUMNS
                     "FROM executions INDEXED BY executions_failed WHERE status = 4 "
                     "AND seq BETWEEN ?1 AND ?2 " FLEET_EXECUTION_FILTER "ORDER BY seq LIMIT ?8";
    }
    // In-place children have no owner: roots are never such.
    if (only(model::Status::running) && filter.roots_only) {
        return filter.newest_first
                   ? "SELECT " FLEET_EXECUTION_COLUMNS
                     "FROM executions INDEXED BY executions_owned WHERE owner IS NOT NULL "
                     "AND seq BETWEEN ?1 AND ?2 " FLEET_EXECUTION_FILTER
                     "ORDER BY seq DESC LIMIT ?8"
                   : "SELECT " FLEET_EXECUTION_COLUMNS
                     "FROM executions INDEXED BY executions_owned WHERE owner IS NOT NULL "
                     "AND seq BETWEEN ?1 AND ?2 " FLEET_EXECUTION_FILTER "ORDER BY seq LIMIT ?8";
    }
    return filter.newest_first
               ? "SELECT " FLEET_EXECUTION_COLUMNS
                 "FROM executions WHERE seq BETWEEN ?1 AND ?2 " FLEET_EXECUTION_FILTER
                 "ORDER BY seq DESC LIMIT ?8"
               : "SELECT " FLEET_EXECUTION_COLUMNS
                 "FROM executions WHERE seq BETWEEN ?1 AND ?2 " FLEET_EXECUTION_FILTER
                 "ORDER BY seq LIMIT ?8";
}

std::optional<Range> range_of(Connection& connection, const ExecutionFilter& filter,
                              std::int64_t& batch) {
    Range range;
    batch = -1;
    if (filter.batch) {
        batch = 0;
        if (!filter.batch->empty()) {
            const auto found = find_batch(connection, *filter.batch);
            if (!found) {
                return std::nullopt;
            }
            batch = found->number;
            range = {found->first_seq, found->last_seq};
        }
    }
    if (filter.after != 0) {
        if (filter.newest_first) {
            range.last = std::min(range.last, filter.after - 1);
        } else {
            range.first = std::max(range.first, filter.after + 1);
        }
    }
    return range;
}

std::int64_t worker_number(Connection& connection, const std::string& worker_id) {
    if (worker_id.empty()) {
        return 0;
    }
    auto row = connection.prepare("SELECT number FROM worker_registry WHERE worker_id = ?1");
    return row.bind(1, worker_id).step() ? row.integer(0) : -1;
}

struct Found {
    std::int64_t seq;
    model::Execution execution;
};

std::vector<Found> find_rows(Reader& reader, ExecutionReader& executions,
                             const ExecutionFilter& filter) {
    std::vector<Found> found;
    std::int64_t batch = -1;
    const auto range = range_of(reader.connection(), filter, batch);
    std::int64_t pool = 0;
    if (!filter.pool.empty()) {
        const auto row = find_pool(reader.connection(), filter.pool);
        pool = row ? row->number : -1;
    }
    std::int64_t parent = 0;
    if (!filter.parent.is_nil()) {
        auto row = reader.prepare("SELECT seq FROM executions WHERE id = ?1");
        parent = row.bind(1, filter.parent).step() ? row.integer(0) : -1;
    }
    if (!range || pool < 0) {
        return found;
    }
    auto rows = reader.prepare(statement_for(filter));
    rows.bind(1, range->first).bind(2, range->last).bind(3, status_mask(filter.statuses));
    rows.bind(4, batch).bind(5, filter.error_kind ? static_cast<int>(*filter.error_kind) : -1);
    rows.bind(6, worker_number(reader.connection(), filter.worker_id)).bind(7, pool);
    rows.bind(8, filter.limit).bind(9, filter.roots_only && filter.parent.is_nil());
    if (!filter.parent.is_nil()) {
        rows.bind(10, parent);
    }
    while (rows.step()) {
        found.push_back({rows.integer(0), executions.read(rows)});
    }
    return found;
}

std::optional<Found> find_one(Reader& reader, ExecutionReader& executions,
                              const model::ExecutionId& id) {
    auto row = reader.prepare("SELECT " FLEET_EXECUTION_COLUMNS "FROM executions WHERE id = ?1");
    if (!row.bind(1, id).step()) {
        return std::nullopt;
    }
    return Found{row.integer(0), executions.read(row)};
}

}  // namespace

std::optional<model::Execution> SqliteWork::get(const model::ExecutionId& id) {
    const auto reader = database_.reader();
    ExecutionReader executions{reader->connection(), database_.data_folder(), database_.now()};
    auto found = find_one(*reader, executions, id);
    if (!found) {
        return std::nullopt;
    }
    executions.add_payloads(found->execution, found->seq);
    return std::move(found->execution);
}

ExecutionPage SqliteWork::find(const ExecutionFilter& filter) {
    const auto reader = database_.reader();
    ExecutionReader executions{reader->connection(), database_.data_folder(), database_.now()};
    ExecutionPage page;
    std::vector<Found> found;
    if (filter.ids.empty()) {
        found = find_rows(*reader, executions, filter);
        page.next = found.size() >= filter.limit ? found.back().seq : 0;
    } else {
        for (const auto& id : filter.ids) {
            if (auto one = find_one(*reader, executions, id)) {
                found.push_back(std::move(*one));
            }
        }
    }
    for (auto& one : found) {
        if (filter.with_payloads) {
            executions.add_payloads(one.execution, one.seq);
        }
        page.executions.push_back(std::move(one.execution));
    }
    return page;
}

std::vector<model::Attempt> SqliteWork::attempts(const model::ExecutionId& id) {
    const auto reader = database_.reader();
    std::vector<model::Attempt> attempts;
    auto row = reader->prepare(
        "SELECT seq, attempt_record, begun AND status = 1, attempt, started_at_ms, owner "
        "FROM executions WHERE id = ?1");
    if (!row.bind(1, id).step()) {
        return attempts;
    }
    {
        auto earlier =
            reader->prepare("SELECT record FROM attempts WHERE seq = ?1 ORDER BY attempt");
        earlier.bind(1, row.integer(0));
        while (earlier.step()) {
            attempts.push_back(model::attempt_from_json(earlier.text(0)));
        }
    }
    if (!row.is_null(1)) {
        attempts.push_back(model::attempt_from_json(row.text(1)));
    }
    const auto number = static_cast<int>(row.integer(3));
    if (row.integer(2) != 0 && (attempts.empty() || attempts.back().number < number)) {
        Names names{reader->connection()};
        const auto& worker = names.worker(row.integer(5));
        model::Attempt running;
        running.number = number;
        running.worker_id = worker.worker_id;
        running.host = worker.host;
        running.started_at = base::store_time(row.integer(4));
        attempts.push_back(std::move(running));
    }
    return attempts;
}

std::vector<ErrorGroup> SqliteWork::errors(const std::string& batch, std::size_t limit) {
    const auto reader = database_.reader();
    std::int64_t number = 0;
    if (!batch.empty()) {
        const auto found = find_batch(reader->connection(), batch);
        if (!found) {
            return {};
        }
        number = found->number;
    }
    std::unordered_map<std::string, ErrorGroup> groups;
    auto rows = reader->prepare(
        "SELECT id, error_kind, error FROM executions INDEXED BY executions_failed "
        "WHERE status = 4 AND (?1 = 0 OR batch = ?1) AND (kin & 1) = 0");
    rows.bind(1, number);
    while (rows.step()) {
        const auto kind = static_cast<model::ErrorKind>(rows.integer(1));
        const auto prefix = model::error_prefix(rows.view(2));
        auto& group = groups[std::string{to_text(kind)} + '\n' + prefix];
        if (group.count++ == 0) {
            group.kind = kind;
            group.prefix = prefix;
            group.example = rows.uuid(0);
        }
    }
    std::vector<ErrorGroup> result;
    for (auto& [key, group] : groups) {
        result.push_back(std::move(group));
    }
    std::sort(result.begin(), result.end(), [](const ErrorGroup& one, const ErrorGroup& other) {
        return std::tie(other.count, one.prefix) < std::tie(one.count, other.prefix);
    });
    result.resize(std::min(result.size(), limit));
    return result;
}

}  // namespace fleet::store::sqlite
