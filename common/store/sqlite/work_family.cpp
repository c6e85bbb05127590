#include <utility>
#include <vector>

#include "common/base/errors.hpp"
#include "common/store/sqlite/execution_row.hpp"
#include "common/store/sqlite/payloads.hpp"
#include "common/store/sqlite/read_transaction.hpp"
#include "common/store/sqlite/work.hpp"

namespace fleet::store::sqlite {

namespace {

using model::ChildState;
using model::Status;

constexpr std::size_t kMostChildren = 10'000;

Status shown_status(std::int64_t status, std::int64_t kin) {
    const auto stored = static_cast<Status>(status);
    return stored == Status::waiting && (kin & kInPlace) != 0 ? Status::running : stored;
}

/// The text of a column that may stand among the payloads: `absent` tells which value says so.
std::string text_or_payload(Connection& connection, const Database& database, const Statement& row,
                            int column, std::int64_t seq, Payload kind) {
    const bool elsewhere = kind == Payload::snapshot
                               ? !row.is_null(column) && row.view(column).empty()
                               : row.is_null(column);
    return elsewhere ? get_payload(connection, database.data_folder(), seq, kind)
                     : row.text(column);
}

/// Columns: id, ordinal, kind, status, kin, label, spec, error_kind, error, evidence, error_type,
/// output, snapshot, input, seq, finished_at_ms.
ChildState read_child(Connection& connection, const Database& database, const Statement& row) {
    ChildState child;
    child.id = row.uuid(0);
    child.ordinal = row.integer(1);
    child.kind = static_cast<model::ChildKind>(row.integer(2));
    child.status = shown_status(row.integer(3), row.integer(4));
    child.label = row.text(5);
    child.spec = row.integer(6);
    const auto seq = row.integer(14);
    if (!row.is_null(15)) {
        child.finished_at = base::store_time(row.integer(15));
    }
    if (child.status == Status::done) {
        child.output = text_or_payload(connection, database, row, 11, seq, Payload::output);
    } else if (!row.is_null(7)) {
        child.error = model::ExecutionError{.kind = static_cast<model::ErrorKind>(row.integer(7)),
                                            .message = row.text(8),
                                            .evidence = row.text(9),
                                            .type = row.text(10)};
    }
    if (child.kind == model::ChildKind::in_place && !model::is_terminal(child.status)) {
        child.snapshot = text_or_payload(connection, database, row, 12, seq, Payload::snapshot);
        child.input = text_or_payload(connection, database, row, 13, seq, Payload::input);
    }
    return child;
}

/// Lists a subtree depth first, one level's cursor at a time.
class TreeWalk {
  public:
    TreeWalk(Connection& connection, std::size_t limit) : connection_(connection), limit_(limit) {}

    model::Tree run(const model::ExecutionId& top) {
        std::int64_t seq = 0;
        {
            auto row = connection_.prepare("SELECT seq FROM executions WHERE id = ?1");
            if (!row.bind(1, top).step()) {
                return {};
            }
            seq = row.integer(0);
        }
        const auto all = count(seq);
        add(seq, 0);
        levels_.push_back({.parent = seq, .step = -1, .ordinal = -1});
        while (!levels_.empty() && tree_.nodes.size() < limit_) {
            if (const auto child = next_child()) {
                add(*child, static_cast<int>(levels_.size()));
                levels_.push_back({.parent = *child, .step = -1, .ordinal = -1});
            } else {
                levels_.pop_back();
            }
        }
        tree_.more = all - static_cast<std::int64_t>(tree_.nodes.size());
        return std::move(tree_);
    }

  private:
    struct Level {
        std::int64_t parent = 0;
        std::int64_t step = 0;
        std::int64_t ordinal = 0;
    };

    std::int64_t count(std::int64_t top) {
        auto row = connection_.prepare(
            "WITH RECURSIVE below (seq) AS (SELECT ?1 UNION ALL SELECT c.seq FROM below b "
            "JOIN children c ON c.parent = b.seq) SELECT count(*) FROM below");
        row.bind(1, top).step();
        return row.integer(0);
    }

