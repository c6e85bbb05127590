// How often an item of a machine calls its agents, as far as the machine's graph alone says: its
// states, transitions, children and retries. Pure.
//
// What actions and hooks do is not in the graph: one that names the next state may lead anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "machines/engine/program.hpp"

namespace fleet::estimate {

/// Of something that happens so many times. Absent: not bounded.
struct Bounds {
    double least = 0;  ///< when no call fails
    std::optional<double> most{0};
    std::optional<double> most_with_errors{0};  ///< with every retry, repair and error's route

    [[nodiscard]] bool is_exact() const { return most && *most - least < 1e-9; }
    bool operator==(const Bounds&) const = default;
};
[[nodiscard]] Bounds operator*(const Bounds& a, const Bounds& b);
[[nodiscard]] Bounds operator+(const Bounds& a, const Bounds& b);

/// Visits of each state in one run of the machine, by its place in `states`. A state that all ways
/// to an end pass is visited at least once; one that no way passes twice at most once; the others
/// as often as `max_steps` allows.
[[nodiscard]] std::vector<Bounds> visits_of(const engine::Machine& machine);

/// Calls of the state's agent in one visit. `repairs`: an answer that does not fit is asked for
/// once more.
[[nodiscard]] Bounds calls_of_visit(const config::State& state, bool repairs);

/// A state that calls an agent, in which machine of the program.
struct Site {
    std::size_t machine = 0;
    std::size_t state = 0;
    auto operator<=>(const Site&) const = default;
};

struct SiteRuns {
    Site site;
    Bounds visits;  ///< by one item, that of children and of what is launched included
};
/// Every state with an agent that an item of the machine `entry` may come to, in the order of
/// machines and states.
[[nodiscard]] std::vector<SiteRuns> sites_of(const engine::Program& program, std::size_t entry);

}  // namespace fleet::estimate
