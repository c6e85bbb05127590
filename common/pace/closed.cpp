#include "common/pace/closed.hpp"

#include "common/pace/budget.hpp"
#include "common/pace/circuit.hpp"
#include "common/pace/pace.hpp"

namespace fleet::pace {
namespace {

/// No call takes less.
constexpr model::BudgetSum kSmallestCall{.requests = 1, .tokens = 1, .cost_micros = 0};

}  // namespace

std::optional<model::Hold> closed(const model::Provider& row, const Moment& moment) {
    const base::StoreTime now = moment.store_now();
    // The stored row changes with its calls only.
    model::Circuit circuit = row.circuit;
    advance_circuit(circuit, now);
    if (circuit.state == model::CircuitState::open) {
        return circuit_hold(circuit, now);
    }
    if (row.pace.wait_until - now >= kLongPause) {
        return pause_hold(row.pace, now);
    }
    if (!row.rules.budget.any()) {
        return std::nullopt;
    }
    model::BudgetDay budget = row.budget;
    advance_day(budget, row.rules.budget, moment.wall);
    // What is held may come back, of the dead only when somebody asks for permits.
    budget.held = {};
    if (const auto text = refuses(budget, row.rules.budget, kSmallestCall)) {
        return model::Hold{model::HoldReason::budget, left_of_day(row.rules.budget, moment.wall),
                           *text};
    }
    return std::nullopt;
}

}  // namespace fleet::pace
