// The drawing of an execution's children. Pure: a tree in, lines or JSON out.
#pragma once

#include <string>
#include <vector>

#include "cli/core/terminal.hpp"
#include "common/base/json_text.hpp"
#include "common/model/child.hpp"

namespace fleet::cli {

/// A line a node below the top, cut to the terminal's width, and one that says how many more there
/// are. Empty without children.
[[nodiscard]] std::vector<std::string> tree_lines(const model::Tree& tree,
                                                  const Terminal& terminal);
/// An array of all nodes below the top: id, parent, depth, label, stage, status, step, ordinal,
/// kind, error_kind.
[[nodiscard]] base::JsonText tree_json(const model::Tree& tree);

}  // namespace fleet::cli
