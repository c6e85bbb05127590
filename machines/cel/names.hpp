// The names that the language gives a meaning.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "machines/cel/lexer.hpp"
#include "machines/cel/node.hpp"
#include "machines/cel/values.hpp"

namespace fleet::cel {

/// true, false, null, in: no names of anything else, not even of fields.
[[nodiscard]] bool is_keyword(std::string_view name);
/// Words of other languages, which name no variable.
[[nodiscard]] bool is_reserved(std::string_view name);
/// Which macro of the form `list.name(variable, body)` it is. `map` is macro_map.
[[nodiscard]] std::optional<Node::Type> find_macro(std::string_view name);
/// The place of context, input, output.
[[nodiscard]] std::optional<std::size_t> find_variable(std::string_view name);
[[nodiscard]] std::optional<Type> find_type(std::string_view name);

enum class Precedence { relation, addition, multiplication };
/// The operation that the word is, if it is one of that precedence.
[[nodiscard]] std::optional<Operation> find_operation(const Token& word, Precedence precedence);

}  // namespace fleet::cel
