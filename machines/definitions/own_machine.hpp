// One of the fleet's own machines made ready for the program that runs it: the built-in one, or a
// user's edited copy with everything that is wrong in it. Not thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "machines/calls/hooks.hpp"
#include "machines/config/diagnostic.hpp"
#include "machines/engine/program.hpp"

namespace fleet::definitions {

/// By this name the machines call the actions of the program that runs them.
inline constexpr std::string_view kOwnHooks = "distributed-worker";

struct OwnMachine {
    std::shared_ptr<const engine::Program> program;
    /// What an edited copy uses besides `distributed-worker`; nullptr: nothing. Shared, so that the
    /// value can be copied; it outlives every run.
    std::shared_ptr<calls::HooksRegistry> hooks;
};

/// The built-in machine. Throws base::ConfigError when there is none of this name.
[[nodiscard]] OwnMachine built_in_machine(std::string_view name);

/// Called once, with the file's folder, when the copy uses other hooks than `distributed-worker`.
using HooksOf =
    std::function<std::shared_ptr<calls::HooksRegistry>(const std::filesystem::path& folder)>;

/// An edited copy, or all that is wrong with it. A machine that it refers to and that is not beside
/// it may be a built-in one: `reaper.yml`. `actions`: what the program can do.
using LoadedMachine = std::variant<OwnMachine, std::vector<config::Diagnostic>>;
[[nodiscard]] LoadedMachine load_own_machine(const std::filesystem::path& file,
                                             std::span<const std::string_view> actions,
                                             const HooksOf& hooks_of);

/// nullopt: all that is wrong with it was written to `err`, a line each.
[[nodiscard]] std::optional<OwnMachine> loaded_or_explained(LoadedMachine loaded,
                                                            std::ostream& err);

}  // namespace fleet::definitions
