#include "scaler/simulate/claim_order.hpp"

#include <algorithm>
#include <utility>

#include "common/contracts/stage_order.hpp"

namespace fleet::simulate {
namespace {

/// What is begun counts for so much more: its work would be lost time until it goes on.
constexpr double kBegun = 1.5;
/// A task that has waited for so long counts for as much more as a whole item.
constexpr double kAgeSeconds = 3'600;
/// What needs nothing more of the scarcest budget.
constexpr double kFree = 100;

}  // namespace

ClaimRule::ClaimRule(const Scenario& scenario) : order_(scenario.order) {
    for (const StageScenario& stage : scenario.stages) {
        policies_.push_back({.stage = stage.name,
                             .rank = static_cast<int>(policies_.size()),
                             .low_water = stage.low_water,
                             .high_water = stage.high_water});
        if (stage.provider) {
            policies_.back().provider = scenario.providers[*stage.provider].rules.name;
        }
        providers_.push_back(stage.provider);
        has_marks_ = has_marks_ || stage.low_water || stage.high_water;
    }
}

std::vector<int> ClaimRule::order(const std::vector<ClaimableStage>& stages, Micros now) const {
    switch (order_) {
        case ClaimOrder::fifo:
            return fifo(stages);
        case ClaimOrder::optimiser:
            return optimised(stages, now);
        case ClaimOrder::depth_first:
            break;
    }
    return depth_first(stages);
}

std::vector<int> ClaimRule::depth_first(const std::vector<ClaimableStage>& stages) const {
    std::vector<int> order;
    if (!has_marks_) {
        for (int stage = static_cast<int>(stages.size()) - 1; stage >= 0; --stage) {
            order.push_back(stage);
        }
        return order;
    }
    std::vector<contracts::StageBuffer> buffers;
    for (std::size_t stage = 0; stage < stages.size(); ++stage) {
        buffers.push_back({policies_[stage].stage, policies_[stage].rank,
                           stages[stage].ready + stages[stage].delayed});
    }
    for (const std::string& name : contracts::stage_order(std::move(buffers), policies_).stages) {
        order.push_back(std::ranges::find(policies_, name, &model::StagePolicy::stage)->rank);
    }
    return order;
}

std::vector<int> ClaimRule::fifo(const std::vector<ClaimableStage>& stages) const {
    std::vector<int> order;
    for (std::size_t stage = 0; stage < stages.size(); ++stage) {
        if (stages[stage].ready > 0) {
            order.push_back(static_cast<int>(stage));
        }
    }
    std::ranges::stable_sort(
        order, {}, [&](int stage) { return stages[static_cast<std::size_t>(stage)].oldest; });
    return order;
}

std::vector<double> ClaimRule::scarce_needs(const std::vector<ClaimableStage>& stages) const {
    const std::size_t budgets = 1 + budgets_.providers.size();  // the first is that of slots
    std::vector<double> scarcest;
    double longest = -1;
    for (std::size_t budget = 0; budget < budgets; ++budget) {
        std::vector<double> needs(stages.size(), 0);
        double need = 0;
        double load = 0;
        for (std::size_t stage = stages.size(); stage-- > 0;) {
            const bool calls = budget > 0 && providers_[stage] == budget - 1;
            need += budget == 0 ? stages[stage].mean_seconds : calls ? 1 : 0;
            needs[stage] = need;
            load += need * static_cast<double>(stages[stage].ready + stages[stage].delayed +
                                               stages[stage].running);
        }
        const double rate =
            budget == 0 ? budgets_.slots : budgets_.providers[budget - 1].calls_per_second;
        const double time = load / std::max(rate, 1e-9);
        if (time > longest) {
            longest = time;
            scarcest = std::move(needs);
        }
    }
    return scarcest;
}

bool ClaimRule::is_of_use(const std::vector<ClaimableStage>& stages, std::size_t stage) const {
    const bool is_behind_full =
        stage + 1 < stages.size() && policies_[stage + 1].high_water &&
        stages[stage + 1].ready + stages[stage + 1].delayed >= *policies_[stage + 1].high_water;
    if (stages[stage].ready == 0 || is_behind_full) {
        return false;
    }
    const auto provider = providers_[stage];
    if (!provider || *provider >= budgets_.providers.size() ||
        !budgets_.providers[*provider].useful_slots) {
        return true;
    }
    std::int64_t running = 0;
    for (std::size_t other = 0; other < stages.size(); ++other) {
        running += providers_[other] == provider ? stages[other].running : 0;
    }
    return running < *budgets_.providers[*provider].useful_slots;
}

std::vector<int> ClaimRule::optimised(const std::vector<ClaimableStage>& stages, Micros now) const {
    const std::vector<double> needs = scarce_needs(stages);
    std::vector<std::pair<double, int>> scored;
    for (std::size_t stage = 0; stage < stages.size(); ++stage) {
        if (!is_of_use(stages, stage)) {
            continue;
        }
        const double whole = std::max(needs.front(), 1e-9);
        const double completions = needs[stage] > 0 ? whole / needs[stage] : kFree;
        const double age = std::chrono::duration<double>(now - stages[stage].oldest).count();
        const double score = completions * (stage > 0 ? kBegun : 1) + age / kAgeSeconds;
        scored.emplace_back(-score, static_cast<int>(stage));
    }
    std::ranges::sort(scored);
    std::vector<int> order;
    for (const auto& [score, stage] : scored) {
        order.push_back(stage);
    }
    return order;
}

}  // namespace fleet::simulate
