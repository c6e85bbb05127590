// Reads the parts of a machine's definition. What other parts they name is checked elsewhere.
#pragma once

#include <string>
#include <vector>

#include "machines/config/fields.hpp"
#include "machines/config/machine_config.hpp"

namespace fleet::config {

/// `member` is the state under its name; a null value is a state without anything. `path` is that
/// of the state.
[[nodiscard]] State read_state(const Member& member, const std::string& path, Findings& findings);

/// A hooks reference: a name, {name, args}, or a list of these.
[[nodiscard]] std::vector<HooksReference> read_hooks(Fields& fields, std::string_view key);

/// `metadata.stage`; empty when there is none.
[[nodiscard]] std::string read_stage(const std::optional<Node>& metadata, const std::string& path,
                                     Findings& findings);

}  // namespace fleet::config
