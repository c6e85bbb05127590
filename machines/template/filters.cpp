#include "machines/template/filters.hpp"

#include <algorithm>

#include "machines/expression/big_integer.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"
#include "machines/template/sequence.hpp"

namespace fleet::templates {

using expression::ErrorKind;
using expression::fail;
using expression::Kind;
using expression::Value;

namespace {

Value filter_default(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    const bool replace = subject.is_undefined() || (flag_argument(arguments, 1, "boolean", false) &&
                                                    !expression::truthy(subject));
    const Value* given = arguments.get(0, "default_value");
    return !replace ? subject : given == nullptr ? text_value("") : *given;
}

/// JSON that may stand inside HTML.
Value filter_tojson(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    std::string result;
    if (arguments.get(0, "indent") != nullptr && !arguments.get(0, "indent")->is_null()) {
        fail(ErrorKind::value, "`tojson` has no `indent` here");
    }
    for (const char character : expression::spaced_json(subject, true)) {
        switch (character) {
            case '<':
                result += "\\u003c";
                break;
            case '>':
                result += "\\u003e";
                break;
            case '&':
                result += "\\u0026";
                break;
            case '\'':
                result += "\\u0027";
                break;
            default:
                result += character;
        }
    }
    return text_value(std::move(result));
}

Value filter_fromjson(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    expression::require_defined(subject);
    if (!subject.is_string()) {
        fail(ErrorKind::type, "`fromjson` needs a string, not " + expression::type_name(subject));
    }
    return expression::from_json(subject.as_string());
}

Value filter_attr(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    const std::string name = text_argument(arguments, 0, "name", "");
    if (subject.is(Kind::object)) {
        return subject.as_object()->attribute(name);
    }
    return Value::undefined(std::make_shared<const std::string>(name));
}

Value filter_pprint(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    return text_value(expression::repr_text(subject));
}

Value filter_length(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    return Value::integer(length_of(subject));
}

constexpr std::array<NamedFilter, 7> kGeneral{{{"default", filter_default},
                                               {"d", filter_default},
                                               {"tojson", filter_tojson},
                                               {"attr", filter_attr},
                                               {"pprint", filter_pprint},
                                               {"length", filter_length},
                                               {"count", filter_length}}};

}  // namespace

const Value* Arguments::get(std::size_t place, std::string_view name) const {
    if (place < list.size()) {
        return &list[place];
    }
    for (const auto& [given, value] : named) {
        if (given == name) {
            return &value;
        }
    }
    return nullptr;
}

Arguments Arguments::rest(std::size_t count) const {
    Arguments result{.list = {}, .named = named};
    for (std::size_t i = count; i < list.size(); ++i) {
        result.list.push_back(list[i]);
    }
    return result;
}

Filter find_filter(std::string_view name, Mode mode) {
    if (name == "fromjson") {
        return mode == Mode::config ? filter_fromjson : nullptr;
    }
    for (const auto& [known, filter] : kGeneral) {
        if (known == name) {
            return filter;
        }
    }
    for (const auto find : {find_text_filter, find_list_filter, find_number_filter}) {
        if (const Filter found = find(name)) {
            return found;
        }
    }
    return nullptr;
}

std::int64_t integer_argument(const Arguments& arguments, std::size_t place, std::string_view name,
                              std::int64_t otherwise) {
    const Value* value = arguments.get(place, name);
    if (value == nullptr || value->is_null()) {
        return otherwise;
    }
    if (value->is(Kind::big_integer)) {
        fail(ErrorKind::limit, "the argument `" + std::string(name) +
                                   "` is out of range: " + expression::integer_excerpt(*value));
    }
    if (!value->is_integral()) {
        fail(ErrorKind::type, "the argument `" + std::string(name) + "` is an integer, not " +
                                  expression::type_name(*value));
    }
    return value->as_integer();
}

bool flag_argument(const Arguments& arguments, std::size_t place, std::string_view name,
                   bool otherwise) {
    const Value* value = arguments.get(place, name);
    return value == nullptr ? otherwise : expression::truthy(*value);
}

std::string text_argument(const Arguments& arguments, std::size_t place, std::string_view name,
                          const std::string& otherwise) {
    const Value* value = arguments.get(place, name);
    return value == nullptr || value->is_null() ? otherwise : expression::plain_text(*value);
}

Value text_value(std::string text) {
    return Value::string(std::move(text));
}

}  // namespace fleet::templates
