// The scripted hooks and agents for the machines of a worker.
#pragma once

#include "tests/conformance/stub_state.hpp"
#include "worker/machine_extras.hpp"

namespace fleet::conformance {

/// `state` outlives the worker.
[[nodiscard]] worker::MachineExtras scripted_extras(StubState& state);

}  // namespace fleet::conformance
