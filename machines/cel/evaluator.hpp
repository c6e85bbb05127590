// Computes the value of a parsed expression, once. Not thread-safe; the program is only read.
#pragma once

#include <cstddef>
#include <vector>

#include "machines/cel/cel.hpp"
#include "machines/cel/node.hpp"
#include "machines/cel/values.hpp"

namespace fleet::cel {

class Evaluator {
  public:
    /// Both are borrowed.
    Evaluator(const Program& program, const Variables& variables)
        : variables_(variables), locals_(program.locals) {}

    /// The value, either where it lies in the variables or literals, or in `room`: no value is
    /// copied to be looked at.
    const Value& evaluate(const Node& node, Value& room);

    /// Where evaluation failed, if it did.
    [[nodiscard]] const Node* failed() const { return failed_; }

  private:
    const Value& select(const Node& node, Value& room);
    const Value& index(const Node& node, Value& room);
    const Value& variable(const Node& node) const;
    Value compute(const Node& node);
    bool has(const Node& node);
    bool test(const Node& node);
    /// A boolean that decides the others, or else that none does: && and || over the operands.
    bool joined(const Node& node, bool deciding);
    Value call(const Node& node);
    Value list(const Node& node);
    Value map(const Node& node);
    Value macro(const Node& node);
    bool macro_joined(const Node& node, const List& items, bool deciding);
    Value macro_collect(const Node& node, const List& items);
    /// The elements of a list, the keys of a map.
    const List& range(const Node& node, Value& room, List& keys);

    const Variables& variables_;
    std::vector<Value> locals_;
    Meter meter_;
    const Node* failed_ = nullptr;
};

}  // namespace fleet::cel
