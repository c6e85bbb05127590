#include <algorithm>
#include <array>
#include <optional>

#include "machines/expression/errors.hpp"
#include "machines/expression/lexer.hpp"
#include "machines/expression/node.hpp"

namespace fleet::expression {
namespace {

using NodePtr = std::unique_ptr<Node>;

/// Each level of nesting takes a few frames of the stack, when parsed and when evaluated.
constexpr int kDeepest = 100;

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text), tokens_(read_tokens(text)) {}

    NodePtr run() {
        NodePtr result = parse_any();
        if (current().kind != TokenKind::end) {
            refuse_unexpected();
        }
        return result;
    }

  private:
    [[noreturn]] void refuse(const std::string& what) const {
        fail_at(ErrorKind::expression, "expression", text_, current().offset, what);
    }

    [[noreturn]] void refuse_unexpected() const {
        if (current().kind == TokenKind::end) {
            refuse("the expression ends too early");
        }
        static constexpr std::array<std::string_view, 7> kForeign{"in",  "is",     "if",   "else",
                                                                  "for", "lambda", "await"};
        const std::string shown = "`" + excerpt(current().text) + "`";
        if (current().text == "(") {
            refuse("conditions call no functions");
        }
        if (std::ranges::find(kForeign, current().text) != kForeign.end()) {
            refuse(shown + " is not part of the simple expression language");
        }
        refuse("unexpected " + shown);
    }

    [[nodiscard]] const Token& current() const { return tokens_[at_]; }
    [[nodiscard]] bool is_symbol(std::string_view text) const {
        return current().kind == TokenKind::symbol && current().text == text;
    }
    [[nodiscard]] bool is_name(std::string_view text) const {
        return current().kind == TokenKind::name && current().text == text;
    }
    bool take_symbol(std::string_view text) {
        const bool found = is_symbol(text);
        at_ += found ? 1 : 0;
        return found;
    }
    bool take_name(std::string_view text) {
        const bool found = is_name(text);
        at_ += found ? 1 : 0;
        return found;
    }

    class Level {
      public:
        explicit Level(Parser& parser) : parser_(parser) {
            if (++parser_.depth_ > kDeepest) {
                parser_.refuse("nested deeper than " + std::to_string(kDeepest) + " levels");
            }
        }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;
        ~Level() { --parser_.depth_; }

      private:
        Parser& parser_;
    };

    [[nodiscard]] NodePtr make(Node::Type type) const {
        auto node = std::make_unique<Node>();
        node->type = type;
        node->offset = current().offset;
        return node;
    }

    NodePtr parse_any() {
        const Level level(*this);
        return parse_chain("or", Node::Type::any_of);
    }

    NodePtr parse_chain(std::string_view word, Node::Type type) {
        const auto operand = [&] {
            return type == Node::Type::any_of ? parse_chain("and", Node::Type::all_of)
                                              : parse_not();
        };
        NodePtr first = operand();
        if (!is_name(word)) {
            return first;
        }
        NodePtr node = make(type);
        node->operands.push_back(std::move(first));
        while (take_name(word)) {
            node->operands.push_back(operand());
        }
        return node;
    }

    NodePtr parse_not() {
        if (!is_name("not")) {
            return parse_comparison();
        }
        const Level level(*this);
        NodePtr node = make(Node::Type::none_of);
        ++at_;
        node->operands.push_back(parse_not());
        return node;
    }

    std::optional<Comparison> take_comparison() {
        static constexpr std::array<std::pair<std::string_view, Comparison>, 6> kComparisons{
            {{"==", Comparison::equal},
             {"!=", Comparison::not_equal},
             {"<", Comparison::less},
             {"<=", Comparison::less_equal},
             {">", Comparison::greater},
             {">=", Comparison::greater_equal}}};
        for (const auto& [text, comparison] : kComparisons) {
            if (take_symbol(text)) {
                return comparison;
            }
        }
        return std::nullopt;
    }

    NodePtr parse_comparison() {
        NodePtr first = parse_sum();
        NodePtr node;
        while (true) {
            NodePtr candidate = make(Node::Type::comparison);
            const auto comparison = take_comparison();
            if (!comparison) {
                break;
            }
            if (node == nullptr) {
                node = std::move(candidate);
                node->operands.push_back(std::move(first));
            }
            node->comparisons.push_back(*comparison);
            node->operands.push_back(parse_sum());
        }
        return node == nullptr ? std::move(first) : std::move(node);
    }

