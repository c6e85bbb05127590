#include "scaler/stage_needs.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

namespace fleet::scaler {

std::vector<StageNeed> stage_needs(std::span<const model::StagePolicy> configured,
                                   std::span<const model::UsageRecord> daily,
                                   std::span<const std::string> called_now) {
    std::map<std::string, StageNeed> needs;
    for (const model::StagePolicy& stage : configured) {
        if (!stage.provider.empty()) {
            needs[stage.stage] = {stage.stage, stage.provider, true};
        }
    }
    std::map<std::pair<std::string, std::string>, std::int64_t> calls;
    for (const model::UsageRecord& usage : daily) {
        if (!usage.provider.empty() && usage.requests > 0 &&
            (!usage.phase.empty() ||
             std::ranges::find(called_now, usage.provider) != called_now.end())) {
            calls[{usage.phase, usage.provider}] += usage.requests;
        }
    }
    std::map<std::string, std::int64_t> most;
    for (const auto& [key, count] : calls) {
        const auto& [stage, provider] = key;
        const auto known = needs.find(stage);
        if ((known == needs.end() || !known->second.configured) && count > most[stage]) {
            most[stage] = count;
            needs[stage] = {stage, provider, false};
        }
    }
    std::vector<StageNeed> result;
    for (auto& [stage, need] : needs) {
        result.push_back(std::move(need));
    }
    return result;
}

void keep_known(std::vector<StageNeed>& needs, const std::vector<StageNeed>& before) {
    for (const StageNeed& old : before) {
        if (!old.configured && !old.stage.empty() &&
            std::ranges::find(needs, old.stage, &StageNeed::stage) == needs.end()) {
            needs.push_back(old);
        }
    }
}

}  // namespace fleet::scaler
