// The hooks that an edited copy of a program's own machine may use besides the program's actions:
// the built-in ones, those of `fleet.yml`, and those of a `hooks.yml` beside the copy.
#pragma once

#include <filesystem>
#include <memory>

#include "common/base/clock.hpp"
#include "common/base/logging.hpp"
#include "common/contracts/store.hpp"
#include "machines/calls/hooks.hpp"

namespace fleet::definitions {

/// `clock` and `log` must outlive the registry. Throws base::ConfigError when a table is wrong.
[[nodiscard]] std::shared_ptr<calls::HooksRegistry> fleet_hooks(const contracts::Store& store,
                                                                const std::filesystem::path& folder,
                                                                const base::Clock& clock,
                                                                base::Log& log);

}  // namespace fleet::definitions
