#include "machines/cel/evaluator.hpp"

#include <array>
#include <optional>

#include "machines/expression/errors.hpp"

namespace fleet::cel {
namespace {

using expression::ErrorKind;
using expression::EvaluationError;
using expression::fail;

/// A part of a value that lies in `room` must not outlive it there.
const Value& keep(const Value& part, const Value& owner, Value& room) {
    if (&owner == &room) {
        Value copy = part;
        room = std::move(copy);
        return room;
    }
    return part;
}

/// The errors of operands of && and ||: forgotten when another operand decides.
class PutOff {
  public:
    explicit PutOff(Meter& meter) : meter_(meter) {}

    /// `run` gives the boolean; nullopt when it failed. Limits are not put off.
    template <typename Run>
    std::optional<bool> attempt(const Node*& failed, const Run& run) {
        try {
            return run();
        } catch (const EvaluationError& failure) {
            if (failure.kind() == ErrorKind::limit) {
                throw;
            }
            // As many as elements may fail, and each takes long to carry.
            meter_.charge(kSteps);
            if (!failure_) {
                failure_ = failure;
                where_ = failed;
            }
            return std::nullopt;
        }
    }
    void rethrow(const Node*& failed) const {
        if (failure_) {
            failed = where_;
            throw EvaluationError(*failure_);
        }
    }

  private:
    static constexpr std::size_t kSteps = 50;

