// The figures of simulations: a table with a line a seed and their median, JSON, one sentence.
// Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/core/output.hpp"
#include "scaler/simulate/report.hpp"

namespace fleet::cli {

/// Figures of one run, or of the median of several; what a run does not have is unset.
struct Figures {
    std::optional<std::uint64_t> seed;  ///< unset: the median
    std::int64_t items = 0;
    double done = 0;
    std::optional<double> drain_seconds;
    double oracle_seconds = 0;
    std::string bound;  ///< of the oracle
    std::optional<double> ratio;
    double mean_item_seconds = 0;
    double calls = 0;
    std::optional<double> goodput;  ///< of the provider with the least
    double refused_share = 0;       ///< of all calls
    double most_workers = 0;
    double worker_hours = 0;
    double useful_hours = 0;
    double reversals = 0;
    double circuit_openings = 0;
};
[[nodiscard]] Figures figures_of(const simulate::Report& report);
/// Each figure's own median; of those that have it. `all` is not empty.
[[nodiscard]] Figures median_of(const std::vector<Figures>& all);

[[nodiscard]] Table figures_table(const std::vector<Figures>& all);
/// One object a run with its providers; then the median, whose `seed` is null.
[[nodiscard]] std::vector<base::JsonText> figures_json(std::span<const simulate::Report> reports);
/// "drained 6,000 items in 10m25s, the oracle in 10m05s: 1.03".
[[nodiscard]] std::string sentence_of(const simulate::Report& report);

}  // namespace fleet::cli