    NodePtr binary(Arithmetic operation, NodePtr left, NodePtr right) const {
        NodePtr node = make(Node::Type::arithmetic);
        node->offset = left->offset;
        node->arithmetic = operation;
        node->operands.push_back(std::move(left));
        node->operands.push_back(std::move(right));
        return node;
    }

    NodePtr parse_sum() {
        NodePtr left = parse_product();
        for (int terms = 1;; ++terms) {
            const bool minus = is_symbol("-");
            if (!minus && !is_symbol("+")) {
                return left;
            }
            limit_chain(terms);
            ++at_;
            left = binary(minus ? Arithmetic::subtract : Arithmetic::add, std::move(left),
                          parse_product());
        }
    }

    NodePtr parse_product() {
        NodePtr left = parse_sign();
        for (int terms = 1;; ++terms) {
            const bool division = is_symbol("/");
            if (!division && !is_symbol("*")) {
                return left;
            }
            limit_chain(terms);
            ++at_;
            left = binary(division ? Arithmetic::divide : Arithmetic::multiply, std::move(left),
                          parse_sign());
        }
    }

    /// A chain is as deep in the tree as it is long.
    void limit_chain(int terms) const {
        constexpr int kLongest = 1000;
        if (terms > kLongest) {
            refuse("more than " + std::to_string(kLongest) + " links in a chain");
        }
    }

    NodePtr parse_sign() {
        if (!is_symbol("-") && !is_symbol("+")) {
            return parse_postfix();
        }
        const Level level(*this);
        NodePtr node = make(Node::Type::sign);
        node->negative = is_symbol("-");
        ++at_;
        node->operands.push_back(parse_sign());
        return node;
    }

    NodePtr parse_postfix() {
        NodePtr node = parse_primary();
        for (int links = 1;; ++links) {
            limit_chain(links);
            if (is_symbol(".")) {
                NodePtr member = make(Node::Type::member);
                ++at_;
                if (current().kind != TokenKind::name) {
                    refuse("a field's name must follow the dot");
                }
                member->name = current().text;
                ++at_;
                member->operands.push_back(std::move(node));
                node = std::move(member);
            } else if (is_symbol("[")) {
                NodePtr place = make(Node::Type::subscript);
                ++at_;
                place->operands.push_back(std::move(node));
                place->operands.push_back(parse_any());
                if (!take_symbol("]")) {
                    refuse_unexpected();
                }
                node = std::move(place);
            } else {
                return node;
            }
        }
    }

    NodePtr parse_primary() {
        if (current().kind == TokenKind::literal) {
            return parse_literal();
        }
        if (current().kind == TokenKind::name) {
            return parse_name();
        }
        if (!take_symbol("(")) {
            refuse_unexpected();
        }
        NodePtr inner = parse_any();
        if (!take_symbol(")")) {
            refuse_unexpected();
        }
        return inner;
    }

    NodePtr parse_literal() {
        NodePtr node = make(Node::Type::literal);
        node->value = current().value;
        ++at_;
        while (node->value.is_string() && current().kind == TokenKind::literal &&
               current().value.is_string()) {
            node->value = Value::string(node->value.as_string() + current().value.as_string());
            ++at_;
        }
        return node;
    }

    NodePtr parse_name() {
        static constexpr std::array<std::string_view, 33> kWords{
            "and",      "as",       "assert", "async", "await",    "break",  "class",
            "continue", "def",      "del",    "elif",  "else",     "except", "finally",
            "for",      "from",     "global", "if",    "import",   "in",     "is",
            "lambda",   "nonlocal", "not",    "or",    "pass",     "raise",  "return",
            "try",      "while",    "with",   "yield", "__debug__"};
        const std::string_view name = current().text;
        if (std::ranges::find(kWords, name) != kWords.end()) {
            refuse_unexpected();
        }
        NodePtr node = make(Node::Type::literal);
        if (name == "true" || name == "True" || name == "false" || name == "False") {
            node->value = Value::boolean(name.size() == 4);
        } else if (name != "null" && name != "None") {
            node->type = name == "context" ? Node::Type::context : Node::Type::unknown;
            node->name = name;
        }
        ++at_;
        return node;
    }

    std::string_view text_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

}  // namespace

std::unique_ptr<Node> parse_expression(std::string_view text) {
    return Parser(text).run();
}

}  // namespace fleet::expression
