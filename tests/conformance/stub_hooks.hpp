// The scripted hooks of the conformance cases, known to machines as `stub`.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "machines/calls/hooks.hpp"
#include "tests/conformance/stub_state.hpp"

namespace fleet::conformance {

/// Gets every event before anything else happens: "id:enter:STATE".
using EventLog = std::function<void(const std::string& event)>;

/// A new object; `args` may be null. `state` outlives it.
[[nodiscard]] std::unique_ptr<calls::Hooks> make_stub_hooks(const expression::Value& args,
                                                            StubState& state, EventLog log);

}  // namespace fleet::conformance
