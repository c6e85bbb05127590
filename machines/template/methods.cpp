// Methods of strings, lists and objects that templates of the family call.
#include <algorithm>
#include <optional>

#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"
#include "machines/expression/utf8.hpp"
#include "machines/template/filters.hpp"
#include "machines/template/sequence.hpp"

namespace fleet::templates {

using expression::Dict;
using expression::ErrorKind;
using expression::fail;
using expression::Kind;
using expression::List;
using expression::Value;

namespace {

[[noreturn]] void refuse(const Value& value, const std::string& name) {
    fail(ErrorKind::template_undefined,
         "a " + expression::type_name(value) + " has no method `" + name + "`");
}

const Value& needed(const Arguments& arguments, std::size_t place, const std::string& method) {
    if (place >= arguments.list.size()) {
        fail(ErrorKind::type, "`" + method + "` needs more arguments");
    }
    return arguments.list[place];
}

const std::string& needed_text(const Arguments& arguments, std::size_t place,
                               const std::string& method) {
    const Value& value = needed(arguments, place, method);
    if (!value.is_string()) {
        fail(ErrorKind::type,
             "`" + method + "` needs a string, not " + expression::type_name(value));
    }
    return value.as_string();
}

Value split(const std::string& text, const Arguments& arguments, const std::string& method) {
    const Value* separator = arguments.get(0, "sep");
    const std::int64_t most = integer_argument(arguments, 1, "maxsplit", -1);
    if ((separator == nullptr || separator->is_null()) && most < 0) {
        return Value::list(split_words(text));
    }
    const std::string mark =
        separator == nullptr || separator->is_null() ? " " : needed_text(arguments, 0, method);
    if (mark.empty()) {
        fail(ErrorKind::value, "a text cannot be split at nothing");
    }
    List parts;
    std::size_t at = 0;
    for (std::size_t found = text.find(mark);
         found != std::string::npos && (most < 0 || static_cast<std::int64_t>(parts.size()) < most);
         found = text.find(mark, at)) {
        parts.push_back(text_value(text.substr(at, found - at)));
        at = found + mark.size();
    }
    parts.push_back(text_value(text.substr(at)));
    return Value::list(std::move(parts));
}

Value lines_of(const std::string& text) {
    List lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines.push_back(text_value(text.substr(at, end - at)));
        at = end + 1;
    }
    return Value::list(std::move(lines));
}

std::int64_t place_of(const std::string& text, std::size_t byte) {
    return byte == std::string::npos ? -1
                                     : static_cast<std::int64_t>(expression::utf8_length(
                                           std::string_view(text).substr(0, byte)));
}

template <typename Is>
Value all_characters(const std::string& text, Is is) {
    const auto characters = expression::utf8_characters(text);
    return Value::boolean(!characters.empty() &&
                          std::ranges::all_of(characters, [&](std::string_view character) {
                              return is(expression::utf8_decode(character));
                          }));
}

bool has_affix(const std::string& text, const Value& affix, bool front, const std::string& method) {
    if (affix.is(Kind::tuple)) {
        return std::ranges::any_of(
            affix.as_list(), [&](const Value& one) { return has_affix(text, one, front, method); });
    }
    if (!affix.is_string()) {
        fail(ErrorKind::type, "`" + method + "` needs a string");
    }
    return front ? text.starts_with(affix.as_string()) : text.ends_with(affix.as_string());
}

std::string padded(const std::string& text, std::int64_t width, const std::string& fill,
                   bool left) {
    const auto size = static_cast<std::int64_t>(expression::utf8_length(text));
    if (width <= size) {
        return text;
    }
    const Value pad = expression::calculate(expression::Arithmetic::multiply, text_value(fill),
                                            Value::integer(width - size));
    return left ? pad.as_string() + text : text + pad.as_string();
}

/// Methods that look at a text; null if it has none of that name.
std::optional<Value> text_question(const std::string& text, const std::string& name,
                                   const Arguments& arguments) {
    const auto digit = [](char32_t c) { return c >= '0' && c <= '9'; };
    if (name == "startswith" || name == "endswith") {
        return Value::boolean(
            has_affix(text, needed(arguments, 0, name), name == "startswith", name));
    }
    if (name == "find") {
        return Value::integer(place_of(text, text.find(needed_text(arguments, 0, name))));
    }
    if (name == "rfind") {
        return Value::integer(place_of(text, text.rfind(needed_text(arguments, 0, name))));
    }
    if (name == "index") {
        const std::int64_t place = place_of(text, text.find(needed_text(arguments, 0, name)));
        if (place < 0) {
            fail(ErrorKind::value, "the text is not in the string");
        }
        return Value::integer(place);
    }
    if (name == "count") {
        const List parts = split(text, arguments, name).as_list();
        return Value::integer(static_cast<std::int64_t>(parts.size()) - 1);
    }
    if (name == "isdigit" || name == "isnumeric" || name == "isdecimal") {
        return all_characters(text, digit);
    }
    if (name == "isalpha") {
        return all_characters(text, expression::is_letter);
    }
    if (name == "isalnum") {
        return all_characters(text,
                              [&](char32_t c) { return expression::is_letter(c) || digit(c); });
    }
    if (name == "isspace") {
        return all_characters(text, expression::is_space);
    }
    if (name == "isupper" || name == "islower") {
        return Value::boolean(
            find_test(name == "isupper" ? "upper" : "lower")(text_value(text), {}));
    }
    return std::nullopt;
}

/// Methods that make another text; null if there is none of that name.
std::optional<std::string> text_change(const std::string& text, const std::string& name,
                                       const Arguments& arguments) {
    if (name == "upper") {
        return expression::upper_case(text);
    }
    if (name == "lower" || name == "casefold") {
        return expression::lower_case(text);
    }
    if (name == "title") {
        return title_case(text);
    }
    if (name == "capitalize") {
        return capitalized(text);
    }
    if (name == "strip" || name == "lstrip" || name == "rstrip") {
        return stripped(text, text_argument(arguments, 0, "chars", ""), name != "rstrip",
                        name != "lstrip");
    }
    if (name == "replace") {
        return replaced(text, needed_text(arguments, 0, name), needed_text(arguments, 1, name),
                        integer_argument(arguments, 2, "count", -1));
    }
    if (name == "join") {
        std::string result;
        bool first = true;
        for (const Value& item : items_of(needed(arguments, 0, name))) {
            if (!item.is_string()) {
                fail(ErrorKind::type, "`join` joins strings, not " + expression::type_name(item));
            }
            result += (first ? "" : text) + item.as_string();
            first = false;
            expression::require_size(result.size());
        }
        return result;
    }
    if (name == "format") {
        return format_braces(text, arguments);
    }
    if (name == "zfill" || name == "ljust" || name == "rjust") {
        const std::int64_t width = integer_argument(arguments, 0, "width", 0);
        const bool sign = name == "zfill" && !text.empty() && (text[0] == '-' || text[0] == '+');
        if (sign) {
            return text[0] + padded(text.substr(1), width - 1, "0", true);
        }
        return padded(text, width,
                      name == "zfill" ? "0" : text_argument(arguments, 1, "fillchar", " "),
                      name != "ljust");
    }
    if (name == "center") {
        return find_filter("center", Mode::config)(text_value(text), arguments, Mode::config)
            .as_string();
    }
    if (name == "removeprefix" || name == "removesuffix") {
        const std::string& affix = needed_text(arguments, 0, name);
        const bool front = name == "removeprefix";
        if (!(front ? text.starts_with(affix) : text.ends_with(affix))) {
            return text;
        }
        return front ? text.substr(affix.size()) : text.substr(0, text.size() - affix.size());
    }
    return std::nullopt;
}

Value call_text(const Value& value, const std::string& name, const Arguments& arguments) {
    const std::string& text = value.as_string();
    if (auto change = text_change(text, name, arguments)) {
        return text_value(*std::move(change));
    }
    if (auto answer = text_question(text, name, arguments)) {
        return *std::move(answer);
    }
    if (name == "split") {
        return split(text, arguments, name);
    }
    if (name == "splitlines") {
        return lines_of(text);
    }
    refuse(value, name);
}

Value call_dict(const Value& value, const std::string& name, const Arguments& arguments,
                Value* changed) {
    const Dict& dict = value.as_dict();
    List items;
    if (name == "get") {
        const Value* found = dict.find(needed(arguments, 0, name));
        return found != nullptr ? *found : arguments.list.size() > 1 ? arguments.list[1] : Value();
    }
    if (name == "items" || name == "keys" || name == "values") {
        for (const auto& [key, member] : dict.entries()) {
            items.push_back(name == "keys"     ? key
                            : name == "values" ? member
                                               : Value::tuple({key, member}));
        }
        const std::string shown =
            "dict_" + name + "(" + expression::repr_text(Value::list(items)) + ")";
        return make_range(std::move(items), shown);
    }
    if (name == "copy") {
        return value;
    }
    Dict members = dict;
    Value result;
    if (name == "update") {
        for (const Value& source : arguments.list) {
            for (const auto& [key, member] :
                 source.is_dict() ? source.as_dict().entries() : std::vector<Dict::Entry>()) {
                members.set(key, member);
            }
        }
        for (const auto& [key, member] : arguments.named) {
            members.set(std::string_view(key), member);
        }
    } else if (name == "setdefault" || name == "pop") {
        const Value& key = needed(arguments, 0, name);
        const Value* found = dict.find(key);
        if (found == nullptr && name == "pop" && arguments.list.size() < 2) {
            fail(ErrorKind::key, "there is no such key to take");
        }
        result = found != nullptr            ? *found
                 : arguments.list.size() > 1 ? arguments.list[1]
                                             : Value();
        if (name == "pop") {
            members.erase(key);
        } else {
            members.set(key, result);
        }
    } else {
        refuse(value, name);
    }
    *changed = Value::dict(std::move(members));
    return result;
}

Value call_list(const Value& value, const std::string& name, const Arguments& arguments,
                Value* changed) {
    const List& list = value.as_list();
    const auto is_it = [&](const Value& item) {
        return expression::equal(item, needed(arguments, 0, name));
    };
    if (name == "index") {
        const auto found = std::ranges::find_if(list, is_it);
        if (found == list.end()) {
            fail(ErrorKind::value, "the value is not in the list");
        }
        return Value::integer(found - list.begin());
    }
    if (name == "count") {
        return Value::integer(std::ranges::count_if(list, is_it));
    }
    if (name == "copy") {
        return value;
    }
    if (!value.is(Kind::list)) {
        refuse(value, name);
    }
    List items = list;
    Value result;
    if (name == "append") {
        items.push_back(needed(arguments, 0, name));
    } else if (name == "extend") {
        for (Value& item : items_of(needed(arguments, 0, name))) {
            items.push_back(std::move(item));
        }
    } else if (name == "insert") {
        const auto size = static_cast<std::int64_t>(items.size());
        const std::int64_t at = integer_argument(arguments, 0, "index", 0);
        items.insert(items.begin() + std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size),
                     needed(arguments, 1, name));
    } else if (name == "pop") {
        const Value at = Value::integer(integer_argument(arguments, 0, "index", -1));
        result = expression::subscript(value, at);
        items.erase((at.as_integer() < 0 ? items.end() : items.begin()) + at.as_integer());
    } else if (name == "reverse") {
        std::ranges::reverse(items);
    } else if (name == "clear") {
        items.clear();
    } else {
        refuse(value, name);
    }
    *changed = Value::list(std::move(items));
    return result;
}

}  // namespace

Value call_method(const Value& value, const std::string& name, const Arguments& arguments,
                  Value* changed) {
    if (value.is_string()) {
        return call_text(value, name, arguments);
    }
    if (value.is_dict()) {
        return call_dict(value, name, arguments, changed);
    }
    if (value.is_list_like()) {
        return call_list(value, name, arguments, changed);
    }
    refuse(value, name);
}

}  // namespace fleet::templates
