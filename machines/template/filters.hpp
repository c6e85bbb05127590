// The filters by kind, and what they share.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "machines/template/node.hpp"

namespace fleet::templates {

using NamedFilter = std::pair<std::string_view, Filter>;

[[nodiscard]] Filter find_text_filter(std::string_view name);
[[nodiscard]] Filter find_list_filter(std::string_view name);
[[nodiscard]] Filter find_number_filter(std::string_view name);

/// The whole number given, or `otherwise`; another type is a type error.
[[nodiscard]] std::int64_t integer_argument(const Arguments& arguments, std::size_t place,
                                            std::string_view name, std::int64_t otherwise);
[[nodiscard]] bool flag_argument(const Arguments& arguments, std::size_t place,
                                 std::string_view name, bool otherwise);
/// What was given as text, or `otherwise`.
[[nodiscard]] std::string text_argument(const Arguments& arguments, std::size_t place,
                                        std::string_view name, const std::string& otherwise);
[[nodiscard]] expression::Value text_value(std::string text);
[[nodiscard]] std::string title_case(std::string_view text);
[[nodiscard]] std::string capitalized(std::string_view text);
[[nodiscard]] std::string replaced(const std::string& text, const std::string& from,
                                   const std::string& to, std::int64_t count);
/// Without these characters at the ends; empty: without blanks.
[[nodiscard]] std::string stripped(std::string_view text, std::string_view characters, bool left,
                                   bool right);
[[nodiscard]] expression::List split_words(std::string_view text);

}  // namespace fleet::templates