    Meter& meter_;
    std::optional<EvaluationError> failure_;
    const Node* where_ = nullptr;
};

}  // namespace

const Value& Evaluator::evaluate(const Node& node, Value& room) {
    meter_.charge(1);
    switch (node.type) {
        case Node::Type::literal:
            return node.value;
        case Node::Type::variable:
            return variable(node);
        case Node::Type::local:
            return locals_[node.number];
        case Node::Type::select:
            return select(node, room);
        case Node::Type::index:
            return index(node, room);
        case Node::Type::conditional:
            return evaluate(*node.operands[test(*node.operands[0]) ? 1 : 2], room);
        default:
            room = compute(node);
            return room;
    }
}

const Value& Evaluator::variable(const Node& node) const {
    return node.number == 0   ? variables_.context
           : node.number == 1 ? variables_.input
                              : variables_.output;
}

const Value& Evaluator::select(const Node& node, Value& room) {
    const Value& owner = evaluate(*node.operands[0], room);
    failed_ = &node;
    if (type_of(owner) != Type::map) {
        fail(ErrorKind::type, "no_such_overload: a value of type " +
                                  std::string(name_of(type_of(owner))) + " has no field '" +
                                  expression::excerpt(node.name) + "'");
    }
    const Value* found =
        owner.is_dict() ? owner.find(node.name) : find_in_map(owner, Value::string(node.name));
    if (found == nullptr) {
        fail(ErrorKind::key, "no_such_field: there is no field '" + expression::excerpt(node.name) +
                                 "'; has() asks for it");
    }
    return keep(*found, owner, room);
}

const Value& Evaluator::index(const Node& node, Value& room) {
    const Value& owner = evaluate(*node.operands[0], room);
    Value key_room;
    const Value& key = evaluate(*node.operands[1], key_room);
    failed_ = &node;
    return keep(element_at(owner, key), owner, room);
}

Value Evaluator::compute(const Node& node) {
    switch (node.type) {
        case Node::Type::has:
            return Value::boolean(has(node));
        case Node::Type::call:
            return call(node);
        case Node::Type::list:
            return list(node);
        case Node::Type::map:
            return map(node);
        case Node::Type::logical_not:
            return Value::boolean(!test(*node.operands[0]));
        case Node::Type::all_of:
            return Value::boolean(joined(node, false));
        case Node::Type::any_of:
            return Value::boolean(joined(node, true));
        case Node::Type::negate: {
            Value room;
            const Value& operand = evaluate(*node.operands[0], room);
            failed_ = &node;
            return negate_value(operand);
        }
        case Node::Type::binary: {
            Value left_room;
            const Value& left = evaluate(*node.operands[0], left_room);
            Value right_room;
            const Value& right = evaluate(*node.operands[1], right_room);
            failed_ = &node;
            return calculate(node.operation, left, right, meter_);
        }
        default:
            return macro(node);
    }
}

bool Evaluator::has(const Node& node) {
    Value room;
    const Value& owner = evaluate(*node.operands[0], room);
    failed_ = &node;
    if (type_of(owner) != Type::map) {
        fail(ErrorKind::type,
             "no_such_overload: has() on a value of type " + std::string(name_of(type_of(owner))));
    }
    return find_in_map(owner, Value::string(node.name)) != nullptr;
}

bool Evaluator::test(const Node& node) {
    Value room;
    const Value& value = evaluate(node, room);
    if (!value.is(Kind::boolean)) {
        failed_ = &node;
        fail(ErrorKind::type, "no_such_overload: a bool is needed here, not " +
                                  std::string(name_of(type_of(value))));
    }
    return value.as_boolean();
}

bool Evaluator::joined(const Node& node, bool deciding) {
    PutOff errors(meter_);
    for (const auto& operand : node.operands) {
        const auto result = errors.attempt(failed_, [&] { return test(*operand); });
        if (result == deciding) {
            return deciding;
        }
    }
    errors.rethrow(failed_);
    return !deciding;
}

Value Evaluator::call(const Node& node) {
    std::array<Value, kMostArguments> arguments;
    for (std::size_t at = 0; at < node.operands.size(); ++at) {
        Value room;
        arguments[at] = evaluate(*node.operands[at], room);
    }
    failed_ = &node;
    const Arguments given(arguments.data(), node.operands.size());
    if (node.pattern != nullptr && arguments[0].is_string()) {
        const std::string& text = arguments[0].as_string();
        meter_.charge_text(text.size());
        meter_.charge(node.pattern->steps_for(text.size()));
        return Value::boolean(node.pattern->matches(text));
    }
    return node.function->call(given, meter_);
}

Value Evaluator::list(const Node& node) {
    List items;
    items.reserve(node.operands.size());
    for (const auto& operand : node.operands) {
        Value room;
        items.push_back(evaluate(*operand, room));
    }
    failed_ = &node;
    return Value::list(std::move(items));
}

Value Evaluator::map(const Node& node) {
    Entries entries;
    entries.reserve(node.operands.size() / 2);
    for (std::size_t at = 0; at + 1 < node.operands.size(); at += 2) {
        Value key_room;
        Value value_room;
        const Value& key = evaluate(*node.operands[at], key_room);
        entries.emplace_back(key, evaluate(*node.operands[at + 1], value_room));
    }
    failed_ = &node;
    return map_value(std::move(entries));
}

// --- macros -------------------------------------------------------------------------------------

const List& Evaluator::range(const Node& node, Value& room, List& keys) {
    const Value& value = evaluate(*node.operands[0], room);
    failed_ = &node;
    if (type_of(value) == Type::list) {
        return value.as_list();
    }
    if (type_of(value) != Type::map) {
        fail(ErrorKind::type, "no_such_overload: a value of type " +
                                  std::string(name_of(type_of(value))) +
                                  " has no elements to go through");
    }
    for (const auto& entry : entries_of(value)) {
        keys.push_back(entry.first);
    }
    return keys;
}

Value Evaluator::macro(const Node& node) {
    Value room;
    List keys;
    // Held for as long as its elements are looked at, whatever becomes of where it lay.
    const List& items = range(node, room, keys);
    switch (node.type) {
        case Node::Type::macro_all:
            return Value::boolean(macro_joined(node, items, false));
        case Node::Type::macro_exists:
            return Value::boolean(macro_joined(node, items, true));
        case Node::Type::macro_exists_one: {
            std::size_t count = 0;
            for (const Value& item : items) {
                locals_[node.number] = item;
                count += test(*node.operands[1]) ? 1U : 0U;
            }
            return Value::boolean(count == 1);
        }
        default:
            return macro_collect(node, items);
    }
}

bool Evaluator::macro_joined(const Node& node, const List& items, bool deciding) {
    PutOff errors(meter_);
    for (const Value& item : items) {
        locals_[node.number] = item;
        const auto result = errors.attempt(failed_, [&] { return test(*node.operands[1]); });
        if (result == deciding) {
            return deciding;
        }
    }
    errors.rethrow(failed_);
    return !deciding;
}

Value Evaluator::macro_collect(const Node& node, const List& items) {
    List result;
    for (const Value& item : items) {
        locals_[node.number] = item;
        const bool chooses = node.type != Node::Type::macro_map;
        if (chooses && !test(*node.operands[1])) {
            continue;
        }
        if (node.type == Node::Type::macro_filter) {
            result.push_back(item);
            continue;
        }
        Value room;
        result.push_back(evaluate(*node.operands.back(), room));
    }
    failed_ = &node;
    return Value::list(std::move(result));
}

}  // namespace fleet::cel
