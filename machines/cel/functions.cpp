#include "machines/cel/functions.hpp"

#include <algorithm>
#include <array>

#include "machines/expression/errors.hpp"

namespace fleet::cel {
namespace {

constexpr std::array kFunctions = std::to_array<Function>({
    {"size", Form::both, 1, 1, size_of},
    {"int", Form::function, 1, 1, to_integer},
    {"uint", Form::function, 1, 1, to_unsigned},
    {"double", Form::function, 1, 1, to_floating},
    {"string", Form::function, 1, 1, to_string},
    {"bytes", Form::function, 1, 1, to_bytes},
    {"bool", Form::function, 1, 1, to_boolean},
    {"timestamp", Form::function, 1, 1, to_timestamp},
    {"duration", Form::function, 1, 1, to_duration},
    {"type", Form::function, 1, 1, to_type},
    {"dyn", Form::function, 1, 1, to_dynamic},
    {"matches", Form::both, 2, 2, matches},
    {"contains", Form::method, 2, 2, contains},
    {"startsWith", Form::method, 2, 2, starts_with},
    {"endsWith", Form::method, 2, 2, ends_with},
    {"lowerAscii", Form::method, 1, 1, lower_ascii},
    {"upperAscii", Form::method, 1, 1, upper_ascii},
    {"trim", Form::method, 1, 1, trim},
    {"charAt", Form::method, 2, 2, character_at},
    {"indexOf", Form::method, 2, 3, index_of},
    {"lastIndexOf", Form::method, 2, 3, last_index_of},
    {"substring", Form::method, 2, 3, substring},
    {"split", Form::method, 2, 3, split},
    {"join", Form::method, 1, 2, join},
    {"replace", Form::method, 3, 4, replace},
    {"getFullYear", Form::method, 1, 2, full_year},
    {"getMonth", Form::method, 1, 2, month},
    {"getDate", Form::method, 1, 2, date},
    {"getDayOfMonth", Form::method, 1, 2, day_of_month},
    {"getDayOfWeek", Form::method, 1, 2, day_of_week},
    {"getDayOfYear", Form::method, 1, 2, day_of_year},
    {"getHours", Form::method, 1, 2, hours},
    {"getMinutes", Form::method, 1, 2, minutes},
    {"getSeconds", Form::method, 1, 2, seconds},
    {"getMilliseconds", Form::method, 1, 2, milliseconds},
});

}  // namespace

const Function* find_function(std::string_view name) {
    const auto* found = std::ranges::find(kFunctions, name, &Function::name);
    return found == kFunctions.end() ? nullptr : found;
}

void no_overload(std::string_view name, const Arguments& arguments) {
    std::string types;
    for (const Value& argument : arguments) {
        types += types.empty() ? "" : ", ";
        types += name_of(type_of(argument));
    }
    expression::fail(expression::ErrorKind::type,
                     "no_such_overload: `" + std::string(name) + "` is not for " + types);
}

void require_types(std::string_view name, const Arguments& arguments,
                   std::initializer_list<Type> types) {
    const auto* type = types.begin();
    for (const Value& argument : arguments) {
        if (type == types.end() || type_of(argument) != *type) {
            no_overload(name, arguments);
        }
        ++type;
    }
}

}  // namespace fleet::cel
