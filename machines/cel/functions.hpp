// The functions of CEL that this program knows: the standard ones and the common ones for strings.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "machines/cel/values.hpp"

namespace fleet::cel {

/// Of a method the first is what it is called on.
using Arguments = std::span<const Value>;

enum class Form {
    function,  ///< size(x)
    method,    ///< x.size()
    both,
};

struct Function {
    std::string_view name;
    Form form;
    std::size_t least;  ///< arguments
    std::size_t most;
    Value (*call)(const Arguments& arguments, Meter& meter);
};

inline constexpr std::size_t kMostArguments = 4;
/// What compiling a regular expression counts as, besides its length.
inline constexpr std::size_t kPatternSteps = 200;

/// Null pointer when there is none of that name.
[[nodiscard]] const Function* find_function(std::string_view name);

/// "no_such_overload: `size` is not for int".
[[noreturn]] void no_overload(std::string_view name, const Arguments& arguments);
/// Fails when an argument is of another type than those named.
void require_types(std::string_view name, const Arguments& arguments,
                   std::initializer_list<Type> types);

// conversions.cpp
[[nodiscard]] Value to_integer(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value to_unsigned(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value to_floating(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value to_string(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value to_bytes(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value to_boolean(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value to_timestamp(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value to_duration(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value to_type(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value to_dynamic(const Arguments& arguments, Meter& meter);

// text_functions.cpp
[[nodiscard]] Value size_of(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value contains(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value starts_with(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value ends_with(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value matches(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value lower_ascii(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value upper_ascii(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value trim(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value character_at(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value index_of(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value last_index_of(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value substring(const Arguments& arguments, Meter& meter);
// list_functions.cpp
[[nodiscard]] Value split(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value join(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value replace(const Arguments& arguments, Meter& meter);

// time_functions.cpp
[[nodiscard]] Value full_year(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value month(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value date(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value day_of_month(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value day_of_week(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value day_of_year(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value hours(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value minutes(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value seconds(const Arguments& arguments, Meter& meter);
[[nodiscard]] Value milliseconds(const Arguments& arguments, Meter& meter);

}  // namespace fleet::cel
