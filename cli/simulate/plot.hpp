// What a simulation showed over time, as a picture: workers, backlog by stage, calls and pace by
// provider, density of refusals. Pure.
#pragma once

#include <string>

#include "scaler/simulate/report.hpp"
#include "scaler/simulate/scenario.hpp"

namespace fleet::cli {

/// An SVG file.
[[nodiscard]] std::string plot_svg(const simulate::Scenario& scenario,
                                   const simulate::Report& report);
/// A page with the same SVG in it; `table` stands below it as it is printed.
[[nodiscard]] std::string plot_html(const simulate::Scenario& scenario,
                                    const simulate::Report& report, const std::string& table);

}  // namespace fleet::cli
