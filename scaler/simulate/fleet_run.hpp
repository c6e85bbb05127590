// A whole fleet with a virtual clock: hosts whose scalers look every second and decide by the
// fleet's own function, workers that claim in the stores' order, providers behind the fleet's own
// pace, circuit and budget. Deterministic by the scenario's seed; 10^6 items take seconds.
//
// What is not the fleet's own code is a model: items take the time that was drawn for them, a
// worker starts in a fixed time, stores answer within two milliseconds, answers of providers need
// 20 ms on the way. Items never fail; a call that was refused or failed is made again later.
#pragma once

#include <functional>

#include "scaler/simulate/report.hpp"
#include "scaler/simulate/scenario.hpp"

namespace fleet::simulate {

struct RunProgress {
    base::Millis at{0};
    std::int64_t done = 0;
    std::int64_t items = 0;
};

/// `tell` is called once in every simulated second.
[[nodiscard]] Report run_fleet(const Scenario& scenario,
                               const std::function<void(const RunProgress&)>& tell = {});

}  // namespace fleet::simulate
