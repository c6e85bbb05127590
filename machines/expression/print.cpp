#include "machines/expression/print.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "machines/expression/big_integer.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/utf8.hpp"

namespace fleet::expression {
namespace {

void append_hex(std::string& out, char32_t value, int digits) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    for (int i = digits - 1; i >= 0; --i) {
        out += kDigits[(value >> static_cast<unsigned>(4 * i)) & 0xfU];
    }
}

void append_escaped(std::string& out, char32_t code_point) {
    if (code_point < 0x100) {
        out += "\\x";
        append_hex(out, code_point, 2);
    } else if (code_point < 0x10000) {
        out += "\\u";
        append_hex(out, code_point, 4);
    } else {
        out += "\\U";
        append_hex(out, code_point, 8);
    }
}

void append_quoted(std::string& out, const std::string& text) {
    const bool double_quotes =
        text.find('\'') != std::string::npos && text.find('"') == std::string::npos;
    const char quote = double_quotes ? '"' : '\'';
    out += quote;
    std::string_view character;
    for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(character.size())) {
        character = rest.substr(0, utf8_offset(rest, 1));
        const char32_t code_point = utf8_decode(character);
        if (character == "\\" || (character.size() == 1 && character[0] == quote)) {
            out += '\\';
            out += character;
        } else if (character == "\n") {
            out += "\\n";
        } else if (character == "\r") {
            out += "\\r";
        } else if (character == "\t") {
            out += "\\t";
        } else if (is_printable(code_point)) {
            out += character;
        } else {
            append_escaped(out, code_point);
        }
    }
    out += quote;
}

void append_repr(std::string& out, const Value& value);

void append_list(std::string& out, const Value& value) {
    const bool tuple = value.is(Kind::tuple);
    out += tuple ? '(' : '[';
    bool first = true;
    for (const Value& item : value.as_list()) {
        out += first ? "" : ", ";
        first = false;
        append_repr(out, item);
    }
    out += tuple && value.as_list().size() == 1 ? "," : "";
    out += tuple ? ')' : ']';
}

void append_dict(std::string& out, const Dict& dict) {
    out += '{';
    bool first = true;
    for (const auto& [key, member] : dict.entries()) {
        out += first ? "" : ", ";
        first = false;
        append_repr(out, key);
        out += ": ";
        append_repr(out, member);
    }
    out += '}';
}

void append_repr(std::string& out, const Value& value) {
    switch (value.kind()) {
        case Kind::undefined:
            out += "Undefined";
            break;
        case Kind::null:
            out += "None";
            break;
        case Kind::boolean:
            out += value.as_boolean() ? "True" : "False";
            break;
        case Kind::integer:
            out += std::to_string(value.as_integer());
            break;
        case Kind::big_integer:
            out += integer_text(value);
            break;
        case Kind::floating:
            out += float_text(value.as_floating());
            break;
        case Kind::string:
            append_quoted(out, value.as_string());
            break;
        case Kind::list:
        case Kind::tuple:
            append_list(out, value);
            break;
        case Kind::dict:
            append_dict(out, value.as_dict());
            break;
        case Kind::object:
            out += value.as_object()->text();
            break;
    }
}

}  // namespace

std::string float_text(double value) {
    if (std::isnan(value)) {
        return "nan";
    }
    if (std::isinf(value)) {
        return value < 0 ? "-inf" : "inf";
    }
    std::array<char, 40> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                   std::chars_format::scientific);
    std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
    std::string result;
    if (text.front() == '-') {
        result = "-";
        text.remove_prefix(1);
    }
    const std::size_t e = text.find('e');
    int exponent = 0;
    const std::size_t digits_of_exponent = text[e + 1] == '+' ? e + 2 : e + 1;
    std::from_chars(text.data() + digits_of_exponent, text.data() + text.size(), exponent);
    // Where the decimal point goes is the only choice left; large and small ones keep the exponent.
    if (exponent < -4 || exponent >= 16) {
        return result.append(text);
    }
    std::string digits(text.substr(0, 1));
    if (e > 2) {
        digits += text.substr(2, e - 2);
    }
    if (exponent < 0) {
        return result + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
    }
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() <= whole) {
        return result + digits + std::string(whole - digits.size(), '0') + ".0";
    }
    return result + digits.substr(0, whole) + "." + digits.substr(whole);
}

void append_plain_text(std::string& out, const Value& value) {
    if (value.is_string()) {
        out += value.as_string();
    } else if (!value.is_undefined()) {
        append_repr(out, value);
    }
}

std::string plain_text(const Value& value) {
    std::string result;
    append_plain_text(result, value);
    return result;
}

std::string repr_text(const Value& value) {
    std::string result;
    append_repr(result, value);
    return result;
}

}  // namespace fleet::expression
