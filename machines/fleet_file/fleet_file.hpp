// `fleet.yml`: what a fleet is, written down in one file beside its store: pools, stages, providers
// with their limits and budgets, further classes of errors, hooks. docs/fleet_file.md describes it
// for users.
//
// Plain values and a reader; everything that is wrong is reported at once, each with its line and
// column. Safe from any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"
#include "common/model/pool.hpp"
#include "common/model/provider.hpp"
#include "machines/agents/provider_settings.hpp"
#include "machines/calls/hook_table.hpp"
#include "machines/config/diagnostic.hpp"
#include "machines/limits/error_classes.hpp"

namespace fleet::fleet_file {

inline constexpr std::string_view kFileName = "fleet.yml";

/// A pool as far as the file names it: what is absent stays as it is in the store.
struct PoolDeclaration {
    std::string pool = {};
    config::Position at = {};
    std::optional<int> min_workers = {};
    /// The inner one absent: `auto`, the cores of a host.
    std::optional<std::optional<int>> max_workers = {};
    std::optional<int> slots_per_worker = {};  ///< 0: `auto`
    /// The inner one absent: `none`.
    std::optional<std::optional<base::Millis>> drain_target = {};
    std::optional<base::Millis> max_wait = {};
    std::optional<base::Millis> stabilization = {};
    std::optional<base::Millis> service_prior = {};
    /// By rank. A stage that is named is exactly as it stands here; others stay.
    std::vector<model::StagePolicy> stages = {};
};

struct FleetFile {
    std::vector<PoolDeclaration> pools;
    /// Of "provider/model", or of "provider" for those of its models that nobody has declared; all
    /// that a file can say.
    std::vector<model::ProviderRules> providers;
    std::vector<std::string> without_rules;  ///< providers that the file names with no rules
    agents::ProviderTable settings;          ///< by provider
    limits::ErrorClasses error_classes;
    calls::HookTable hooks;
};

struct FleetFileRead {
    bool exists = false;
    std::vector<config::Diagnostic> diagnostics;  ///< in the file's order
    /// nullopt when anything is wrong but warnings; the empty one when there is no file.
    std::optional<FleetFile> file;
};

/// Paths inside count from the file's folder. `shown` is the file's name in messages. No message
/// holds a value that may be a key.
[[nodiscard]] FleetFileRead read_fleet_file(const std::filesystem::path& file, std::string shown);
[[nodiscard]] FleetFileRead read_fleet_file(const std::filesystem::path& file);

/// Whether a file is meant as one of these and not as a machine: by what it holds, else by its
/// name.
[[nodiscard]] bool is_fleet_file(const std::filesystem::path& file);

}  // namespace fleet::fleet_file
