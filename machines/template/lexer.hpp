// The words of a template: text between the tags, and what stands inside them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "machines/expression/value.hpp"

namespace fleet::templates {

enum class TokenKind {
    text,
    output_begin,
    output_end,
    block_begin,
    block_end,
    name,
    literal,
    symbol,
    end
};

struct Token {
    TokenKind kind = TokenKind::end;
    std::string text;
    expression::Value value;  ///< of a literal
    std::size_t offset = 0;   ///< in the source after its line ends were made uniform
};

struct Tokens {
    std::string source;
    std::vector<Token> tokens;  ///< ends with an `end` token
};

/// Line ends become "\n", one at the very end is dropped, comments and blanks beside "-" are gone.
/// Throws EvaluationError (template_syntax).
[[nodiscard]] Tokens read_tokens(std::string_view text);

[[noreturn]] void fail_syntax(std::string_view source, std::size_t offset, const std::string& what);

}  // namespace fleet::templates
