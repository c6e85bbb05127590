// The ops with which stub hooks change a context.
#pragma once

#include <string>

#include "machines/expression/value.hpp"
#include "tests/conformance/stub_state.hpp"

namespace fleet::conformance {

/// Who runs the ops.
struct OpScope {
    std::string hooks;   ///< the id of the hooks
    std::string action;  ///< or "start", "enter", ...
    std::string machine_state;
};

/// Runs a list of ops on the context; what it returns replaces the context. `sleep` is for whoever
/// calls an action. Throws CallError for `fail`.
[[nodiscard]] expression::Value run_ops(const expression::Value& ops, expression::Value context,
                                        const OpScope& scope, StubState& state);

}  // namespace fleet::conformance
