// Values of machine definitions that are computed from variables. A string is a bare path
// (`context.a.b`, keeps its type), a template (gives text), or text that stays as it is; members of
// objects and lists are rendered, keys never.
//
// Lists and objects that stand inside a list are rendered too, but only their templates: a bare
// path there stays text, as definitions that run today expect.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "machines/expression/value.hpp"
#include "machines/template/template.hpp"

namespace fleet::templates {

struct Piece;

/// A value of a definition, parsed once.
class ValueTemplate {
  public:
    /// `item` is the variable of a `foreach`, which may begin bare paths too; empty: none.
    static ValueTemplate parse(const expression::Value& config, std::string_view item = {});
    [[nodiscard]] expression::Value render(const Variables& variables) const;
    /// It has no path and no template.
    [[nodiscard]] bool is_constant() const;

  private:
    explicit ValueTemplate(std::shared_ptr<const Piece> root) : root_(std::move(root)) {}

    std::shared_ptr<const Piece> root_;  ///< shared by copies, never changed
};

/// Parses and renders once.
[[nodiscard]] expression::Value render_value(const expression::Value& config,
                                             const Variables& variables,
                                             std::string_view item = {});

}  // namespace fleet::templates
