#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "machines/cel/cel.hpp"
#include "machines/cel/names.hpp"
#include "machines/cel/node.hpp"
#include "machines/cel/token_reader.hpp"
#include "machines/expression/errors.hpp"

namespace fleet::cel {
namespace {

using NodePointer = std::unique_ptr<Node>;

class Parser {
  public:
    explicit Parser(std::string_view text) : words_(text) {}

    Program parse() {
        Program program;
        program.root = expression();
        if (words_.peek().kind != TokenKind::end) {
            words_.refuse_here("an operator is missing before this, or it is not closed");
        }
        program.locals = most_locals_;
        return program;
    }

  private:
    // --- nodes -----------------------------------------------------------------------------

    [[nodiscard]] NodePointer make(Node::Type type, std::size_t offset) const {
        auto node = std::make_unique<Node>();
        node->type = type;
        node->offset = offset;
        return node;
    }
    void add(Node& node, NodePointer operand) const {
        node.height = std::max(node.height, operand->height + 1);
        if (node.height > kMaxChain) {
            words_.too_deep(node.offset);
        }
        node.operands.push_back(std::move(operand));
    }
    NodePointer literal(Value value) {
        NodePointer node = make(Node::Type::literal, words_.peek().offset);
        node->value = std::move(value);
        words_.skip();
        return node;
    }

    // --- operators, from the loosest ---------------------------------------------------------

    NodePointer expression() {
        if (nesting_ == kMaxNesting) {
            words_.too_deep(words_.peek().offset);
        }
        ++nesting_;
        NodePointer result = either();
        if (words_.at_symbol("?")) {
            NodePointer node = make(Node::Type::conditional, words_.peek().offset);
            words_.skip();
            add(*node, std::move(result));
            add(*node, either());
            words_.expect(":");
            add(*node, expression());
            result = std::move(node);
        }
        --nesting_;
        return result;
    }

    NodePointer either() { return joined(Node::Type::any_of, "||"); }

    /// One node for a whole chain of && or ||, so that chains may be long.
    NodePointer joined(Node::Type type, std::string_view symbol) {
        const auto operand = [&] {
            return type == Node::Type::any_of ? joined(Node::Type::all_of, "&&") : relation();
        };
        NodePointer first = operand();
        if (!words_.at_symbol(symbol)) {
            return first;
        }
        NodePointer node = make(type, words_.peek().offset);
        add(*node, std::move(first));
        while (words_.take(symbol)) {
            add(*node, operand());
        }
        return node;
    }

    NodePointer relation() { return binary(Precedence::relation, &Parser::addition); }
    NodePointer addition() { return binary(Precedence::addition, &Parser::multiplication); }
    NodePointer multiplication() { return binary(Precedence::multiplication, &Parser::unary); }

    /// left op right op right ..., the operands read by `operand`.
    NodePointer binary(Precedence precedence, NodePointer (Parser::*operand)()) {
        NodePointer left = (this->*operand)();
        while (const auto operation = find_operation(words_.peek(), precedence)) {
            NodePointer node = make(Node::Type::binary, words_.peek().offset);
            words_.skip();
            node->operation = *operation;
            add(*node, std::move(left));
            add(*node, (this->*operand)());
            left = std::move(node);
        }
        return left;
    }

    NodePointer unary() {
        const bool is_not = words_.at_symbol("!");
        const std::string_view symbol = is_not ? "!" : "-";
        std::vector<std::size_t> offsets;
        while (words_.at_symbol(symbol)) {
            offsets.push_back(words_.peek().offset);
            words_.skip();
        }
        const bool negative =
            !is_not && !offsets.empty() &&
            (words_.peek().kind == TokenKind::integer || words_.peek().kind == TokenKind::floating);
        if (negative) {
            offsets.pop_back();  // the sign is part of the number
        }
        NodePointer result = member(negative);
        for (; !offsets.empty(); offsets.pop_back()) {
            NodePointer node =
                make(is_not ? Node::Type::logical_not : Node::Type::negate, offsets.back());
            add(*node, std::move(result));
            result = std::move(node);
        }
        return result;
    }

    // --- members -----------------------------------------------------------------------------

