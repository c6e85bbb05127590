// Functions of strings; places and lengths count characters.
#include <algorithm>

#include "machines/cel/functions.hpp"
#include "machines/cel/pattern.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/utf8.hpp"

namespace fleet::cel {
namespace {

using expression::ErrorKind;
using expression::fail;
using expression::utf8_length;
using expression::utf8_offset;

/// The text of a method that takes another one, once both were paid for.
struct TwoTexts {
    const std::string& text;
    const std::string& other;
};

TwoTexts two_texts(std::string_view name, const Arguments& arguments, Meter& meter) {
    require_types(name, arguments.first(2), {Type::string, Type::string});
    meter.charge_text(arguments[0].as_string().size() + arguments[1].as_string().size());
    return {arguments[0].as_string(), arguments[1].as_string()};
}

TwoTexts searched(std::string_view name, const Arguments& arguments, Meter& meter) {
    const TwoTexts texts = two_texts(name, arguments, meter);
    meter.charge_search(texts.text.size(), texts.other.size());
    return texts;
}

const std::string& one_text(std::string_view name, const Arguments& arguments, Meter& meter) {
    require_types(name, arguments, {Type::string});
    meter.charge_text(arguments[0].as_string().size());
    return arguments[0].as_string();
}

Value number(std::size_t value) {
    return Value::integer(static_cast<std::int64_t>(value));
}

/// The byte of the character that an argument names; the last place is behind the text.
std::size_t place_in(const std::string& text, const Value& place) {
    const std::int64_t at = place.as_integer();
    if (at < 0 || static_cast<std::uint64_t>(at) > utf8_length(text)) {
        fail(ErrorKind::index, "index out of range: " + std::to_string(at) +
                                   " is no place in a string of " +
                                   std::to_string(utf8_length(text)) + " characters");
    }
    return utf8_offset(text, static_cast<std::size_t>(at));
}

Value character_place(const std::string& text, std::size_t byte) {
    return byte == std::string::npos ? Value::integer(-1)
                                     : number(utf8_length(std::string_view(text).substr(0, byte)));
}

char ascii_case(char character, char first, char last, int distance) {
    return character >= first && character <= last ? static_cast<char>(character + distance)
                                                   : character;
}

bool is_blank(std::string_view character) {
    return expression::is_space(expression::utf8_decode(character));
}

std::string_view last_character(std::string_view text) {
    constexpr std::size_t kLongest = 4;
    for (std::size_t size = std::min(text.size(), kLongest); size > 1; --size) {
        const std::string_view end = text.substr(text.size() - size);
        if (utf8_offset(end, 1) == size) {
            return end;
        }
    }
    return text.substr(text.size() - 1);
}

}  // namespace

Value size_of(const Arguments& arguments, Meter& meter) {
    const Value& value = arguments[0];
    switch (type_of(value)) {
        case Type::string:
            meter.charge_text(value.as_string().size());
            return number(utf8_length(value.as_string()));
        case Type::bytes:
            return number(as_bytes(value).size());
        case Type::list:
            return number(value.as_list().size());
        case Type::map:
            return number(entries_of(value).size());
        default:
            no_overload("size", arguments);
    }
}

Value contains(const Arguments& arguments, Meter& meter) {
    const auto [text, part] = searched("contains", arguments, meter);
    return Value::boolean(text.find(part) != std::string::npos);
}

Value starts_with(const Arguments& arguments, Meter& meter) {
    const auto [text, part] = two_texts("startsWith", arguments, meter);
    return Value::boolean(text.starts_with(part));
}

Value ends_with(const Arguments& arguments, Meter& meter) {
    const auto [text, part] = two_texts("endsWith", arguments, meter);
    return Value::boolean(text.ends_with(part));
}

Value matches(const Arguments& arguments, Meter& meter) {
    const auto [text, pattern] = two_texts("matches", arguments, meter);
    // Compiling takes many times longer than reading.
    meter.charge(kPatternSteps + pattern.size());
    const Pattern compiled(pattern);
    meter.charge(compiled.steps_for(text.size()));
    return Value::boolean(compiled.matches(text));
}

Value lower_ascii(const Arguments& arguments, Meter& meter) {
    std::string text = one_text("lowerAscii", arguments, meter);
    for (char& character : text) {
        character = ascii_case(character, 'A', 'Z', 'a' - 'A');
    }
    return Value::string(std::move(text));
}

Value upper_ascii(const Arguments& arguments, Meter& meter) {
    std::string text = one_text("upperAscii", arguments, meter);
    for (char& character : text) {
        character = ascii_case(character, 'a', 'z', 'A' - 'a');
    }
    return Value::string(std::move(text));
}

Value trim(const Arguments& arguments, Meter& meter) {
    std::string_view text = one_text("trim", arguments, meter);
    while (!text.empty()) {
        const std::size_t size = utf8_offset(text, 1);
        if (!is_blank(text.substr(0, size))) {
            break;
        }
        text.remove_prefix(size);
    }
    while (!text.empty() && is_blank(last_character(text))) {
        text.remove_suffix(last_character(text).size());
    }
    return Value::string(std::string(text));
}

Value character_at(const Arguments& arguments, Meter& meter) {
    require_types("charAt", arguments, {Type::string, Type::integer});
    const std::string& text = one_text("charAt", arguments.first(1), meter);
    const std::string_view rest = std::string_view(text).substr(place_in(text, arguments[1]));
    return Value::string(std::string(rest.substr(0, utf8_offset(rest, 1))));
}

Value index_of(const Arguments& arguments, Meter& meter) {
    require_types("indexOf", arguments, {Type::string, Type::string, Type::integer});
    const auto [text, part] = searched("indexOf", arguments, meter);
    const std::size_t from = arguments.size() == 3 ? place_in(text, arguments[2]) : 0;
    return character_place(text, text.find(part, from));
}

Value last_index_of(const Arguments& arguments, Meter& meter) {
    require_types("lastIndexOf", arguments, {Type::string, Type::string, Type::integer});
    const auto [text, part] = searched("lastIndexOf", arguments, meter);
    const std::size_t from =
        arguments.size() == 3 ? place_in(text, arguments[2]) : std::string::npos;
    return character_place(text, text.rfind(part, from));
}

Value substring(const Arguments& arguments, Meter& meter) {
    require_types("substring", arguments, {Type::string, Type::integer, Type::integer});
    const std::string& text = one_text("substring", arguments.first(1), meter);
    const std::size_t begin = place_in(text, arguments[1]);
    const std::size_t end = arguments.size() == 3 ? place_in(text, arguments[2]) : text.size();
    if (end < begin) {
        fail(ErrorKind::index, "index out of range: the end of a substring is before its begin");
    }
    return Value::string(text.substr(begin, end - begin));
}

}  // namespace fleet::cel
