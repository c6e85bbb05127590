#include "common/store/sqlite/children.hpp"

#include <map>
#include <utility>

#include "common/contracts/commit_rules.hpp"
#include "common/contracts/trigger.hpp"
#include "common/store/sqlite/payloads.hpp"
#include "common/store/sqlite/rank.hpp"
#include "common/store/sqlite/sweeps.hpp"
#include "common/store/sqlite/waits.hpp"

namespace fleet::store::sqlite {

namespace {

using model::ChildKind;

/// As for pushed executions: room that the row gives back when it is claimed.
constexpr int kReserveBytes = 48;

struct Parent {
    std::int64_t seq = 0;
    std::int64_t root = 0;
    std::int64_t pool = 0;
    std::int64_t lane_batch = 0;
    std::int64_t batch = 0;
    std::int64_t rank = 0;
    std::int64_t item = 0;
    std::int64_t kin = 0;
};

/// Inserts the children of one commit; remembers their parents and lanes.
class Insertion {
  public:
    Insertion(WriteTransaction& transaction, const model::StepCommit& commit)
        : transaction_(transaction), commit_(commit) {}

    void run() {
        for (const auto& child : commit_.children) {
            insert(child);
        }
        for (const auto& [id, parent] : parents_) {
            transaction_.prepare("UPDATE executions SET kin = ?2 WHERE seq = ?1")
                .bind(1, parent.seq)
                .bind(2, parent.kin)
                .run();
        }
        if (last_seq_ != 0) {
            transaction_.prepare("UPDATE batches SET last_seq = max(last_seq, ?2) WHERE batch = ?1")
                .bind(1, batch_)
                .bind(2, last_seq_)
                .run();
            transaction_.notify(contracts::scaler_topic());
        }
    }

  private:
    Parent& parent_of(const model::NewChild& child) {
        const auto& id = child.parent.is_nil() ? commit_.lease.execution : child.parent;
        const auto [found, made] = parents_.try_emplace(id);
        if (made) {
            auto row = transaction_.prepare(
                "SELECT e.seq, coalesce(c.root, e.seq), l.pool, l.batch, e.batch, e.rank, e.item, "
                "e.kin FROM executions e JOIN lanes l USING (lane) "
                "LEFT JOIN children c ON c.seq = e.seq WHERE e.id = ?1");
            row.bind(1, id).step();
            found->second = {row.integer(0), row.integer(1), row.integer(2), row.integer(3),
                             row.integer(4), row.integer(5), row.integer(6), row.integer(7)};
        }
        return found->second;
    }

    std::int64_t lane_of(const Parent& parent, const model::NewChild& child) {
        const auto [found, made] = lanes_.try_emplace({parent.pool, child.stage}, 0);
        if (made) {
            found->second = lane_for(transaction_.connection(), parent.pool, child.stage,
                                     child.stage_rank, parent.lane_batch);
            std::string pool = transaction_.names().lane(found->second).pool;
            transaction_.notify(contracts::pool_topic(pool));
        }
        return found->second;
    }

    void insert(const model::NewChild& child) {
        Parent& parent = parent_of(child);
        const bool in_place = child.kind == ChildKind::in_place;
        const auto lane = lane_of(parent, child);
        parent.kin |= kHasChildren | (in_place ? kHadInPlace : 0);
        if (!insert_row(parent, child, lane)) {
            return;
        }
        const auto seq = transaction_.connection().last_insert_rowid();
        last_seq_ = seq;
        batch_ = parent.batch;
        if (child.input.size() > kInlineBytes) {
            put_payload(transaction_.connection(), seq, Payload::input, child.input);
        }
        insert_place(parent, child, seq);
        transaction_.counters().add(lane, 0, in_place ? Count::waiting : Count::ready);
    }

    bool insert_row(const Parent& parent, const model::NewChild& child, std::int64_t lane) {
        const bool in_place = child.kind == ChildKind::in_place;
        auto row = transaction_.prepare(
            "INSERT INTO executions (id, lane, batch, spec, status, ready, rank, item, "
            "max_attempts, token, begun, attempt, created_at_ms, input, kin, reserve) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, 0, ?10, ?11, ?12, zeroblob(?13)) "
            "ON CONFLICT (id) DO NOTHING");
        row.bind(1, child.id).bind(2, lane).bind(3, parent.batch).bind(4, child.spec);
        row.bind(5, static_cast<int>(in_place ? model::Status::waiting : model::Status::pending));
        row.bind(6, !in_place).bind(7, child_rank(priority_of(parent.rank))).bind(8, parent.item);
        row.bind(9, child.max_attempts).bind(10, transaction_.now_ms());
        if (child.input.size() <= kInlineBytes) {
            row.bind(11, child.input);
        }
        row.bind(12, kIsChild | (in_place ? kInPlace : 0));
        return row.bind(13, kReserveBytes).run() > 0;
    }

