#include "common/store/sqlite/sweeps.hpp"

#include <vector>

#include "common/contracts/trigger.hpp"

namespace fleet::store::sqlite {

namespace {

struct Sweep {
    std::int64_t parent = 0;
    std::int64_t step = 0;
    std::int64_t after_step = 0;
    std::int64_t after_ordinal = 0;
};

struct Found {
    std::int64_t seq = 0;
    std::int64_t step = 0;
    std::int64_t ordinal = 0;
};

std::optional<Sweep> first_sweep(WriteTransaction& transaction) {
    auto row = transaction.prepare(
        "SELECT parent, step, after_step, after_ordinal FROM sweeps WHERE parent > 0 "
        "ORDER BY parent, step LIMIT 1");
    if (!row.step()) {
        return std::nullopt;
    }
    return Sweep{row.integer(0), row.integer(1), row.integer(2), row.integer(3)};
}

std::vector<Found> next_children(WriteTransaction& transaction, const Sweep& sweep,
                                 std::size_t limit) {
    auto rows = transaction.prepare(
        "SELECT seq, step, ordinal FROM children WHERE parent = ?1 AND (step, ordinal) > (?2, ?3) "
        "AND ended = 0 AND (?4 < 0 OR (step = ?4 AND kind = 0)) ORDER BY step, ordinal LIMIT ?5");
    rows.bind(1, sweep.parent).bind(2, sweep.after_step).bind(3, sweep.after_ordinal);
    rows.bind(4, sweep.step).bind(5, limit);
    std::vector<Found> found;
    while (rows.step()) {
        found.push_back({rows.integer(0), rows.integer(1), rows.integer(2)});
    }
    return found;
}

void sweep_one(WriteTransaction& transaction, std::int64_t seq) {
    const auto row = find_row(transaction.connection(), seq);
    if (!row || model::is_terminal(row->status)) {
        return;
    }
    if (row->status == model::Status::running) {
        mark_cancelled(transaction, *row);
    } else {
        to_cancelled(transaction, *row);
    }
}

struct Place {
    std::int64_t parent = 0;
    std::int64_t step = 0;
    bool waited_for = false;
};

/// nullopt for a root.
std::optional<Place> place_of(WriteTransaction& transaction, std::int64_t child) {
    auto row = transaction.prepare("SELECT parent, step, kind = 0 FROM children WHERE seq = ?1");
    if (!row.bind(1, child).step()) {
        return std::nullopt;
    }
    return Place{
        .parent = row.integer(0), .step = row.integer(1), .waited_for = row.integer(2) != 0};
}

/// Others go on with what is left.
void hand_on(WriteTransaction& transaction, const Sweep& sweep) {
    if (const auto row = find_row(transaction.connection(), sweep.parent)) {
        transaction.notify(contracts::pool_topic(transaction.names().lane(row->lane).pool));
    }
}

}  // namespace

void start_sweep(WriteTransaction& transaction, std::int64_t parent, std::int64_t step) {
    transaction
        .prepare(
            "INSERT OR REPLACE INTO sweeps (parent, step, after_step, after_ordinal) "
            "VALUES (?1, ?2, -1, -1)")
        .bind(1, parent)
        .bind(2, step)
        .run();
    transaction.set_swept(true);
}

std::size_t sweep(WriteTransaction& transaction, std::size_t limit) {
    std::size_t swept = 0;
    while (const auto one = first_sweep(transaction)) {
        if (swept == limit) {
            hand_on(transaction, *one);
            return swept;
        }
        const auto children = next_children(transaction, *one, limit - swept);
        if (children.empty()) {
            transaction.prepare("DELETE FROM sweeps WHERE parent = ?1 AND step = ?2")
                .bind(1, one->parent)
                .bind(2, one->step)
                .run();
            continue;
        }
        transaction
            .prepare(
                "UPDATE sweeps SET after_step = ?3, after_ordinal = ?4 "
                "WHERE parent = ?1 AND step = ?2")
            .bind(1, one->parent)
            .bind(2, one->step)
            .bind(3, children.back().step)
            .bind(4, children.back().ordinal)
            .run();
        for (const auto& child : children) {
            sweep_one(transaction, child.seq);
        }
        swept += children.size();
    }
    transaction.set_swept(false);
    return swept;
}

bool has_sweeps(WriteTransaction& transaction) {
    return transaction.prepare("SELECT 1 FROM sweeps WHERE parent > 0 LIMIT 1").step();
}

bool is_below_sweep(WriteTransaction& transaction, std::int64_t child) {
    if (!has_sweeps(transaction)) {
        return false;
    }
    for (std::optional<Place> place = place_of(transaction, child); place;
         place = place_of(transaction, place->parent)) {
        auto row = transaction.prepare(
            "SELECT 1 FROM sweeps WHERE parent = ?1 AND (step < 0 OR (step = ?2 AND ?3))");
        row.bind(1, place->parent).bind(2, place->step).bind(3, place->waited_for);
        if (row.step()) {
            return true;
        }
    }
    return false;
}

}  // namespace fleet::store::sqlite
