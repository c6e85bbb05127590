#include "machines/cel/names.hpp"

#include <algorithm>
#include <array>

namespace fleet::cel {

bool is_keyword(std::string_view name) {
    return name == "true" || name == "false" || name == "null" || name == "in";
}

bool is_reserved(std::string_view name) {
    static constexpr std::array<std::string_view, 17> kWords = {
        "as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
        "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};
    return std::ranges::find(kWords, name) != kWords.end();
}

std::optional<Node::Type> find_macro(std::string_view name) {
    static constexpr auto kMacros = std::to_array<std::pair<std::string_view, Node::Type>>(
        {{"all", Node::Type::macro_all},
         {"exists", Node::Type::macro_exists},
         {"exists_one", Node::Type::macro_exists_one},
         {"existsOne", Node::Type::macro_exists_one},
         {"filter", Node::Type::macro_filter},
         {"map", Node::Type::macro_map}});
    for (const auto& [macro, type] : kMacros) {
        if (name == macro) {
            return type;
        }
    }
    return std::nullopt;
}

std::optional<std::size_t> find_variable(std::string_view name) {
    static constexpr std::array<std::string_view, 3> kVariables = {"context", "input", "output"};
    for (std::size_t at = 0; at < kVariables.size(); ++at) {
        if (kVariables[at] == name) {
            return at;
        }
    }
    return std::nullopt;
}

std::optional<Type> find_type(std::string_view name) {
    for (const Type type : {Type::null, Type::boolean, Type::integer, Type::unsigned_integer,
                            Type::floating, Type::string, Type::bytes, Type::list, Type::map,
                            Type::timestamp, Type::duration, Type::type}) {
        if (name_of(type) == name) {
            return type;
        }
    }
    return std::nullopt;
}

std::optional<Operation> find_operation(const Token& word, Precedence precedence) {
    struct Row {
        std::string_view symbol;
        Precedence precedence;
        Operation operation;
    };
    static constexpr auto kRows =
        std::to_array<Row>({{"==", Precedence::relation, Operation::equal},
                            {"!=", Precedence::relation, Operation::not_equal},
                            {"<", Precedence::relation, Operation::less},
                            {"<=", Precedence::relation, Operation::less_equal},
                            {">", Precedence::relation, Operation::greater},
                            {">=", Precedence::relation, Operation::greater_equal},
                            {"in", Precedence::relation, Operation::in},
                            {"+", Precedence::addition, Operation::add},
                            {"-", Precedence::addition, Operation::subtract},
                            {"*", Precedence::multiplication, Operation::multiply},
                            {"/", Precedence::multiplication, Operation::divide},
                            {"%", Precedence::multiplication, Operation::modulo}});
    if (word.kind != TokenKind::symbol && word.kind != TokenKind::name) {
        return std::nullopt;
    }
    for (const Row& row : kRows) {
        if (row.precedence == precedence && row.symbol == word.text) {
            return row.operation;
        }
    }
    return std::nullopt;
}

}  // namespace fleet::cel
