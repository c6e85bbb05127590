#include "machines/template/expression_parser.hpp"

#include <algorithm>
#include <array>

#include "machines/expression/errors.hpp"

namespace fleet::templates {

using expression::Arithmetic;
using expression::Value;

namespace {
/// Each level of nesting takes several frames of the stack, when parsed and when rendered.
constexpr int kDeepest = 60;
}  // namespace

ExpressionParser::Level::Level(ExpressionParser& parser) : parser_(parser) {
    if (++parser_.depth_ > kDeepest) {
        parser_.refuse("nested deeper than " + std::to_string(kDeepest) + " levels");
    }
}

void ExpressionParser::limit_chain(int links) const {
    constexpr int kLongest = 500;
    if (links > kLongest) {
        refuse("more than " + std::to_string(kLongest) + " links in a chain");
    }
}

const Token& ExpressionParser::following() const {
    return tokens_.tokens[std::min(at_ + 1, tokens_.tokens.size() - 1)];
}

bool ExpressionParser::is_symbol(std::string_view text) const {
    return current().kind == TokenKind::symbol && current().text == text;
}

bool ExpressionParser::is_name(std::string_view text) const {
    return current().kind == TokenKind::name && current().text == text;
}

bool ExpressionParser::take_symbol(std::string_view text) {
    const bool found = is_symbol(text);
    at_ += found ? 1 : 0;
    return found;
}

bool ExpressionParser::take_name(std::string_view text) {
    const bool found = is_name(text);
    at_ += found ? 1 : 0;
    return found;
}

void ExpressionParser::expect_symbol(std::string_view text) {
    if (!take_symbol(text)) {
        refuse("expected `" + std::string(text) + "`");
    }
}

std::string ExpressionParser::expect_any_name() {
    if (current().kind != TokenKind::name) {
        refuse("expected a name");
    }
    return tokens_.tokens[at_++].text;
}

std::size_t ExpressionParser::id_of(const std::string& name) {
    const auto found = std::ranges::find(body_.names, name);
    if (found != body_.names.end()) {
        return static_cast<std::size_t>(found - body_.names.begin());
    }
    body_.names.push_back(name);
    return body_.names.size() - 1;
}

void ExpressionParser::refuse(const std::string& what) const {
    fail_syntax(tokens_.source, current().offset, what);
}

void ExpressionParser::refuse_unexpected() const {
    switch (current().kind) {
        case TokenKind::output_end:
        case TokenKind::block_end:
            refuse("expected an expression before the tag's end");
        case TokenKind::end:
            refuse("the template ends too early");
        default:
            refuse("unexpected `" + current().text + "`");
    }
}

ExprPtr ExpressionParser::make(Expr::Type type) const {
    auto node = std::make_unique<Expr>();
    node->type = type;
    node->offset = current().offset;
    return node;
}

ExprPtr ExpressionParser::join(Expr::Type type, ExprPtr left, ExprPtr right) const {
    ExprPtr node = make(type);
    node->offset = left->offset;
    node->operands.push_back(std::move(left));
    node->operands.push_back(std::move(right));
    return node;
}

ExprPtr ExpressionParser::parse(bool with_condition) {
    const Level level(*this);
    ExprPtr node = parse_or();
    for (int links = 1; with_condition && take_name("if"); ++links) {
        limit_chain(links);
        ExprPtr test = parse_or();
        node = join(Expr::Type::conditional, std::move(node), std::move(test));
        node->operands.push_back(take_name("else") ? parse() : nullptr);
    }
    return node;
}

ExprPtr ExpressionParser::parse_or() {
    ExprPtr left = parse_and();
    for (int links = 1; take_name("or"); ++links) {
        limit_chain(links);
        left = join(Expr::Type::any_of, std::move(left), parse_and());
    }
    return left;
}

ExprPtr ExpressionParser::parse_and() {
    ExprPtr left = parse_not();
    for (int links = 1; take_name("and"); ++links) {
        limit_chain(links);
        left = join(Expr::Type::all_of, std::move(left), parse_not());
    }
    return left;
}

ExprPtr ExpressionParser::parse_not() {
    if (!is_name("not")) {
        return parse_comparison();
    }
    const Level level(*this);
    ExprPtr node = make(Expr::Type::none_of);
    advance();
    node->operands.push_back(parse_not());
    return node;
}

ExprPtr ExpressionParser::parse_comparison() {
    using Comparison = Expr::Comparison;
    static constexpr std::array<std::pair<std::string_view, Comparison>, 6> kSymbols{
        {{"==", Comparison::equal},
         {"!=", Comparison::not_equal},
         {"<", Comparison::less},
         {"<=", Comparison::less_equal},
         {">", Comparison::greater},
         {">=", Comparison::greater_equal}}};
    ExprPtr first = parse_sum();
    ExprPtr node;
    const auto add = [&](Comparison comparison) {
        if (node == nullptr) {
            node = make(Expr::Type::comparison);
            node->operands.push_back(std::move(first));
        }
        node->comparisons.push_back(comparison);
        node->operands.push_back(parse_sum());
    };
    while (true) {
        const auto symbol = std::ranges::find_if(
            kSymbols, [&](const auto& candidate) { return is_symbol(candidate.first); });
        if (symbol != kSymbols.end()) {
            advance();
            add(symbol->second);
        } else if (take_name("in")) {
            add(Comparison::in);
        } else if (is_name("not") && following().kind == TokenKind::name &&
                   following().text == "in") {
            advance();
            advance();
            add(Comparison::not_in);
        } else {
            return node == nullptr ? std::move(first) : std::move(node);
        }
    }
}

ExprPtr ExpressionParser::parse_sum() {
    ExprPtr left = parse_concat();
    for (int links = 1; is_symbol("+") || is_symbol("-"); ++links) {
        limit_chain(links);
        const Arithmetic operation = is_symbol("+") ? Arithmetic::add : Arithmetic::subtract;
        advance();
        left = join(Expr::Type::arithmetic, std::move(left), parse_concat());
        left->arithmetic = operation;
    }
    return left;
}

ExprPtr ExpressionParser::parse_concat() {
    ExprPtr first = parse_product();
    if (!is_symbol("~")) {
        return first;
    }
    ExprPtr node = make(Expr::Type::concat);
    node->operands.push_back(std::move(first));
    while (take_symbol("~")) {
        node->operands.push_back(parse_product());
    }
    return node;
}

ExprPtr ExpressionParser::parse_product() {
    static constexpr std::array<std::pair<std::string_view, Arithmetic>, 4> kSymbols{
        {{"*", Arithmetic::multiply},
         {"/", Arithmetic::divide},
         {"//", Arithmetic::floor_divide},
         {"%", Arithmetic::modulo}}};
    ExprPtr left = parse_power();
    for (int links = 1;; ++links) {
        limit_chain(links);
        const auto symbol = std::ranges::find_if(
            kSymbols, [&](const auto& candidate) { return is_symbol(candidate.first); });
        if (symbol == kSymbols.end()) {
            return left;
        }
        advance();
        left = join(Expr::Type::arithmetic, std::move(left), parse_power());
        left->arithmetic = symbol->second;
    }
}

ExprPtr ExpressionParser::parse_power() {
    ExprPtr left = parse_unary();
    for (int links = 1; take_symbol("**"); ++links) {
        limit_chain(links);
        left = join(Expr::Type::arithmetic, std::move(left), parse_unary());
        left->arithmetic = Arithmetic::power;
    }
    return left;
}

ExprPtr ExpressionParser::parse_unary(bool with_filter) {
    ExprPtr node;
    if (is_symbol("-") || is_symbol("+")) {
        const Level level(*this);
        node = make(Expr::Type::sign);
        node->negative = is_symbol("-");
        advance();
        node->operands.push_back(parse_unary(false));
    } else {
        node = parse_primary();
    }
    node = parse_postfix(std::move(node));
    return with_filter ? parse_filters(std::move(node)) : std::move(node);
}

ExprPtr ExpressionParser::parse_primary() {
    if (current().kind == TokenKind::name) {
        return parse_name();
    }
    if (current().kind == TokenKind::literal) {
        ExprPtr node = make(Expr::Type::constant);
        node->value = current().value;
        advance();
        while (node->value.is_string() && current().kind == TokenKind::literal &&
               current().value.is_string()) {
            node->value = Value::string(node->value.as_string() + current().value.as_string());
            advance();
        }
        return node;
    }
    if (is_symbol("(")) {
        return parse_parenthesis();
    }
    if (is_symbol("[")) {
        return parse_list();
    }
    if (is_symbol("{")) {
        return parse_dict();
    }
    refuse_unexpected();
}

ExprPtr ExpressionParser::parse_name() {
    const std::string& name = current().text;
    ExprPtr node = make(Expr::Type::constant);
    if (name == "true" || name == "True" || name == "false" || name == "False") {
        node->value = Value::boolean(name.size() == 4);
    } else if (name != "none" && name != "None") {
        node->type = Expr::Type::name;
        node->name = name;
        node->id = id_of(name);
        node->shown = std::make_shared<const std::string>(name);
    }
    advance();
    return node;
}

bool ExpressionParser::ends_tuple(bool with_condition) const {
    return current().kind == TokenKind::output_end || current().kind == TokenKind::block_end ||
           is_symbol(")") || is_symbol("=") || is_name("in") || is_name("recursive") ||
           (!with_condition && is_name("if"));
}

ExprPtr ExpressionParser::parse_tuple(bool with_condition) {
    ExprPtr first = parse(with_condition);
    if (!is_symbol(",")) {
        return first;
    }
    ExprPtr node = make(Expr::Type::tuple);
    node->operands.push_back(std::move(first));
    while (take_symbol(",") && !ends_tuple(with_condition)) {
        node->operands.push_back(parse(with_condition));
    }
    return node;
}

ExprPtr ExpressionParser::parse_parenthesis() {
    ExprPtr empty = make(Expr::Type::tuple);
    advance();
    if (take_symbol(")")) {
        return empty;
    }
    ExprPtr node = parse_tuple();
    expect_symbol(")");
    return node;
}

ExprPtr ExpressionParser::parse_list() {
    ExprPtr node = make(Expr::Type::list);
    advance();
    while (!is_symbol("]")) {
        node->operands.push_back(parse());
        if (!take_symbol(",")) {
            break;
        }
    }
    expect_symbol("]");
    return node;
}

ExprPtr ExpressionParser::parse_dict() {
    ExprPtr node = make(Expr::Type::dict);
    advance();
    while (!is_symbol("}")) {
        node->operands.push_back(parse());
        expect_symbol(":");
        node->operands.push_back(parse());
        if (!take_symbol(",")) {
            break;
        }
    }
    expect_symbol("}");
    return node;
}

ExprPtr ExpressionParser::parse_postfix(ExprPtr node) {
    for (int links = 1;; ++links) {
        limit_chain(links);
        if (is_symbol(".")) {
            node = parse_member(std::move(node));
        } else if (is_symbol("[")) {
            node = parse_subscript(std::move(node));
        } else if (is_symbol("(")) {
            ExprPtr call = make(Expr::Type::call);
            call->operands.push_back(std::move(node));
            parse_arguments(*call);
            node = std::move(call);
        } else {
            return node;
        }
    }
}

ExprPtr ExpressionParser::parse_member(ExprPtr owner) {
    advance();
    ExprPtr node = make(Expr::Type::member);
    std::string shown = owner->shown == nullptr ? "" : *owner->shown + ".";
    if (current().kind == TokenKind::name) {
        node->name = current().text;
        node->value = Value::string(current().text);
    } else if (current().kind == TokenKind::literal &&
               current().value.is(expression::Kind::integer)) {
        node->value = current().value;
    } else {
        refuse("a member's name must follow the dot");
    }
    node->shown = std::make_shared<const std::string>(shown + current().text);
    advance();
    node->operands.push_back(std::move(owner));
    return node;
}

ExprPtr ExpressionParser::parse_subscript(ExprPtr owner) {
    advance();
    ExprPtr key;
    if (!is_symbol(":")) {
        key = parse_tuple();
    }
    if (is_symbol(":")) {
        return parse_slice(std::move(owner), std::move(key));
    }
    expect_symbol("]");
    ExprPtr node = make(Expr::Type::subscript);
    if (owner->shown != nullptr && key->type == Expr::Type::constant && key->value.is_string()) {
        node->shown =
            std::make_shared<const std::string>(*owner->shown + "." + key->value.as_string());
    }
    node->operands.push_back(std::move(owner));
    node->operands.push_back(std::move(key));
    return node;
}

ExprPtr ExpressionParser::parse_slice(ExprPtr owner, ExprPtr first) {
    ExprPtr node = make(Expr::Type::slice);
    node->operands.push_back(std::move(owner));
    node->operands.push_back(std::move(first));
    for (int part = 0; part < 2; ++part) {
        const bool given = take_symbol(":") && !is_symbol(":") && !is_symbol("]");
        node->operands.push_back(given ? parse() : nullptr);
    }
    expect_symbol("]");
    return node;
}

void ExpressionParser::parse_arguments(Expr& call) {
    expect_symbol("(");
    while (!is_symbol(")")) {
        if (current().kind == TokenKind::name && following().kind == TokenKind::symbol &&
            following().text == "=") {
            std::string name = current().text;
            advance();
            advance();
            call.named.emplace_back(std::move(name), parse());
        } else if (!call.named.empty()) {
            refuse("an argument without name follows one with a name");
        } else {
            call.operands.push_back(parse());
        }
        if (!take_symbol(",")) {
            break;
        }
    }
    expect_symbol(")");
}

ExprPtr ExpressionParser::parse_filters(ExprPtr subject, bool first_without_bar) {
    if (first_without_bar) {
        subject = parse_filter(std::move(subject));
    }
    for (int links = 1;; ++links) {
        limit_chain(links);
        if (take_symbol("|")) {
            subject = parse_filter(std::move(subject));
        } else if (take_name("is")) {
            subject = parse_test(std::move(subject));
        } else if (is_symbol("(")) {
            subject = parse_postfix(std::move(subject));
        } else {
            return subject;
        }
    }
}

ExprPtr ExpressionParser::parse_filter(ExprPtr subject) {
    ExprPtr node = make(Expr::Type::filter);
    node->operands.push_back(std::move(subject));
    node->filter = find_filter(current().text, body_.mode);
    node->name = current().text;
    if (current().kind != TokenKind::name || node->filter == nullptr) {
        refuse("there is no filter `" + current().text + "`");
    }
    advance();
    if (is_symbol("(")) {
        parse_arguments(*node);
    }
    return node;
}

ExprPtr ExpressionParser::parse_test(ExprPtr subject) {
    const bool negated = take_name("not");
    ExprPtr node = make(Expr::Type::test);
    node->operands.push_back(std::move(subject));
    node->test = find_test(current().text);
    if ((current().kind != TokenKind::name && current().kind != TokenKind::symbol) ||
        node->test == nullptr) {
        refuse("there is no test `" + current().text + "`");
    }
    advance();
    const bool value_follows =
        current().kind == TokenKind::literal || is_symbol("[") || is_symbol("{") ||
        (current().kind == TokenKind::name && !is_name("else") && !is_name("or") &&
         !is_name("and") && !is_name("is") && !is_name("if") && !is_name("in") && !is_name("not"));
    if (is_symbol("(")) {
        parse_arguments(*node);
    } else if (value_follows) {
        node->operands.push_back(parse_postfix(parse_primary()));
    }
    if (!negated) {
        return node;
    }
    ExprPtr inverse = make(Expr::Type::none_of);
    inverse->operands.push_back(std::move(node));
    return inverse;
}

}  // namespace fleet::templates
