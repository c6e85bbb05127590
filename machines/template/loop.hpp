// `loop` and `namespace` of a running template.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "machines/expression/value.hpp"

namespace fleet::templates {

struct LoopState {
    expression::List items;
    std::size_t depth = 1;
    expression::List last_changed;  ///< arguments of the last `loop.changed(...)`
    bool asked_changed = false;
};

/// One turn of a loop.
class Loop final : public expression::Object {
  public:
    /// The state is shared by all turns of the loop.
    Loop(std::shared_ptr<LoopState> state, std::size_t at) : state_(std::move(state)), at_(at) {}
    [[nodiscard]] std::string type_name() const override { return "loop"; }
    [[nodiscard]] std::string text() const override;
    [[nodiscard]] expression::Value attribute(std::string_view name) const override;
    [[nodiscard]] expression::Value cycle(const expression::List& values) const;
    [[nodiscard]] bool changed(const expression::List& values) const;

  private:
    std::shared_ptr<LoopState> state_;
    std::size_t at_;
};

/// Members that a template may set from inside loops.
class Namespace final : public expression::Object {
  public:
    explicit Namespace(expression::Dict members) : members_(std::move(members)) {}
    [[nodiscard]] std::string type_name() const override { return "namespace"; }
    [[nodiscard]] std::string text() const override { return "<Namespace>"; }
    [[nodiscard]] expression::Value attribute(std::string_view name) const override;
    void set(std::string_view name, expression::Value value) const;

  private:
    mutable expression::Dict members_;  ///< of one rendering, so of one thread
};

}  // namespace fleet::templates
