#include "common/store/memory/children.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/contracts/commit_rules.hpp"
#include "common/store/memory/executions.hpp"

namespace fleet::store::memory {
namespace {

using model::ChildKind;
using model::Status;

model::ExecutionError cancelled_error(const std::string& why) {
    return {model::ErrorKind::cancelled, why, {}};
}

/// The children of one step, or with nullopt of all, by step and ordinal.
std::vector<std::int64_t> below(const State& state, std::int64_t parent,
                                std::optional<std::int64_t> step) {
    std::vector<std::int64_t> found;
    const auto children = state.children.find(parent);
    if (children == state.children.end()) {
        return found;
    }
    for (const auto& [place, sequence] : children->second) {
        if (!step || place.first == *step) {
            found.push_back(sequence);
        }
    }
    return found;
}

struct Siblings {
    std::int64_t open = 0;
    std::int64_t ended = 0;
};

Siblings waited_for(const State& state, std::int64_t parent, std::int64_t step) {
    Siblings siblings;
    for (const std::int64_t sequence : below(state, parent, step)) {
        const Row& child = state.rows.at(sequence);
        if (child.kinship->kind == ChildKind::waited_for) {
            ++(model::is_terminal(child.status) ? siblings.ended : siblings.open);
        }
    }
    return siblings;
}

void cancel_one(Transaction& transaction, Row& row) {
    if (model::is_terminal(row.status)) {
        return;
    }
    if (row.status == Status::running) {
        row.cancel_requested = true;
        cancel_below(transaction, row);
    } else {
        make_terminal(transaction, row, Status::cancelled,
                      cancelled_error("cancelled with its parent"));
    }
}

void cancel_waited_for(Transaction& transaction, std::int64_t parent, std::int64_t step) {
    for (const std::int64_t sequence : below(transaction.state(), parent, step)) {
        Row& child = transaction.state().rows.at(sequence);
        if (child.kinship->kind == ChildKind::waited_for) {
            cancel_one(transaction, child);
        }
    }
}

void end_wait(Transaction& transaction, Row& row, model::Woken woken) {
    const std::optional<Wait> wait = row.wait;
    wake(transaction, row, woken);
    if (wait && wait->cancel_rest) {
        cancel_waited_for(transaction, row.sequence, wait->step);
    }
}

void tell_parent(Transaction& transaction, const Row& child) {
    Row& parent = transaction.state().rows.at(child.kinship->parent);
    if (child.kinship->kind != ChildKind::waited_for || !parent.wait ||
        parent.wait->step != child.kinship->step) {
        return;
    }
    --parent.wait->open;
    if (parent.wait->open == 0 || parent.wait->mode == model::WaitMode::any) {
        // The wait was over at its deadline, even if nobody has looked since.
        end_wait(transaction, parent,
                 is_late(transaction, parent) ? model::Woken::deadline : model::Woken::children);
    }
}

/// What ran inside its slot has nobody to go on with it.
void end_in_place(Transaction& transaction, const Row& row) {
    for (const std::int64_t sequence : below(transaction.state(), row.sequence, std::nullopt)) {
        Row& child = transaction.state().rows.at(sequence);
        if (child.in_place()) {
            make_terminal(transaction, child, Status::cancelled,
                          cancelled_error("its parent ended while it ran inside it"));
        }
    }
}

void insert_child(Transaction& transaction, const Row& committing, const model::NewChild& child) {
    State& state = transaction.state();
    if (state.sequences.contains(child.id)) {
        return;
    }
    Row& parent =
        child.parent.is_nil() ? state.rows.at(committing.sequence) : *find_row(state, child.parent);
    const Lane& lane = state.lanes[parent.lane];
    Row row;
    row.id = child.id;
    row.lane = lane_number(state, lane.pool, child.stage, lane.batch, child.stage_rank);
    row.batch = parent.batch;
    row.spec = child.spec;
    row.item_number = parent.item_number;
    row.priority = parent.priority;
    row.max_attempts = std::max(1, child.max_attempts);
    row.created_at = transaction.now();
    row.input = child.input;
    row.kinship = Kinship{parent.sequence, parent.kinship ? parent.kinship->root : parent.sequence,
                          child.step,      child.ordinal,
                          child.kind,      child.label};
    if (child.kind == ChildKind::in_place) {
        row.status = Status::waiting;
        row.ready = false;
        parent.has_in_place = true;
    }
    const std::int64_t above = parent.sequence;
    const std::int64_t sequence = insert_row(transaction, std::move(row)).sequence;
    state.children[above].emplace(std::pair{child.step, child.ordinal}, sequence);
}

}  // namespace

void check_children(State& state, const model::StepCommit& commit) {
    contracts::check_family(
        commit, [&state](const model::ExecutionId& id) -> std::optional<contracts::InPlaceChild> {
            const Row* row = find_row(state, id);
            if (row == nullptr || !row->in_place()) {
                return std::nullopt;
            }
            return contracts::InPlaceChild{state.rows.at(row->kinship->parent).id,
                                           row->kinship->step};
        });
}

void insert_children(Transaction& transaction, const Row& committing,
                     const model::StepCommit& commit) {
    for (const model::NewChild& child : commit.children) {
        insert_child(transaction, committing, child);
    }
}

void detach_children(State& state, const model::StepCommit& commit) {
    for (const model::InPlaceStep& step : commit.in_place) {
        if (contracts::detaches(step.next)) {
            find_row(state, step.id)->kinship->kind = ChildKind::waited_for;
        }
    }
}

void park_on_children(Transaction& transaction, Row& row, const model::NextChildren& next) {
    const Siblings siblings = waited_for(transaction.state(), row.sequence, next.step);
    row.signal.clear();
    const bool over =
        siblings.open == 0 || (next.mode == model::WaitMode::any && siblings.ended > 0);
    row.wait = Wait{next.step, next.mode, next.cancel_rest, siblings.open};
    if (over) {
        end_wait(transaction, row, model::Woken::children);
        return;
    }
    row.woken = model::Woken::none;
    alter_row(transaction, row, [&](Row& changed) {
        changed.status = Status::waiting;
        changed.owner.clear();
        changed.begun = false;
        if (next.deadline) {
            changed.due_at = transaction.now() + *next.deadline;
        }
    });
}

void deadline_passed(Transaction& transaction, Row& row) {
    end_wait(transaction, row, model::Woken::deadline);
}

void after_end(Transaction& transaction, Row& row) {
    State& state = transaction.state();
    state.mail.erase(state.mail.lower_bound({row.id, {}}),
                     state.mail.lower_bound({row.id, std::string(1, '\xff')}));
    end_in_place(transaction, row);
    if (row.status == Status::cancelled) {
        cancel_below(transaction, row);
    }
    if (row.kinship) {
        tell_parent(transaction, row);
    }
}

void cancel_below(Transaction& transaction, const Row& row) {
    for (const std::int64_t sequence : below(transaction.state(), row.sequence, std::nullopt)) {
        cancel_one(transaction, transaction.state().rows.at(sequence));
    }
}

void open_again(State& state, const Row& child) {
    if (!child.kinship || child.kinship->kind != ChildKind::waited_for) {
        return;
    }
    Row& parent = state.rows.at(child.kinship->parent);
    if (parent.wait && parent.wait->step == child.kinship->step) {
        ++parent.wait->open;
    }
}

bool is_needed(const State& state, const Row& row) {
    if (const auto children = state.children.find(row.sequence);
        children != state.children.end() && !children->second.empty()) {
        return true;
    }
    return row.kinship && !model::is_terminal(state.rows.at(row.kinship->parent).status);
}

std::vector<model::ChildState> children_of(State& state, const model::ExecutionId& parent,
                                           std::int64_t step, std::int64_t after_ordinal,
                                           std::size_t limit) {
    std::vector<model::ChildState> found;
    const Row* above = find_row(state, parent);
    const auto children =
        above == nullptr ? state.children.end() : state.children.find(above->sequence);
    if (children == state.children.end()) {
        return found;
    }
    for (auto at = children->second.upper_bound({step, after_ordinal});
         at != children->second.end() && at->first.first == step && found.size() < limit; ++at) {
        const Row& row = state.rows.at(at->second);
        model::ChildState child;
        child.id = row.id;
        child.step = step;
        child.ordinal = at->first.second;
        child.kind = row.kinship->kind;
        child.status = row.in_place() ? Status::running : row.status;
        child.finished_at = row.finished_at.value_or(base::StoreTime{});
        child.label = row.kinship->label;
        child.spec = row.spec;
        if (row.status == Status::done) {
            child.output = row.output;
        } else {
            child.error = row.error;
        }
        if (row.in_place()) {
            child.snapshot = row.snapshot;
            child.input = row.input;
        }
        found.push_back(std::move(child));
    }
    return found;
}

namespace {

void list_tree(const State& state, const Row& row, int depth, std::size_t limit,
               model::Tree& tree) {
    if (tree.nodes.size() < limit) {
        model::TreeNode node;
        node.id = row.id;
        node.depth = depth;
        node.stage = state.lanes[row.lane].stage;
        node.status = row.in_place() ? Status::running : row.status;
        if (row.kinship) {
            node.parent = state.rows.at(row.kinship->parent).id;
            node.label = row.kinship->label;
            node.step = row.kinship->step;
            node.ordinal = row.kinship->ordinal;
            node.kind = row.kinship->kind;
        }
        if (row.error && (row.status == Status::failed || row.status == Status::cancelled)) {
            node.error_kind = row.error->kind;
        }
        tree.nodes.push_back(std::move(node));
    } else {
        ++tree.more;
    }
    for (const std::int64_t sequence : below(state, row.sequence, std::nullopt)) {
        list_tree(state, state.rows.at(sequence), depth + 1, limit, tree);
    }
}

}  // namespace

model::Tree tree_of(State& state, const model::ExecutionId& top, std::size_t limit) {
    model::Tree tree;
    if (const Row* row = find_row(state, top)) {
        list_tree(state, *row, 0, limit, tree);
    }
    return tree;
}

}  // namespace fleet::store::memory
