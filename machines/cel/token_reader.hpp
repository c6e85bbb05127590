// Walks over the words of an expression and says where one is wrong.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "machines/cel/lexer.hpp"

namespace fleet::cel {

class TokenReader {
  public:
    /// The text is borrowed.
    explicit TokenReader(std::string_view text) : text_(text), tokens_(read_tokens(text)) {}

    /// The last word is the end.
    [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
    [[nodiscard]] bool at_symbol(std::string_view symbol, std::size_t ahead = 0) const;
    void skip(std::size_t count = 1) { at_ += count; }
    /// Whether the symbol was there, and is passed.
    bool take(std::string_view symbol);
    void expect(std::string_view symbol);

    /// Throws EvaluationError (expression) about the word here, or about another place.
    [[noreturn]] void refuse_here(const std::string& message) const;
    [[noreturn]] void refuse_at(std::size_t offset, const std::string& message) const;
    /// Throws EvaluationError (limit).
    [[noreturn]] void too_deep(std::size_t offset) const;

  private:
    std::string_view text_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
};

}  // namespace fleet::cel
