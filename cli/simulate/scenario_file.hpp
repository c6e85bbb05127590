// A simulation's scenario as a file, YAML or JSON: docs/simulate.md describes it for users.
//
// Everything that is wrong is reported at once, each with its line and column. Safe from any
// thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/config/diagnostic.hpp"
#include "machines/config/document.hpp"
#include "scaler/simulate/scenario.hpp"

namespace fleet::cli {

struct ScenarioFile {
    simulate::Scenario scenario;  ///< with the first seed
    int seeds = 1;                ///< so many runs, of seeds that follow each other
};

struct ScenarioRead {
    std::vector<config::Diagnostic> diagnostics;  ///< in the file's order
    std::optional<ScenarioFile> file;             ///< nullopt when anything is wrong but warnings
};

/// `shown` is what messages call it.
[[nodiscard]] ScenarioRead read_scenario(std::string_view text, const std::string& shown,
                                         config::Syntax syntax);
/// Throws base::ConfigError when there is no such file or it cannot be read.
[[nodiscard]] ScenarioRead read_scenario_file(const std::filesystem::path& file,
                                              const std::string& shown);

}  // namespace fleet::cli