    NodePointer member(bool negative) {
        NodePointer result = primary(negative);
        while (true) {
            if (words_.at_symbol("[")) {
                NodePointer node = make(Node::Type::index, words_.peek().offset);
                words_.skip();
                add(*node, std::move(result));
                add(*node, expression());
                words_.expect("]");
                result = std::move(node);
            } else if (words_.at_symbol(".")) {
                words_.skip();
                result = selection(std::move(result));
            } else {
                return result;
            }
        }
    }

    NodePointer selection(NodePointer owner) {
        const Token& name = words_.peek();
        if (name.kind == TokenKind::name && words_.at_symbol("(", 1)) {
            return method(std::move(owner));
        }
        NodePointer node = make(Node::Type::select, name.offset);
        if (name.kind == TokenKind::quoted_name) {
            node->name = name.content;
        } else if (name.kind == TokenKind::name && !is_keyword(name.text)) {
            node->name = name.text;
        } else {
            words_.refuse_here("the name of a field is missing");
        }
        words_.skip();
        add(*node, std::move(owner));
        return node;
    }

    NodePointer method(NodePointer owner) {
        const Token& name = words_.peek();
        if (const auto macro = find_macro(name.text)) {
            return macro_call(*macro, std::move(owner));
        }
        NodePointer node = make(Node::Type::call, name.offset);
        const Function* const function = function_named(Form::method);
        add(*node, std::move(owner));
        return call(std::move(node), function);
    }

    NodePointer macro_call(Node::Type type, NodePointer range) {
        NodePointer node = make(type, words_.peek().offset);
        words_.skip(2);
        const Token& variable = words_.peek();
        if (variable.kind != TokenKind::name || is_keyword(variable.text)) {
            words_.refuse_here("the variable of the macro is missing: list.all(x, x > 0)");
        }
        words_.skip();
        words_.expect(",");
        node->number = locals_.size();
        locals_.push_back(variable.text);
        most_locals_ = std::max(most_locals_, locals_.size());
        add(*node, std::move(range));
        add(*node, expression());
        if (type == Node::Type::macro_map && words_.take(",")) {
            node->type = Node::Type::macro_map_filtered;
            add(*node, expression());
        }
        words_.expect(")");
        locals_.pop_back();
        return node;
    }

    const Function* function_named(Form form) {
        const std::string name(words_.peek().text);
        const Function* const function = find_function(name);
        if (function == nullptr) {
            words_.refuse_here("there is no function of this name");
        }
        if (function->form != Form::both && function->form != form) {
            words_.refuse_here(form == Form::method ? "this is called as " + name + "(value)"
                                                    : "this is called as value." + name + "()");
        }
        return function;
    }

    /// The arguments; of a method `node` has the first one.
    NodePointer call(NodePointer node, const Function* function) {
        node->function = function;
        words_.skip();
        arguments(*node, "(", ")");
        if (node->operands.size() < function->least || node->operands.size() > function->most) {
            words_.refuse_at(node->offset, std::string(function->name) +
                                               " is called with a wrong number of arguments");
        }
        prepare_pattern(*node);
        return node;
    }

    static void prepare_pattern(Node& call) {
        if (call.function->name != "matches" || !call.operands[1]->value.is_string()) {
            return;
        }
        try {
            call.pattern = std::make_unique<const Pattern>(call.operands[1]->value.as_string());
        } catch (const expression::EvaluationError&) {
            call.pattern = nullptr;  // an error when it is evaluated, if it ever is
        }
    }

    void arguments(Node& node, std::string_view open, std::string_view close) {
        words_.expect(open);
        while (!words_.at_symbol(close)) {
            add(node, expression());
            if (node.type == Node::Type::map) {
                words_.expect(":");
                add(node, expression());
            }
            if (!words_.take(",")) {
                break;
            }
            if (node.type == Node::Type::call && words_.at_symbol(close)) {
                words_.refuse_here("an argument is missing");
            }
        }
        words_.expect(close);
    }

    // --- values ------------------------------------------------------------------------------

