#include "machines/cel/operators.hpp"

#include "machines/expression/errors.hpp"
#include "machines/expression/operators.hpp"

namespace fleet::cel {
namespace {

using expression::ErrorKind;
using expression::fail;

std::string_view symbol(Operation operation) {
    switch (operation) {
        case Operation::add:
            return "+";
        case Operation::subtract:
            return "-";
        case Operation::multiply:
            return "*";
        case Operation::divide:
            return "/";
        case Operation::modulo:
            return "%";
        case Operation::equal:
            return "==";
        case Operation::not_equal:
            return "!=";
        case Operation::less:
            return "<";
        case Operation::less_equal:
            return "<=";
        case Operation::greater:
            return ">";
        case Operation::greater_equal:
            return ">=";
        case Operation::in:
            break;
    }
    return "in";
}

[[noreturn]] void out_of_range(std::string_view type) {
    fail(ErrorKind::arithmetic, "the result is out of the range of " + std::string(type));
}

template <typename Number>
Number whole(Operation operation, Number left, Number right, std::string_view type) {
    Number result = 0;
    bool overflow = false;
    switch (operation) {
        case Operation::add:
            overflow = __builtin_add_overflow(left, right, &result);
            break;
        case Operation::subtract:
            overflow = __builtin_sub_overflow(left, right, &result);
            break;
        case Operation::multiply:
            overflow = __builtin_mul_overflow(left, right, &result);
            break;
        default:
            if (right == 0) {
                fail(ErrorKind::arithmetic,
                     operation == Operation::divide ? "division by zero" : "modulo by zero");
            }
            // Only the smallest integer divided by -1 leaves the range.
            if constexpr (std::is_signed_v<Number>) {
                overflow = right == -1 && __builtin_sub_overflow(Number{0}, left, &result);
            }
            if (!overflow) {
                result = operation == Operation::divide ? left / right : left % right;
            }
    }
    if (overflow) {
        out_of_range(type);
    }
    return result;
}

double floating(Operation operation, double left, double right) {
    switch (operation) {
        case Operation::add:
            return left + right;
        case Operation::subtract:
            return left - right;
        case Operation::multiply:
            return left * right;
        default:
            return left / right;
    }
}

std::string joined_text(const std::string& left, const std::string& right, Meter& meter) {
    meter.charge_text(left.size() + right.size());
    expression::require_size(left.size() + right.size());
    return left + right;
}

Value joined_list(const Value& left, const Value& right, Meter& meter) {
    meter.charge(left.as_list().size() + right.as_list().size());
    List items = left.as_list();
    items.insert(items.end(), right.as_list().begin(), right.as_list().end());
    return Value::list(std::move(items));
}

Value add_values(const Value& left, const Value& right, Meter& meter) {
    const Type type = type_of(left);
    const Type other = type_of(right);
    if (type == Type::timestamp && other == Type::duration) {
        return timestamp_value(add(as_timestamp(left), as_duration(right)));
    }
    if (type == Type::duration && other == Type::timestamp) {
        return timestamp_value(add(as_timestamp(right), as_duration(left)));
    }
    if (type == other) {
        switch (type) {
            case Type::duration:
                return duration_value(add(as_duration(left), as_duration(right)));
            case Type::string:
                return Value::string(joined_text(left.as_string(), right.as_string(), meter));
            case Type::bytes:
                return bytes_value(joined_text(as_bytes(left), as_bytes(right), meter));
            case Type::list:
                return joined_list(left, right, meter);
            default:
                break;
        }
    }
    no_overload("+", left, right);
}

Value subtract_values(const Value& left, const Value& right) {
    const Type type = type_of(left);
    const Type other = type_of(right);
    if (type == Type::timestamp && other == Type::timestamp) {
        return duration_value(subtract(as_timestamp(left), as_timestamp(right)));
    }
    if (type == Type::timestamp && other == Type::duration) {
        return timestamp_value(add(as_timestamp(left), negate(as_duration(right))));
    }
    if (type == Type::duration && other == Type::duration) {
        return duration_value(add(as_duration(left), negate(as_duration(right))));
    }
    no_overload("-", left, right);
}

Value arithmetic(Operation operation, const Value& left, const Value& right, Meter& meter) {
    const Type type = type_of(left);
    if (type == type_of(right)) {
        if (type == Type::integer) {
            return Value::integer(whole(operation, left.as_integer(), right.as_integer(), "int"));
        }
        if (type == Type::unsigned_integer) {
            return unsigned_value(whole(operation, as_unsigned(left), as_unsigned(right), "uint"));
        }
        if (type == Type::floating && operation != Operation::modulo) {
            return Value::floating(floating(operation, left.as_floating(), right.as_floating()));
        }
    }
    if (operation == Operation::add) {
        return add_values(left, right, meter);
    }
    if (operation == Operation::subtract) {
        return subtract_values(left, right);
    }
    no_overload(symbol(operation), left, right);
}

bool is_number(Type type) {
    return type == Type::integer || type == Type::unsigned_integer || type == Type::floating;
}

std::partial_ordering order(Operation operation, const Value& left, const Value& right,
                            Meter& meter) {
    const Type type = type_of(left);
    const Type other = type_of(right);
    if (is_number(type) && is_number(other)) {
        return order_numbers(left, right);
    }
    if (type == other) {
        switch (type) {
            case Type::boolean:
                return left.as_boolean() <=> right.as_boolean();
            case Type::string:
                meter.charge_text(left.as_string().size());
                return left.as_string() <=> right.as_string();
            case Type::bytes:
                meter.charge_text(as_bytes(left).size());
                return as_bytes(left) <=> as_bytes(right);
            case Type::timestamp:
                return as_timestamp(left) <=> as_timestamp(right);
            case Type::duration:
                return as_duration(left) <=> as_duration(right);
            default:
                break;
        }
    }
    no_overload(symbol(operation), left, right);
}

bool is_in(const Value& item, const Value& container, Meter& meter) {
    if (type_of(container) == Type::list) {
        for (const Value& candidate : container.as_list()) {
            if (equal(item, candidate, meter)) {
                return true;
            }
        }
        return false;
    }
    if (type_of(container) == Type::map) {
        return find_in_map(container, item) != nullptr;
    }
    no_overload("in", item, container);
}

bool relation(Operation operation, const Value& left, const Value& right, Meter& meter) {
    switch (operation) {
        case Operation::equal:
            return equal(left, right, meter);
        case Operation::not_equal:
            return !equal(left, right, meter);
        case Operation::less:
            return order(operation, left, right, meter) < 0;
        case Operation::less_equal:
            return order(operation, left, right, meter) <= 0;
        case Operation::greater:
            return order(operation, left, right, meter) > 0;
        case Operation::greater_equal:
            return order(operation, left, right, meter) >= 0;
        default:
            return is_in(left, right, meter);
    }
}

/// A number that is the place of an element, rounded down.
std::size_t place_of(const Value& number) {
    switch (type_of(number)) {
        case Type::floating:
            return static_cast<std::size_t>(number.as_floating());
        case Type::unsigned_integer:
            return as_unsigned(number);
        default:
            return static_cast<std::size_t>(number.as_integer());
    }
}

}  // namespace

Value calculate(Operation operation, const Value& left, const Value& right, Meter& meter) {
    switch (operation) {
        case Operation::add:
        case Operation::subtract:
        case Operation::multiply:
        case Operation::divide:
        case Operation::modulo:
            return arithmetic(operation, left, right, meter);
        default:
            return Value::boolean(relation(operation, left, right, meter));
    }
}

Value negate_value(const Value& value) {
    switch (type_of(value)) {
        case Type::integer:
            return Value::integer(
                whole(Operation::subtract, std::int64_t{0}, value.as_integer(), "int"));
        case Type::floating:
            return Value::floating(-value.as_floating());
        case Type::duration:
            return duration_value(negate(as_duration(value)));
        default:
            fail(ErrorKind::type, "no_such_overload: `-` is not for a value of type " +
                                      std::string(name_of(type_of(value))));
    }
}

const Value& element_at(const Value& container, const Value& key) {
    const Type type = type_of(container);
    if (type == Type::map) {
        const Value* found = find_in_map(container, key);
        if (found == nullptr) {
            fail(ErrorKind::key,
                 "no_such_field: the map has no key " +
                     (key.is_string() ? "'" + expression::excerpt(key.as_string()) + "'"
                                      : "of this value"));
        }
        return *found;
    }
    if (type != Type::list || !is_number(type_of(key))) {
        no_overload("[]", container, key);
    }
    const List& items = container.as_list();
    const auto size = Value::integer(static_cast<std::int64_t>(items.size()));
    const std::partial_ordering below = order_numbers(key, size);
    if (!(below < 0) || order_numbers(key, Value::integer(0)) < 0) {
        fail(ErrorKind::index,
             "index out of range: the list has " + std::to_string(items.size()) + " elements");
    }
    const std::size_t place = place_of(key);
    if (order_numbers(key, Value::integer(static_cast<std::int64_t>(place))) != 0) {
        fail(ErrorKind::type, "no_such_overload: an index is a whole number");
    }
    return items[place];
}

void no_overload(std::string_view name, const Value& left, const Value& right) {
    fail(ErrorKind::type, "no_such_overload: `" + std::string(name) + "` is not for " +
                              std::string(name_of(type_of(left))) + " and " +
                              std::string(name_of(type_of(right))));
}

}  // namespace fleet::cel
