// The readers of a scenario's file, a part each. Each reports into the findings and leaves out what
// is wrong. Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "machines/config/fields.hpp"
#include "machines/config/node.hpp"
#include "scaler/simulate/scenario.hpp"

namespace fleet::cli {

/// So much of anything at most: what is larger is a slip of the hand.
inline constexpr double kMostItems = 100e6;
inline constexpr double kMostHosts = 5'000;
inline constexpr double kMostCalls = 1e6;

/// `items:`, a number, a mapping or a list of them.
[[nodiscard]] std::vector<simulate::ArrivalStep> read_items(const config::Node& value,
                                                            config::Findings& findings);
/// `hosts:`, likewise.
[[nodiscard]] std::vector<simulate::HostScenario> read_hosts(const config::Node& value,
                                                             config::Findings& findings);
/// `providers:`.
[[nodiscard]] std::vector<simulate::ProviderScenario> read_scenario_providers(
    const config::Node& value, config::Findings& findings);
/// `stages:`, which may name those providers.
[[nodiscard]] std::vector<simulate::StageScenario> read_stages(
    const config::Node& value, const std::vector<simulate::ProviderScenario>& providers,
    config::Findings& findings);
/// `pool:`.
void read_pool(const config::Node& value, config::Findings& findings, simulate::Scenario& scenario);

/// The items of a list, or the one mapping or number that stands for it, each with its path.
struct ListPart {
    const config::Node& value;
    std::string path;
};
[[nodiscard]] std::vector<ListPart> parts_of(const config::Node& value, const std::string& path);

}  // namespace fleet::cli
