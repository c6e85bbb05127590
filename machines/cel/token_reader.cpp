#include "machines/cel/token_reader.hpp"

#include <algorithm>

#include "machines/cel/cel.hpp"
#include "machines/expression/errors.hpp"

namespace fleet::cel {

const Token& TokenReader::peek(std::size_t ahead) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

bool TokenReader::at_symbol(std::string_view symbol, std::size_t ahead) const {
    return peek(ahead).kind == TokenKind::symbol && peek(ahead).text == symbol;
}

bool TokenReader::take(std::string_view symbol) {
    const bool found = at_symbol(symbol);
    at_ += found ? 1U : 0U;
    return found;
}

void TokenReader::expect(std::string_view symbol) {
    if (!take(symbol)) {
        refuse_here("'" + std::string(symbol) + "' is missing");
    }
}

void TokenReader::refuse_here(const std::string& message) const {
    const Token& token = peek();
    const std::string where = token.kind == TokenKind::end
                                  ? "at the end"
                                  : "at '" + expression::excerpt(token.text) + "'";
    refuse_at(token.offset, where + ": " + message);
}

void TokenReader::refuse_at(std::size_t offset, const std::string& message) const {
    refuse(text_, offset, message);
}

void TokenReader::too_deep(std::size_t offset) const {
    expression::fail_at(expression::ErrorKind::limit, "expression", text_, offset,
                        "nested deeper than " + std::to_string(kMaxNesting) +
                            " levels, or a chain longer than " + std::to_string(kMaxChain));
}

}  // namespace fleet::cel
