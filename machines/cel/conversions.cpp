// Functions that make a value of one type from one of another.
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "machines/cel/functions.hpp"
#include "machines/cel/operators.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/utf8.hpp"

namespace fleet::cel {
namespace {

using expression::ErrorKind;
using expression::fail;

[[noreturn]] void out_of_range(std::string_view type) {
    fail(ErrorKind::arithmetic, "the value is out of the range of " + std::string(type));
}

/// All of a text as a number.
template <typename Number>
Number parse_number(const std::string& text, std::string_view type) {
    Number number = 0;
    const char* end = text.data() + text.size();
    const bool plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
    const auto [stop, error] = std::from_chars(text.data() + (plus ? 1 : 0), end, number);
    if (error == std::errc::result_out_of_range) {
        out_of_range(type);
    }
    if (error != std::errc() || stop != end) {
        fail(ErrorKind::value, "'" + expression::excerpt(text) + "' is no " + std::string(type));
    }
    return number;
}

std::string floating_text(double number) {
    if (std::isnan(number)) {
        return "NaN";
    }
    if (std::isinf(number)) {
        return number > 0 ? "+Inf" : "-Inf";
    }
    std::array<char, 64> text{};
    const auto result = std::to_chars(text.data(), text.data() + text.size(), number);
    return {text.data(), result.ptr};
}

bool is_utf8(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::string_view character = bytes.substr(0, expression::utf8_offset(bytes, 1));
        const bool replaced = expression::utf8_decode(character) == U'\ufffd';
        if (replaced && character != "\ufffd") {
            return false;
        }
        bytes.remove_prefix(character.size());
    }
    return true;
}

}  // namespace

Value to_integer(const Arguments& arguments, Meter& /*meter*/) {
    const Value& value = arguments[0];
    switch (type_of(value)) {
        case Type::integer:
            return value;
        case Type::unsigned_integer:
            if (as_unsigned(value) >
                static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
                out_of_range("int");
            }
            return Value::integer(static_cast<std::int64_t>(as_unsigned(value)));
        case Type::floating: {
            constexpr double kTwoTo63 = 9223372036854775808.0;
            const double number = value.as_floating();
            if (!(number > -kTwoTo63 && number < kTwoTo63)) {
                out_of_range("int");
            }
            return Value::integer(static_cast<std::int64_t>(number));
        }
        case Type::string:
            return Value::integer(parse_number<std::int64_t>(value.as_string(), "int"));
        case Type::timestamp:
            return Value::integer(as_timestamp(value).seconds);
        default:
            no_overload("int", arguments);
    }
}

Value to_unsigned(const Arguments& arguments, Meter& /*meter*/) {
    const Value& value = arguments[0];
    switch (type_of(value)) {
        case Type::unsigned_integer:
            return value;
        case Type::integer:
            if (value.as_integer() < 0) {
                out_of_range("uint");
            }
            return unsigned_value(static_cast<std::uint64_t>(value.as_integer()));
        case Type::floating: {
            constexpr double kTwoTo64 = 18446744073709551616.0;
            const double number = value.as_floating();
            if (!(number >= 0 && number < kTwoTo64)) {
                out_of_range("uint");
            }
            return unsigned_value(static_cast<std::uint64_t>(number));
        }
        case Type::string:
            return unsigned_value(parse_number<std::uint64_t>(value.as_string(), "uint"));
        default:
            no_overload("uint", arguments);
    }
}

Value to_floating(const Arguments& arguments, Meter& /*meter*/) {
    const Value& value = arguments[0];
    switch (type_of(value)) {
        case Type::floating:
            return value;
        case Type::integer:
            return Value::floating(static_cast<double>(value.as_integer()));
        case Type::unsigned_integer:
            return Value::floating(static_cast<double>(as_unsigned(value)));
        case Type::string:
            return Value::floating(parse_number<double>(value.as_string(), "double"));
        default:
            no_overload("double", arguments);
    }
}

Value to_string(const Arguments& arguments, Meter& meter) {
    const Value& value = arguments[0];
    switch (type_of(value)) {
        case Type::string:
            return value;
        case Type::boolean:
            return Value::string(std::string(value.as_boolean() ? "true" : "false"));
        case Type::integer:
            return Value::string(std::to_string(value.as_integer()));
        case Type::unsigned_integer:
            return Value::string(std::to_string(as_unsigned(value)));
        case Type::floating:
            return Value::string(floating_text(value.as_floating()));
        case Type::bytes:
            meter.charge_text(as_bytes(value).size());
            if (!is_utf8(as_bytes(value))) {
                fail(ErrorKind::value, "these bytes are no UTF-8");
            }
            return Value::string(as_bytes(value));
        case Type::timestamp:
            return Value::string(to_text(as_timestamp(value)));
        case Type::duration:
            return Value::string(to_text(as_duration(value)));
        default:
            no_overload("string", arguments);
    }
}

Value to_bytes(const Arguments& arguments, Meter& meter) {
    if (type_of(arguments[0]) == Type::bytes) {
        return arguments[0];
    }
    require_types("bytes", arguments, {Type::string});
    meter.charge_text(arguments[0].as_string().size());
    return bytes_value(arguments[0].as_string());
}

Value to_boolean(const Arguments& arguments, Meter& /*meter*/) {
    if (type_of(arguments[0]) == Type::boolean) {
        return arguments[0];
    }
    require_types("bool", arguments, {Type::string});
    const std::string& text = arguments[0].as_string();
    for (const std::string_view yes : {"1", "t", "true", "TRUE", "True"}) {
        if (text == yes) {
            return Value::boolean(true);
        }
    }
    for (const std::string_view no : {"0", "f", "false", "FALSE", "False"}) {
        if (text == no) {
            return Value::boolean(false);
        }
    }
    fail(ErrorKind::value, "'" + expression::excerpt(text) + "' is no bool");
}

Value to_timestamp(const Arguments& arguments, Meter& /*meter*/) {
    switch (type_of(arguments[0])) {
        case Type::timestamp:
            return arguments[0];
        case Type::integer:
            return timestamp_value(timestamp_of(arguments[0].as_integer()));
        case Type::string:
            return timestamp_value(parse_timestamp(arguments[0].as_string()));
        default:
            no_overload("timestamp", arguments);
    }
}

Value to_duration(const Arguments& arguments, Meter& /*meter*/) {
    if (type_of(arguments[0]) == Type::duration) {
        return arguments[0];
    }
    require_types("duration", arguments, {Type::string});
    return duration_value(parse_duration(arguments[0].as_string()));
}

Value to_type(const Arguments& arguments, Meter& /*meter*/) {
    return type_value(type_of(arguments[0]));
}

Value to_dynamic(const Arguments& arguments, Meter& /*meter*/) {
    return arguments[0];
}

}  // namespace fleet::cel
