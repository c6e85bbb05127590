// What a simulation came to. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.hpp"
#include "common/model/provider.hpp"
#include "scaler/clamp.hpp"
#include "scaler/simulate/oracle.hpp"

namespace fleet::simulate {

struct StageMoment {
    std::int64_t ready = 0;
    std::int64_t delayed = 0;
    std::int64_t running = 0;
};

struct ProviderMoment {
    double pace = 0;          ///< calls a second; 0: no limit
    base::Millis latency{0};  ///< as the scaler sees it
    model::CircuitState circuit = model::CircuitState::closed;
    double possible = 0;       ///< calls a second that the provider gives now; 0: it is out
    std::int64_t calls = 0;    ///< that ended since the moment before
    std::int64_t given = 0;    ///< of them answered
    std::int64_t refused = 0;  ///< of them refused: the density of 429s
};

/// What was seen and decided at one time.
struct Moment {
    base::Millis at{0};
    int workers = 0;  ///< active and starting, before the decision
    int retiring = 0;
    int planned = 0;  ///< by the last scaler that looked
    int wanted_slots = 0;
    scaler::Clamp clamp = scaler::Clamp::none;
    int change = 0;  ///< since the moment before: started and called back, less retired
    std::vector<StageMoment> stages;        ///< in the scenario's order
    std::vector<ProviderMoment> providers;  ///< likewise
};

struct ProviderReport {
    std::string name;
    std::int64_t calls = 0;
    std::int64_t given = 0;
    std::int64_t refused = 0;
    std::int64_t errors = 0;
    std::int64_t circuit_openings = 0;
    std::int64_t most_in_a_day = 0;  ///< calls that began
    /// Of what the provider would have given in steady state, what was got: while work waited for
    /// it, from three minutes after its begin, each outage and each change on. nullopt: never.
    std::optional<double> goodput;
    [[nodiscard]] double refused_share() const {
        return calls > 0 ? static_cast<double>(refused) / static_cast<double>(calls) : 0;
    }
};

struct Report {
    std::uint64_t seed = 1;
    std::int64_t items = 0;
    std::int64_t done = 0;
    bool drained = false;
    base::Millis drained_at{0};
    base::Millis ended_at{0};
    Oracle oracle;
    double mean_item_seconds = 0;  ///< from its coming to its end, of what is done
    std::vector<ProviderReport> providers;
    int most_workers = 0;         ///< at once, whatever they did
    double worker_hours = 0;      ///< from launch to end
    double useful_hours = 0;      ///< of them in attempts that ended well, all slots busy
    int reversals = 0;            ///< changes of direction of the number of workers, by decisions
    std::vector<Moment> moments;  ///< one a second; of long simulations fewer
    /// Promises that did not hold, a sentence each; empty in a sound fleet.
    std::vector<std::string> broken;

    /// nullopt: not drained.
    [[nodiscard]] std::optional<double> ratio() const;
    /// How often `change` went the other way than before, between two moments.
    [[nodiscard]] int reversals_between(base::Millis from, base::Millis to) const;
};

}  // namespace fleet::simulate
