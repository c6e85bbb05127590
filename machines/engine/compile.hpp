// Makes a machine's definition ready to run.
#pragma once

#include "machines/engine/program.hpp"

namespace fleet::engine {

/// `definition` outlives the result. Never fails: what cannot be compiled fails where
/// it is evaluated.
[[nodiscard]] Machine compile_machine(const config::MachineDefinition& definition);

}  // namespace fleet::engine
