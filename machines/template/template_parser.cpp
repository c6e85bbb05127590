// Reads the statements of a template.
#include <algorithm>
#include <initializer_list>

#include "machines/expression/errors.hpp"
#include "machines/template/expression_parser.hpp"

namespace fleet::templates {
namespace {

class TemplateParser {
  public:
    TemplateParser(const Tokens& tokens, Body& body) : in_(tokens, body), body_(body) {}

    void run() {
        body_.buffer_name = in_.id_of(" buffer");
        body_.statements = parse_block({});
        const auto loop = std::ranges::find(body_.names, "loop");
        body_.uses_loop = loop != body_.names.end();
        body_.loop_name = static_cast<std::size_t>(loop - body_.names.begin());
    }

  private:
    using Words = std::initializer_list<std::string_view>;

    [[nodiscard]] Statement make(Statement::Type type) const {
        Statement statement;
        statement.type = type;
        statement.offset = in_.current().offset;
        return statement;
    }

    void end_tag() {
        if (in_.current().kind != TokenKind::block_end) {
            in_.refuse_unexpected();
        }
        in_.advance();
    }

    /// Up to the tag of one of these words, which is left to be read: its `{%` is taken.
    Block parse_block(Words ends) {
        Block block;
        while (true) {
            switch (in_.current().kind) {
                case TokenKind::text: {
                    Statement text = make(Statement::Type::text);
                    text.text = in_.current().text;
                    in_.advance();
                    block.push_back(std::move(text));
                    break;
                }
                case TokenKind::output_begin:
                    block.push_back(parse_output());
                    break;
                case TokenKind::block_begin:
                    in_.advance();
                    if (std::ranges::any_of(
                            ends, [&](std::string_view word) { return in_.is_name(word); })) {
                        return block;
                    }
                    block.push_back(parse_statement());
                    break;
                default:
                    if (ends.size() != 0) {
                        in_.refuse("the template ends where `" + std::string(*ends.begin()) +
                                   "` is missing");
                    }
                    return block;
            }
        }
    }

    Statement parse_output() {
        in_.advance();
        Statement output = make(Statement::Type::output);
        output.expressions.push_back(in_.parse_tuple());
        if (in_.current().kind != TokenKind::output_end) {
            in_.refuse_unexpected();
        }
        in_.advance();
        return output;
    }

    Statement parse_statement() {
        const ExpressionParser::Level level(in_);
        if (in_.take_name("if")) {
            return parse_condition();
        }
        if (in_.take_name("for")) {
            return parse_loop();
        }
        if (in_.take_name("set")) {
            return parse_set();
        }
        if (in_.take_name("with")) {
            return parse_with();
        }
        if (in_.take_name("filter")) {
            return parse_filter_block();
        }
        in_.refuse("unknown tag `" + in_.current().text +
                   "` (there are if, for, set, with, filter and raw)");
    }

    Statement parse_condition() {
        Statement statement = make(Statement::Type::condition);
        while (true) {
            statement.expressions.push_back(in_.parse_tuple(false));
            end_tag();
            statement.blocks.push_back(parse_block({"endif", "elif", "else"}));
            if (!in_.take_name("elif")) {
                break;
            }
        }
        if (in_.take_name("else")) {
            end_tag();
            statement.blocks.push_back(parse_block({"endif"}));
        }
        in_.advance();
        end_tag();
        return statement;
    }

    Target parse_target() {
        Target target;
        if (in_.take_symbol("(")) {
            target = parse_target();
            in_.expect_symbol(")");
            return target;
        }
        target.names.push_back(parse_assigned_name());
        while (in_.take_symbol(",")) {
            target.unpack = true;
            if (in_.current().kind != TokenKind::name || in_.is_name("in")) {
                break;
            }
            target.names.push_back(parse_assigned_name());
        }
        return target;
    }

    std::size_t parse_assigned_name() {
        for (const std::string_view word : {"true", "false", "none", "True", "False", "None"}) {
            if (in_.is_name(word)) {
                in_.refuse("`" + std::string(word) + "` cannot be assigned to");
            }
        }
        return in_.id_of(in_.expect_any_name());
    }

    Statement parse_loop() {
        Statement statement = make(Statement::Type::loop);
        statement.targets.push_back(parse_target());
        if (!in_.take_name("in")) {
            in_.refuse("expected `in`");
        }
        statement.expressions.push_back(in_.parse_tuple(false));
        statement.expressions.push_back(in_.take_name("if") ? in_.parse() : nullptr);
        in_.take_name("recursive");
        end_tag();
        statement.blocks.push_back(parse_block({"endfor", "else"}));
        if (in_.take_name("else")) {
            end_tag();
            statement.blocks.push_back(parse_block({"endfor"}));
        }
        in_.advance();
        end_tag();
        return statement;
    }

    Statement parse_set() {
        Statement statement = make(Statement::Type::set);
        if (in_.following().kind == TokenKind::symbol && in_.following().text == ".") {
            Target target;
            target.names.push_back(parse_assigned_name());
            in_.advance();
            target.member = in_.expect_any_name();
            statement.targets.push_back(std::move(target));
        } else {
            statement.targets.push_back(parse_target());
        }
        if (in_.take_symbol("=")) {
            statement.expressions.push_back(in_.parse_tuple());
            end_tag();
            return statement;
        }
        statement.type = Statement::Type::set_block;
        statement.expressions.push_back(in_.is_symbol("|") ? in_.parse_filters(buffer()) : nullptr);
        end_tag();
        statement.blocks.push_back(parse_block({"endset"}));
        in_.advance();
        end_tag();
        return statement;
    }

    ExprPtr buffer() {
        ExprPtr name = in_.make(Expr::Type::name);
        name->id = body_.buffer_name;
        return name;
    }

    Statement parse_with() {
        Statement statement = make(Statement::Type::with);
        while (in_.current().kind == TokenKind::name) {
            Target target;
            target.names.push_back(parse_assigned_name());
            statement.targets.push_back(std::move(target));
            in_.expect_symbol("=");
            statement.expressions.push_back(in_.parse());
            if (!in_.take_symbol(",")) {
                break;
            }
        }
        end_tag();
        statement.blocks.push_back(parse_block({"endwith"}));
        in_.advance();
        end_tag();
        return statement;
    }

    Statement parse_filter_block() {
        Statement statement = make(Statement::Type::filter);
        statement.expressions.push_back(in_.parse_filters(buffer(), true));
        end_tag();
        statement.blocks.push_back(parse_block({"endfilter"}));
        in_.advance();
        end_tag();
        return statement;
    }

    ExpressionParser in_;
    Body& body_;
};

}  // namespace

std::shared_ptr<const Body> parse_template(std::string_view text, Mode mode) {
    const Tokens tokens = read_tokens(text);
    auto body = std::make_shared<Body>();
    body->source = tokens.source;
    body->mode = mode;
    TemplateParser(tokens, *body).run();
    return body;
}

}  // namespace fleet::templates
