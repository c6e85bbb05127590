#include "machines/expression/expression.hpp"

#include "machines/expression/errors.hpp"
#include "machines/expression/node.hpp"

namespace fleet::expression {
namespace {

const Value& no_value() {
    static const Value null;
    return null;
}

class Evaluator {
  public:
    explicit Evaluator(const Value& context) : context_(context) {}

    /// The value, either where it lies in the context or literal, or in `room`: no value is copied
    /// to be looked at.
    const Value& evaluate(const Node& node, Value& room) {
        switch (node.type) {
            case Node::Type::literal:
                return node.value;
            case Node::Type::context:
                return context_;
            case Node::Type::unknown:
                failed_ = &node;
                fail(ErrorKind::expression,
                     "there is no `" + node.name + "` here; conditions see only `context`");
            case Node::Type::member: {
                const Value& owner = evaluate(*node.operands[0], room);
                const Value* found = owner.find(node.name);
                return found == nullptr ? no_value() : keep(*found, room);
            }
            case Node::Type::all_of:
            case Node::Type::any_of:
            case Node::Type::none_of:
            case Node::Type::comparison:
                room = Value::boolean(test(node));
                return room;
            default:
                room = compute(node);
                return room;
        }
    }

    bool test(const Node& node) {
        switch (node.type) {
            case Node::Type::all_of:
                for (const auto& operand : node.operands) {
                    if (!test(*operand)) {
                        return false;
                    }
                }
                return true;
            case Node::Type::any_of:
                for (const auto& operand : node.operands) {
                    if (test(*operand)) {
                        return true;
                    }
                }
                return false;
            case Node::Type::none_of:
                return !test(*node.operands[0]);
            case Node::Type::comparison:
                return test_comparison(node);
            default: {
                Value room;
                return truthy(evaluate(node, room));
            }
        }
    }

    /// Where evaluation failed, if it did.
    [[nodiscard]] const Node* failed() const { return failed_; }

  private:
    /// A member of a value that lies in `room` must not outlive it there.
    static const Value& keep(const Value& found, Value& room) {
        if (room.is_dict()) {
            Value copy = found;
            room = std::move(copy);
            return room;
        }
        return found;
    }

    Value compute(const Node& node) {
        Value left_room;
        const Value& left = evaluate(*node.operands[0], left_room);
        if (node.type == Node::Type::sign) {
            failed_ = &node;
            return node.negative ? negate(left) : identity(left);
        }
        Value right_room;
        const Value& right = evaluate(*node.operands[1], right_room);
        failed_ = &node;
        return node.type == Node::Type::subscript ? subscript(left, right)
                                                  : calculate(node.arithmetic, left, right);
    }

    bool test_comparison(const Node& node) {
        Value left_room;
        const Value* left = &evaluate(*node.operands[0], left_room);
        for (std::size_t i = 0; i < node.comparisons.size(); ++i) {
            Value right_room;
            const Value& right = evaluate(*node.operands[i + 1], right_room);
            failed_ = &node;
            if (!compare(node.comparisons[i], *left, right)) {
                return false;
            }
            if (i + 1 < node.comparisons.size()) {
                Value copy = right;
                left_room = std::move(copy);
                left = &left_room;
            }
        }
        return true;
    }

    const Value& context_;
    const Node* failed_ = nullptr;
};

[[noreturn]] void explain(const EvaluationError& failure, const std::string& text,
                          const Node* where) {
    std::string message = "expression `" + excerpt(text) + "`";
    if (where != nullptr) {
        message += ", " + position_in(text, where->offset);
    }
    throw EvaluationError(failure.kind(), message + ": " + failure.what());
}

}  // namespace

Expression::Expression(std::string text, std::shared_ptr<const Node> root)
    : text_(std::move(text)), root_(std::move(root)) {}

Expression Expression::parse(std::string_view text) {
    const bool blank = text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
    return {std::string(text),
            blank ? nullptr : std::shared_ptr<const Node>(parse_expression(text))};
}

Value Expression::evaluate(const Value& context) const {
    if (root_ == nullptr) {
        return Value::boolean(true);
    }
    Evaluator evaluator(context);
    try {
        Value room;
        return evaluator.evaluate(*root_, room);
    } catch (const EvaluationError& failure) {
        explain(failure, text_, evaluator.failed());
    }
}

bool Expression::test(const Value& context) const {
    if (root_ == nullptr) {
        return true;
    }
    Evaluator evaluator(context);
    try {
        return evaluator.test(*root_);
    } catch (const EvaluationError& failure) {
        explain(failure, text_, evaluator.failed());
    }
}

}  // namespace fleet::expression
