// A scenario as it changes: by configuration and by its own timeline. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/json.hpp"
#include "tests/support/mock_provider/scenario.hpp"
#include "tests/support/mock_provider/time.hpp"

namespace fleet::mock_provider {

class LiveScenario {
  public:
    /// Throws ConfigError.
    LiveScenario(base::Json json, const std::string& where, Instant now);

    /// Shared, because an answer that is being written keeps the scenario it began with.
    [[nodiscard]] std::shared_ptr<const Scenario> scenario() const { return scenario_; }

    /// Merges a patch. Throws ConfigError and changes nothing when the result is no scenario. A
    /// patch with `timeline` starts it from now.
    void configure(const base::Json& patch, Instant now);
    /// Merges the next step of the timeline that is due and gives it; nullptr when none is.
    [[nodiscard]] const TimelineStep* next_step(Instant now);
    /// The instant at which that step was due.
    [[nodiscard]] Instant due(const TimelineStep& step) const { return started_ + step.at; }
    /// The timeline starts from now; what its steps have changed stays changed.
    void restart_timeline(Instant now);

  private:
    base::Json json_;
    std::shared_ptr<const Scenario> scenario_;
    std::vector<TimelineStep> timeline_;
    std::size_t done_ = 0;  ///< steps of the timeline
    Instant started_;       ///< the timeline
};

}  // namespace fleet::mock_provider
