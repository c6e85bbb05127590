// The words of a CEL expression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::cel {

enum class TokenKind {
    name,         ///< also true, in, ...: the parser tells
    quoted_name,  ///< `x-y`, only behind a point
    integer,
    unsigned_integer,
    floating,
    string,
    bytes,
    symbol,
    end,
};

struct Token {
    TokenKind kind = TokenKind::end;
    std::string_view text;  ///< a part of the expression
    std::size_t offset = 0;
    std::uint64_t number = 0;  ///< of an integer, without its sign
    double floating = 0;
    std::string content;  ///< of a string, with escapes replaced
};

/// Ends with an `end` token. Throws EvaluationError (expression) with the position.
[[nodiscard]] std::vector<Token> read_tokens(std::string_view text);

/// What stands between the quotes, with its escapes replaced; in bytes \x and octal ones are bytes,
/// not characters. Throws EvaluationError (expression) that says which is wrong, without position.
[[nodiscard]] std::string replace_escapes(std::string_view text, bool of_bytes);

/// Throws EvaluationError (expression) with the position.
[[noreturn]] void refuse(std::string_view text, std::size_t offset, const std::string& message);

}  // namespace fleet::cel