    /// Of the deepest level; its cursor moves.
    std::optional<std::int64_t> next_child() {
        Level& level = levels_.back();
        auto row = connection_.prepare(
            "SELECT seq, step, ordinal FROM children WHERE parent = ?1 AND "
            "(step, ordinal) > (?2, ?3) ORDER BY step, ordinal LIMIT 1");
        row.bind(1, level.parent).bind(2, level.step).bind(3, level.ordinal);
        if (!row.step()) {
            return std::nullopt;
        }
        level.step = row.integer(1);
        level.ordinal = row.integer(2);
        return row.integer(0);
    }

    void add(std::int64_t seq, int depth) {
        auto row = connection_.prepare(
            "SELECT e.id, e.status, e.kin, l.stage, e.error_kind, p.id, c.label, c.step, "
            "c.ordinal, c.kind FROM executions e JOIN lanes l USING (lane) "
            "LEFT JOIN children c ON c.seq = e.seq LEFT JOIN executions p ON p.seq = c.parent "
            "WHERE e.seq = ?1");
        if (!row.bind(1, seq).step()) {
            return;
        }
        model::TreeNode node;
        node.id = row.uuid(0);
        node.depth = depth;
        node.status = shown_status(row.integer(1), row.integer(2));
        node.stage = row.text(3);
        const bool ended_badly = node.status == Status::failed || node.status == Status::cancelled;
        if (ended_badly && !row.is_null(4)) {
            node.error_kind = static_cast<model::ErrorKind>(row.integer(4));
        }
        if (!row.is_null(5)) {
            node.parent = row.uuid(5);
            node.label = row.text(6);
            node.step = row.integer(7);
            node.ordinal = row.integer(8);
            node.kind = static_cast<model::ChildKind>(row.integer(9));
        }
        tree_.nodes.push_back(std::move(node));
    }

    Connection& connection_;
    std::size_t limit_;
    model::Tree tree_;
    std::vector<Level> levels_;
};

}  // namespace

std::vector<ChildState> SqliteWork::children(const model::ExecutionId& parent, std::int64_t step,
                                             std::int64_t after_ordinal, std::size_t limit) {
    if (limit == 0 || limit > kMostChildren) {
        throw base::StoreError(base::StoreError::Kind::internal,
                               "reading " + std::to_string(limit) + " children of " +
                                   parent.text() + ": 1 to " + std::to_string(kMostChildren) +
                                   " are allowed in one call");
    }
    const auto reader = database_.reader();
    auto rows = reader->prepare(
        "SELECT e.id, c.ordinal, c.kind, e.status, e.kin, c.label, e.spec, e.error_kind, e.error, "
        "e.evidence, e.error_type, e.output, e.snapshot, e.input, e.seq, e.finished_at_ms "
        "FROM children c CROSS JOIN executions e ON e.seq = c.seq "
        "WHERE c.parent = (SELECT seq FROM executions WHERE id = ?1) AND c.step = ?2 "
        "AND c.ordinal > ?3 ORDER BY c.ordinal LIMIT ?4");
    rows.bind(1, parent).bind(2, step).bind(3, after_ordinal).bind(4, limit);
    std::vector<ChildState> children;
    while (rows.step()) {
        children.push_back(read_child(reader->connection(), database_, rows));
        children.back().step = step;
    }
    return children;
}

base::JsonText SqliteWork::resume_point(const model::ExecutionId& id) {
    const auto reader = database_.reader();
    auto row = reader->prepare("SELECT seq, snapshot FROM executions WHERE id = ?1");
    if (!row.bind(1, id).step() || row.is_null(1)) {
        return {};
    }
    return row.view(1).empty() ? get_payload(reader->connection(), database_.data_folder(),
                                             row.integer(0), Payload::snapshot)
                               : row.text(1);
}

model::Tree SqliteWork::tree(const model::ExecutionId& top, std::size_t limit) {
    const auto reader = database_.reader();
    const ReadTransaction one_state(reader->connection());
    return TreeWalk{reader->connection(), limit}.run(top);
}

}  // namespace fleet::store::sqlite
