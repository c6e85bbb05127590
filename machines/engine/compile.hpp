// Makes a machine's definition ready to run.
#pragma once

#include <optional>
#include <string_view>

#include "machines/engine/program.hpp"

namespace fleet::engine {

/// What is no expression but a boolean's text, as files hold it: its value.
[[nodiscard]] std::optional<bool> constant_condition(std::string_view text);

/// `definition` outlives the result. Never fails: what cannot be compiled fails where
/// it is evaluated; `check_expressions` tells it beforehand.
[[nodiscard]] Machine compile_machine(const config::MachineDefinition& definition);

}  // namespace fleet::engine
