// One rendering of a template: its variables, what it has set, the text so far. Used once, by one
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "machines/template/node.hpp"

namespace fleet::templates {

class Renderer {
  public:
    Renderer(const Body& body, const Variables& variables, const Limits& limits)
        : body_(body), variables_(variables), limits_(limits), roots_(body.names.size()) {}

    [[nodiscard]] std::string run();
    /// Where in the source it is.
    [[nodiscard]] std::size_t offset() const { return offset_; }

  private:
    using Value = expression::Value;

    void render(const Block& block);
    void render(const Statement& statement);
    void render_condition(const Statement& statement);
    void render_loop(const Statement& statement);
    void count_iteration();
    void charge(std::size_t work);
    /// The value, once making it was charged.
    [[nodiscard]] Value charged(Value made);
    [[nodiscard]] Value captured(const Block& block);
    [[nodiscard]] Value filtered(const Expr& filters, Value text);
    void append(std::string_view text);
    void print(const Value& value);

    [[nodiscard]] std::size_t open_frame();
    void close_frame(std::size_t outer);
    [[nodiscard]] const Value* find(std::size_t id);
    void store(std::size_t id, Value value);
    void assign(const Target& target, const Value& value);
    void write_back(const Expr& place, Value value);

    [[nodiscard]] Value evaluate(const Expr& expr);
    [[nodiscard]] Value evaluate_comparison(const Expr& expr);
    [[nodiscard]] Value evaluate_slice(const Expr& expr);
    [[nodiscard]] Value evaluate_concat(const Expr& expr);
    [[nodiscard]] Value evaluate_call(const Expr& expr);
    [[nodiscard]] Value evaluate_display(const Expr& expr);
    [[nodiscard]] Value evaluate_arithmetic(const Expr& expr);
    [[nodiscard]] Arguments evaluate_arguments(const Expr& expr);
    [[nodiscard]] Value call_global(const Expr& callee, const Arguments& arguments);
    [[nodiscard]] Value call_range(const Arguments& arguments) const;

    const Body& body_;
    const Variables& variables_;
    const Limits limits_;
    std::string out_;
    std::size_t offset_ = 0;
    /// What `for`, `set` and `with` named, innermost last; a frame is what stands from `frame_` on.
    std::vector<std::pair<std::size_t, Value>> locals_;
    std::size_t frame_ = 0;
    std::vector<std::optional<Value>> roots_;  ///< the variables that were looked at, by name's id
    std::size_t iterations_ = 0;
    std::size_t work_ = 0;
    std::size_t loop_depth_ = 0;
};

}  // namespace fleet::templates