    void insert_place(const Parent& parent, const model::NewChild& child, std::int64_t seq) {
        transaction_
            .prepare(
                "INSERT INTO children (seq, parent, root, step, ordinal, kind, label) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
            .bind(1, seq)
            .bind(2, parent.seq)
            .bind(3, parent.root)
            .bind(4, child.step)
            .bind(5, child.ordinal)
            .bind(6, static_cast<int>(child.kind))
            .bind(7, child.label)
            .run();
    }

    WriteTransaction& transaction_;
    const model::StepCommit& commit_;
    std::map<model::ExecutionId, Parent> parents_;
    std::map<std::pair<std::int64_t, std::string>, std::int64_t> lanes_;
    std::int64_t batch_ = 0;
    std::int64_t last_seq_ = 0;
};

/// What ran inside its slot has nobody to go on with it.
void end_in_place(WriteTransaction& transaction, std::int64_t parent) {
    std::vector<std::int64_t> open;
    {
        auto rows = transaction.prepare(
            "SELECT c.seq FROM children c WHERE c.parent = ?1 AND c.kind = ?2 AND c.ended = 0");
        rows.bind(1, parent).bind(2, static_cast<int>(ChildKind::in_place));
        while (rows.step()) {
            open.push_back(rows.integer(0));
        }
    }
    for (const auto seq : open) {
        if (const auto row = find_row(transaction.connection(), seq)) {
            to_cancelled(transaction, *row);
        }
    }
}

}  // namespace

void check_children(WriteTransaction& transaction, const model::StepCommit& commit) {
    if (commit.children.empty() && commit.in_place.empty()) {
        return;
    }
    contracts::check_family(
        commit, [&](const model::ExecutionId& id) -> std::optional<contracts::InPlaceChild> {
            auto row = transaction.prepare(
                "SELECT p.id, c.step FROM executions e JOIN children c USING (seq) "
                "JOIN executions p ON p.seq = c.parent "
                "WHERE e.id = ?1 AND e.status = 2 AND (e.kin & 8) <> 0");
            if (!row.bind(1, id).step()) {
                return std::nullopt;
            }
            return contracts::InPlaceChild{row.uuid(0), row.integer(1)};
        });
}

void insert_children(WriteTransaction& transaction, const model::StepCommit& commit) {
    if (!commit.children.empty()) {
        Insertion{transaction, commit}.run();
    }
}

void detach_children(WriteTransaction& transaction, const model::StepCommit& commit) {
    for (const auto& step : commit.in_place) {
        if (!contracts::detaches(step.next)) {
            continue;
        }
        transaction
            .prepare(
                "UPDATE children SET kind = ?2 WHERE seq = "
                "(SELECT seq FROM executions WHERE id = ?1)")
            .bind(1, step.id)
            .bind(2, static_cast<int>(ChildKind::waited_for))
            .run();
        transaction.prepare("UPDATE executions SET kin = kin & ~?2 WHERE id = ?1")
            .bind(1, step.id)
            .bind(2, kInPlace)
            .run();
    }
}

void tell_family(WriteTransaction& transaction, const ExecutionRow& row, model::Status end) {
    if (row.is(kHasMail)) {
        transaction.prepare("DELETE FROM mail WHERE recipient = ?1").bind(1, row.seq).run();
    }
    if (row.is(kHasChildren) && row.status == model::Status::waiting) {
        drop_wait(transaction, row.seq);
    }
    if (row.is(kHadInPlace)) {
        end_in_place(transaction, row.seq);
    }
    if (row.is(kHasChildren) && end == model::Status::cancelled) {
        start_sweep(transaction, row.seq, kAllSteps);
    }
    if (row.is(kIsChild)) {
        note_child_end(transaction, row);
    }
}

}  // namespace fleet::store::sqlite
