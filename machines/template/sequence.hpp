// What filters and loops go through, and what they give.
#pragma once

#include <string>
#include <string_view>

#include "machines/expression/value.hpp"

namespace fleet::templates {

/// The items of a list, the characters of a string, the keys of an object, nothing of an undefined
/// value. Everything else is a type error.
[[nodiscard]] expression::List items_of(const expression::Value& value);
[[nodiscard]] bool is_iterable(const expression::Value& value);

/// What the reference computes while it is read, such as the result of `map`: it can be iterated
/// and turned into a list, but has no length and no JSON form.
[[nodiscard]] expression::Value make_generator(expression::List items, std::string type);
/// `range(...)`; `text` is how it prints.
[[nodiscard]] expression::Value make_range(expression::List items, std::string text);

/// As `value.name` and `value[key]` in a template: undefined (called `shown`) when it is missing.
[[nodiscard]] expression::Value member_of(const expression::Value& value,
                                          const expression::Value& key,
                                          const expression::SharedText& shown);
/// `a.b.0` of filters' `attribute`.
[[nodiscard]] expression::Value path_of(const expression::Value& value,
                                        const expression::Value& path);
/// Characters of a string, items of a list or range, members of an object; undefined is 0.
[[nodiscard]] std::int64_t length_of(const expression::Value& value);
/// `method(arguments)` of a string, list or object, by the name it has in Python. `changed` is set
/// to what the value becomes when the method changes it.
struct Arguments;
[[nodiscard]] expression::Value call_method(const expression::Value& value, const std::string& name,
                                            const Arguments& arguments, expression::Value* changed);
/// `'%s' % value`.
[[nodiscard]] std::string format_percent(const std::string& format, const expression::Value& value);
/// `'{}'.format(...)`.
[[nodiscard]] std::string format_braces(const std::string& format, const Arguments& arguments);

}  // namespace fleet::templates
