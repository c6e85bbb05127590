#include <cmath>

#include "machines/cel/operators.hpp"
#include "machines/expression/value.hpp"

namespace fleet::cel {
namespace {

constexpr std::uint64_t kTwoTo63 = std::uint64_t{1} << 63U;

/// A uint that no int holds, beside another number.
std::partial_ordering compare_large(std::uint64_t large, const Value& other) {
    switch (type_of(other)) {
        case Type::integer:
            return std::partial_ordering::greater;
        case Type::unsigned_integer:
            return large <=> as_unsigned(other);
        default: {
            const double number = other.as_floating();
            if (std::isnan(number)) {
                return std::partial_ordering::unordered;
            }
            if (number < static_cast<double>(kTwoTo63)) {
                return std::partial_ordering::greater;
            }
            // From 2^63 on doubles are whole numbers.
            return number >= 2 * static_cast<double>(kTwoTo63)
                       ? std::partial_ordering::less
                       : large <=> static_cast<std::uint64_t>(number);
        }
    }
}

std::partial_ordering reversed(std::partial_ordering order) {
    return order < 0 ? std::partial_ordering::greater
                     : (order > 0 ? std::partial_ordering::less : order);
}

bool is_large(const Value& number) {
    return type_of(number) == Type::unsigned_integer && as_unsigned(number) >= kTwoTo63;
}

/// The same number in a form that the other languages' comparison knows.
Value signed_form(const Value& number) {
    return type_of(number) == Type::unsigned_integer
               ? Value::integer(static_cast<std::int64_t>(as_unsigned(number)))
               : number;
}

bool is_number(Type type) {
    return type == Type::integer || type == Type::unsigned_integer || type == Type::floating;
}

bool equal_lists(const List& left, const List& right, Meter& meter) {
    if (left.size() != right.size()) {
        return false;
    }
    for (std::size_t at = 0; at < left.size(); ++at) {
        if (!equal(left[at], right[at], meter)) {
            return false;
        }
    }
    return true;
}

bool equal_maps(const Value& left, const Value& right, Meter& meter) {
    if (entries_of(left).size() != entries_of(right).size()) {
        return false;
    }
    for (const auto& [key, value] : entries_of(left)) {
        const Value* other = find_in_map(right, key);
        if (other == nullptr || !equal(value, *other, meter)) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::partial_ordering order_numbers(const Value& left, const Value& right) {
    if (is_large(left)) {
        return compare_large(as_unsigned(left), right);
    }
    if (is_large(right)) {
        return reversed(compare_large(as_unsigned(right), left));
    }
    return expression::compare_numbers(signed_form(left), signed_form(right));
}

bool equal(const Value& left, const Value& right, Meter& meter) {
    meter.charge(1);
    const Type type = type_of(left);
    const Type other = type_of(right);
    if (is_number(type) && is_number(other)) {
        return order_numbers(left, right) == 0;
    }
    if (type != other) {
        return false;
    }
    switch (type) {
        case Type::boolean:
            return left.as_boolean() == right.as_boolean();
        case Type::string:
            meter.charge_text(left.as_string().size());
            return left.as_string() == right.as_string();
        case Type::bytes:
            meter.charge_text(as_bytes(left).size());
            return as_bytes(left) == as_bytes(right);
        case Type::list:
            return equal_lists(left.as_list(), right.as_list(), meter);
        case Type::map:
            return equal_maps(left, right, meter);
        case Type::timestamp:
            return as_timestamp(left) == as_timestamp(right);
        case Type::duration:
            return as_duration(left) == as_duration(right);
        case Type::type:
            return as_type(left) == as_type(right);
        default:
            return true;  // both are null
    }
}

}  // namespace fleet::cel