    NodePointer primary(bool negative) {
        const Token& token = words_.peek();
        switch (token.kind) {
            case TokenKind::integer:
                return literal(integer(negative));
            case TokenKind::unsigned_integer:
                return literal(unsigned_value(token.number));
            case TokenKind::floating:
                return literal(Value::floating(negative ? -token.floating : token.floating));
            case TokenKind::string:
                return literal(Value::string(token.content));
            case TokenKind::bytes:
                return literal(bytes_value(token.content));
            case TokenKind::name:
                return name(false);
            default:
                break;
        }
        if (words_.take(".")) {
            return name(true);
        }
        if (words_.take("(")) {
            NodePointer inner = expression();
            words_.expect(")");
            return inner;
        }
        if (words_.at_symbol("[") || words_.at_symbol("{")) {
            const bool is_list = words_.at_symbol("[");
            NodePointer node = make(is_list ? Node::Type::list : Node::Type::map, token.offset);
            arguments(*node, token.text, is_list ? "]" : "}");
            return node;
        }
        words_.refuse_here("a value is missing");
    }

    [[nodiscard]] Value integer(bool negative) const {
        constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        const std::uint64_t number = words_.peek().number;
        if (number > kMost + (negative ? 1U : 0U)) {
            words_.refuse_here("this number is out of the range of int");
        }
        return Value::integer(static_cast<std::int64_t>(negative ? 0 - number : number));
    }

    /// `global`: with a point before it, which no macro's variable hides.
    NodePointer name(bool global) {
        const Token& token = words_.peek();
        if (token.kind != TokenKind::name) {
            words_.refuse_here("a name is missing");
        }
        if (token.text == "true" || token.text == "false") {
            return literal(Value::boolean(token.text == "true"));
        }
        if (token.text == "null") {
            return literal(Value());
        }
        if (is_keyword(token.text) || is_reserved(token.text)) {
            words_.refuse_here("this word is reserved");
        }
        if (words_.at_symbol("(", 1)) {
            return token.text == "has" ? has() : global_call();
        }
        return variable(token, global);
    }

    NodePointer global_call() {
        NodePointer node = make(Node::Type::call, words_.peek().offset);
        const Function* const function = function_named(Form::function);
        return call(std::move(node), function);
    }

    NodePointer has() {
        const std::size_t offset = words_.peek().offset;
        words_.skip();
        words_.expect("(");
        NodePointer field = expression();
        words_.expect(")");
        if (field->type != Node::Type::select) {
            words_.refuse_at(offset, "has() takes a field: has(context.field)");
        }
        field->type = Node::Type::has;
        return field;
    }

    NodePointer variable(const Token& token, bool global) {
        const auto local = std::ranges::find(locals_.rbegin(), locals_.rend(), token.text);
        const bool is_local = !global && local != locals_.rend();
        const auto number =
            is_local ? std::optional(static_cast<std::size_t>(locals_.rend() - local) - 1)
                     : find_variable(token.text);
        if (!number) {
            return type_name(token);
        }
        NodePointer node = make(is_local ? Node::Type::local : Node::Type::variable, token.offset);
        node->number = *number;
        words_.skip();
        return node;
    }

    /// `int`, `google.protobuf.Timestamp`: names of types are values.
    NodePointer type_name(const Token& token) {
        std::string name(token.text);
        std::size_t words = 1;
        while (token.text == "google" && words < 5 && words_.at_symbol(".", words)) {
            name += "." + std::string(words_.peek(words + 1).text);
            words += 2;
        }
        const auto type = find_type(name);
        if (!type) {
            words_.refuse_here("there is no such name; expressions see context, input and output");
        }
        NodePointer node = literal(type_value(*type));
        words_.skip(words - 1);
        return node;
    }

    TokenReader words_;
    std::size_t nesting_ = 0;
    std::vector<std::string_view> locals_;  ///< of the macros around this place
    std::size_t most_locals_ = 0;
};

}  // namespace

Program parse_program(std::string_view text) {
    if (text.size() > kMaxTextBytes) {
        expression::fail(expression::ErrorKind::limit,
                         "expression `" + expression::excerpt(text) + "` is longer than " +
                             std::to_string(kMaxTextBytes) + " bytes");
    }
    return Parser(text).parse();
}

}  // namespace fleet::cel
