// Reads the expressions inside a template's tags.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "machines/template/lexer.hpp"
#include "machines/template/node.hpp"

namespace fleet::templates {

class ExpressionParser {
  public:
    ExpressionParser(const Tokens& tokens, Body& body) : tokens_(tokens), body_(body) {}

    /// `with_condition`: whether `a if b` may follow.
    ExprPtr parse(bool with_condition = true);
    /// Several, separated by commas, are a tuple.
    ExprPtr parse_tuple(bool with_condition = true);
    /// `| name(...)` and so on after a value.
    ExprPtr parse_filters(ExprPtr subject, bool first_without_bar = false);

    [[nodiscard]] const Token& current() const { return tokens_.tokens[at_]; }
    [[nodiscard]] const Token& following() const;
    void advance() { ++at_; }
    [[nodiscard]] bool is_symbol(std::string_view text) const;
    [[nodiscard]] bool is_name(std::string_view text) const;
    bool take_symbol(std::string_view text);
    bool take_name(std::string_view text);
    void expect_symbol(std::string_view text);
    std::string expect_any_name();
    std::size_t id_of(const std::string& name);
    [[noreturn]] void refuse(const std::string& what) const;
    [[noreturn]] void refuse_unexpected() const;
    [[nodiscard]] ExprPtr make(Expr::Type type) const;

    /// Counts nesting for as long as it lives.
    class Level {
      public:
        explicit Level(ExpressionParser& parser);
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;
        ~Level() { --parser_.depth_; }

      private:
        ExpressionParser& parser_;
    };

  private:
    ExprPtr parse_or();
    ExprPtr parse_and();
    ExprPtr parse_not();
    ExprPtr parse_comparison();
    ExprPtr parse_sum();
    ExprPtr parse_concat();
    ExprPtr parse_product();
    ExprPtr parse_power();
    ExprPtr parse_unary(bool with_filter = true);
    ExprPtr parse_primary();
    ExprPtr parse_name();
    ExprPtr parse_parenthesis();
    ExprPtr parse_list();
    ExprPtr parse_dict();
    ExprPtr parse_postfix(ExprPtr node);
    ExprPtr parse_member(ExprPtr owner);
    ExprPtr parse_subscript(ExprPtr owner);
    ExprPtr parse_slice(ExprPtr owner, ExprPtr first);
    ExprPtr parse_filter(ExprPtr subject);
    ExprPtr parse_test(ExprPtr subject);
    void parse_arguments(Expr& call);
    ExprPtr join(Expr::Type type, ExprPtr left, ExprPtr right) const;
    [[nodiscard]] bool ends_tuple(bool with_condition) const;
    void limit_chain(int links) const;

    const Tokens& tokens_;
    Body& body_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

}  // namespace fleet::templates
