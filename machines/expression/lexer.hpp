// The words of a simple expression.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "machines/expression/value.hpp"

namespace fleet::expression {

enum class TokenKind { name, literal, symbol, end };

struct Token {
    TokenKind kind = TokenKind::end;
    std::string_view text;  ///< a part of the expression
    Value value;            ///< of a literal
    std::size_t offset = 0;
};

/// Ends with an `end` token. Throws EvaluationError (expression) with the position.
[[nodiscard]] std::vector<Token> read_tokens(std::string_view text);

}  // namespace fleet::expression
