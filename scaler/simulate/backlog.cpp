#include "scaler/simulate/backlog.hpp"

#include <algorithm>

namespace fleet::simulate {
namespace {

/// Recent ones tell as much as all and are cheaper to sort.
constexpr std::size_t kMostRecent = 500;

base::Millis millis(Micros time) {
    return std::chrono::duration_cast<base::Millis>(time);
}

}  // namespace

Backlog::Backlog(const Scenario& scenario)
    : stages_(scenario.stages.size()), arrivals_(arrivals_of(scenario)) {
    for (const StageScenario& stage : scenario.stages) {
        policies_.push_back({.stage = stage.name,
                             .rank = static_cast<int>(policies_.size()),
                             .low_water = stage.low_water,
                             .high_water = stage.high_water});
        if (stage.provider) {
            policies_.back().provider = scenario.providers[*stage.provider].rules.name;
        }
        has_marks_ = has_marks_ || stage.low_water || stage.high_water;
    }
}

Backlog::Stage& Backlog::stage_of(const Task& task) {
    return stages_[static_cast<std::size_t>(task.stage)];
}

const Backlog::Stage& Backlog::at(int stage) const {
    return stages_[static_cast<std::size_t>(stage)];
}

std::int64_t Backlog::ready(int stage) const {
    return std::ssize(at(stage).ready);
}

std::int64_t Backlog::delayed(int stage) const {
    return at(stage).delayed;
}

std::int64_t Backlog::running(int stage) const {
    return at(stage).running;
}

std::optional<Micros> Backlog::arrive(Micros now) {
    while (has_more_to_come()) {
        const Micros next = arrivals_[static_cast<std::size_t>(arrived_)];
        if (next > now) {
            return next;
        }
        stages_.front().ready.push_back({arrived_++, now});
        ++ready_;
    }
    return std::nullopt;
}

std::vector<int> Backlog::claim_order() const {
    std::vector<int> order;
    if (!has_marks_) {
        for (int stage = static_cast<int>(stages_.size()) - 1; stage >= 0; --stage) {
            order.push_back(stage);
        }
        return order;
    }
    std::vector<contracts::StageBuffer> buffers;
    for (std::size_t stage = 0; stage < stages_.size(); ++stage) {
        buffers.push_back({policies_[stage].stage, policies_[stage].rank,
                           std::ssize(stages_[stage].ready) + stages_[stage].delayed});
    }
    for (const std::string& name : contracts::stage_order(std::move(buffers), policies_).stages) {
        order.push_back(std::ranges::find(policies_, name, &model::StagePolicy::stage)->rank);
    }
    return order;
}

bool Backlog::is_blocked(int stage) const {
    const auto order = claim_order();
    return std::ranges::find(order, stage) == order.end();
}

std::optional<Task> Backlog::claim() {
    if (ready_ == 0) {
        return std::nullopt;
    }
    for (const int number : claim_order()) {
        Stage& stage = stages_[static_cast<std::size_t>(number)];
        if (!stage.ready.empty()) {
            const Task task{stage.ready.front().item, number};
            stage.ready.pop_front();
            stage.running += 1;
            --ready_;
            return task;
        }
    }
    return std::nullopt;
}

void Backlog::put_back(const Task& task, Micros now) {
    Stage& stage = stage_of(task);
    stage.running -= 1;
    // It has waited before: it goes on before what is new.
    stage.ready.push_front({task.item, now});
    ++ready_;
}

void Backlog::delay(const Task& task) {
    Stage& stage = stage_of(task);
    stage.running -= 1;
    stage.delayed += 1;
}

void Backlog::due(const Task& task, Micros now) {
    Stage& stage = stage_of(task);
    stage.delayed -= 1;
    stage.ready.push_back({task.item, now});
    ++ready_;
}

void Backlog::finish(const Task& task, Micros took, Micros now) {
    Stage& stage = stage_of(task);
    stage.running -= 1;
    stage.samples += 1;
    stage.time_sum += took;
    stage.recent.push_back(took);
    if (stage.recent.size() > kMostRecent) {
        stage.recent.pop_front();
    }
    if (task.stage + 1 < static_cast<int>(stages_.size())) {
        stages_[static_cast<std::size_t>(task.stage) + 1].ready.push_back({task.item, now});
        ++ready_;
    } else {
        ++done_;
    }
}

bool Backlog::is_whole() const {
    std::int64_t count = done_;
    for (const Stage& stage : stages_) {
        count += std::ssize(stage.ready) + stage.delayed + stage.running;
    }
    return count == arrived_;
}

std::vector<model::StagePressure> Backlog::pressure(Micros now) const {
    std::vector<model::StagePressure> result;
    for (std::size_t number = stages_.size(); number-- > 0;) {
        const Stage& stage = stages_[number];
        model::StagePressure one;
        one.stage = policies_[number].stage;
        one.ready = std::ssize(stage.ready);
        one.delayed = stage.delayed;
        one.counts.pending = one.ready + one.delayed;
        one.counts.running = stage.running;
        one.service_samples = stage.samples;
        if (!stage.ready.empty()) {
            one.oldest_ready_age = millis(now - stage.ready.front().since);
        }
        if (stage.samples > 0) {
            one.service_mean = millis(stage.time_sum / stage.samples);
            std::vector<Micros> recent(stage.recent.begin(), stage.recent.end());
            const auto p95 = recent.begin() + std::ssize(recent) * 95 / 100;
            std::nth_element(recent.begin(), p95, recent.end());
            one.service_p95 = millis(*p95);
        }
        result.push_back(std::move(one));
    }
    return result;
}

}  // namespace fleet::simulate
