#include "tests/support/mock_provider/live_scenario.hpp"

#include <utility>

namespace fleet::mock_provider {

LiveScenario::LiveScenario(base::Json json, const std::string& where, Instant now)
    : json_(std::move(json)),
      scenario_(std::make_shared<const Scenario>(read_scenario(json_, where))),
      timeline_(scenario_->timeline),
      started_(now) {}

void LiveScenario::configure(const base::Json& patch, Instant now) {
    base::Json changed = json_;
    changed.merge_patch(patch);
    scenario_ = std::make_shared<const Scenario>(read_scenario(changed, "the scenario, changed"));
    json_ = std::move(changed);
    if (patch.is_object() && patch.contains("timeline")) {
        timeline_ = scenario_->timeline;
        restart_timeline(now);
    }
}

const TimelineStep* LiveScenario::next_step(Instant now) {
    if (done_ == timeline_.size() || due(timeline_[done_]) > now) {
        return nullptr;
    }
    const TimelineStep& step = timeline_[done_++];
    configure(step.set, now);
    return &step;
}

void LiveScenario::restart_timeline(Instant now) {
    done_ = 0;
    started_ = now;
}

}  // namespace fleet::mock_provider
