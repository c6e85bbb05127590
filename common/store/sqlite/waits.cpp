#include "common/store/sqlite/waits.hpp"

#include "common/store/sqlite/rank.hpp"
#include "common/store/sqlite/sweeps.hpp"

namespace fleet::store::sqlite {

namespace {

constexpr int kWaitedFor = static_cast<int>(model::ChildKind::waited_for);

struct Wait {
    std::int64_t step = 0;
    model::WaitMode mode = model::WaitMode::settled;
    bool cancel_rest = false;
    std::int64_t open = 0;
};

std::optional<Wait> find_wait(WriteTransaction& transaction, std::int64_t parent) {
    auto row =
        transaction.prepare("SELECT step, mode, cancel_rest, open FROM waits WHERE parent = ?1");
    if (!row.bind(1, parent).step()) {
        return std::nullopt;
    }
    return Wait{.step = row.integer(0),
                .mode = static_cast<model::WaitMode>(row.integer(1)),
                .cancel_rest = row.integer(2) != 0,
                .open = row.integer(3)};
}

void wake_parent(WriteTransaction& transaction, const ExecutionRow& row, model::Woken woken) {
    if (is_cancelled(transaction, row)) {
        to_cancelled(transaction, row);
        return;
    }
    to_pending(transaction, row,
               {.lane = row.lane, .rank = resumed_rank(row.rank), .delay = {}, .woken = woken});
}

void end_wait(WriteTransaction& transaction, const ExecutionRow& row, const Wait& wait,
              model::Woken woken) {
    drop_wait(transaction, row.seq);
    wake_parent(transaction, row, woken);
    if (wait.cancel_rest && wait.open > 0) {
        start_sweep(transaction, row.seq, wait.step);
    }
}

void children_ended(WriteTransaction& transaction, std::int64_t parent, std::int64_t step,
                    std::int64_t count) {
    auto wait = find_wait(transaction, parent);
    if (!wait || wait->step != step) {
        return;
    }
    wait->open -= count;
    if (wait->open > 0 && wait->mode == model::WaitMode::settled) {
        transaction.prepare("UPDATE waits SET open = ?2 WHERE parent = ?1")
            .bind(1, parent)
            .bind(2, wait->open)
            .run();
        return;
    }
    if (const auto row = find_row(transaction.connection(), parent)) {
        // The wait was over then, even if nobody has looked since.
        const bool is_late = row->due_at_ms != 0 && row->due_at_ms <= transaction.now_ms();
        end_wait(transaction, *row, *wait,
                 is_late ? model::Woken::deadline : model::Woken::children);
    }
}

Wait count_siblings(WriteTransaction& transaction, std::int64_t parent,
                    const model::NextChildren& next, bool& any_ended) {
    auto row = transaction.prepare(
        "SELECT count(*), coalesce(sum(ended), 0) FROM children "
        "WHERE parent = ?1 AND step = ?2 AND kind = ?3");
    row.bind(1, parent).bind(2, next.step).bind(3, kWaitedFor).step();
    any_ended = row.integer(1) > 0;
    return Wait{.step = next.step,
                .mode = next.mode,
                .cancel_rest = next.cancel_rest,
                .open = row.integer(0) - row.integer(1)};
}

}  // namespace

void park_on_children(WriteTransaction& transaction, const ExecutionRow& row,
                      const model::NextChildren& next) {
    // The count sees who ended in this same operation: they must not be told again.
    transaction.ended_children().erase(row.seq);
    bool any_ended = false;
    const auto wait = count_siblings(transaction, row.seq, next, any_ended);
    if (wait.open == 0 || (next.mode == model::WaitMode::any && any_ended)) {
        end_wait(transaction, row, wait, model::Woken::children);
        return;
    }
    transaction
        .prepare(
            "INSERT OR REPLACE INTO waits (parent, step, mode, cancel_rest, open) "
            "VALUES (?1, ?2, ?3, ?4, ?5)")
        .bind(1, row.seq)
        .bind(2, wait.step)
        .bind(3, static_cast<int>(wait.mode))
        .bind(4, wait.cancel_rest)
        .bind(5, wait.open)
        .run();
    to_waiting(transaction, row, {}, next.deadline);
}

void note_child_end(WriteTransaction& transaction, const ExecutionRow& child) {
    std::int64_t parent = 0;
    std::int64_t step = 0;
    bool counted = false;
    {
        auto place = transaction.prepare(
            "SELECT parent, step, kind = ?2 AND ended = 0 FROM children WHERE seq = ?1");
        if (!place.bind(1, child.seq).bind(2, kWaitedFor).step()) {
            return;
        }
        parent = place.integer(0);
        step = place.integer(1);
        counted = place.integer(2) != 0;
    }
    transaction.prepare("UPDATE children SET ended = 1 WHERE seq = ?1").bind(1, child.seq).run();
    if (counted) {
        ++transaction.ended_children()[parent][step];
    }
}

void open_again(WriteTransaction& transaction, const ExecutionRow& child) {
    transaction.prepare("UPDATE children SET ended = 0 WHERE seq = ?1").bind(1, child.seq).run();
    transaction
        .prepare(
            "UPDATE waits SET open = open + 1 WHERE (parent, step) = "
            "(SELECT parent, step FROM children WHERE seq = ?1 AND kind = ?2)")
        .bind(1, child.seq)
        .bind(2, kWaitedFor)
        .run();
}

void deadline_of_wait(WriteTransaction& transaction, const ExecutionRow& row) {
    if (const auto wait = find_wait(transaction, row.seq)) {
        end_wait(transaction, row, *wait, model::Woken::deadline);
    } else {
        wake_parent(transaction, row, model::Woken::deadline);
    }
}

void drop_wait(WriteTransaction& transaction, std::int64_t parent) {
    transaction.prepare("DELETE FROM waits WHERE parent = ?1").bind(1, parent).run();
}

void settle_families(WriteTransaction& transaction) {
    auto& ended = transaction.ended_children();
    std::size_t left = kSweepLimit;
    // A parent that is woken may turn out to be cancelled, and what is swept ends and is told.
    while (!ended.empty() || (left > 0 && transaction.swept())) {
        while (!ended.empty()) {
            const auto parent = ended.extract(ended.begin());
            for (const auto& [step, count] : parent.mapped()) {
                children_ended(transaction, parent.key(), step, count);
            }
        }
        if (left > 0 && transaction.swept()) {
            left -= sweep(transaction, left);
        }
    }
}

}  // namespace fleet::store::sqlite
