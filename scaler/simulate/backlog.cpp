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
    : rule_(scenario), stages_(scenario.stages.size()), arrivals_(arrivals_of(scenario)) {}

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

std::vector<ClaimableStage> Backlog::claimable() const {
    std::vector<ClaimableStage> result;
    for (const Stage& stage : stages_) {
        ClaimableStage one{std::ssize(stage.ready), stage.delayed, stage.running};
        if (!stage.ready.empty()) {
            one.oldest = stage.ready.front().since;
        }
        if (stage.samples > 0) {
            one.mean_seconds = std::chrono::duration<double>(stage.time_sum).count() /
                               static_cast<double>(stage.samples);
        }
        result.push_back(one);
    }
    return result;
}

std::optional<Task> Backlog::claim(Micros now) {
    if (ready_ == 0) {
        return std::nullopt;
    }
    for (const int number : rule_.order(claimable(), now)) {
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

bool Backlog::is_claimable(int stage, Micros now) const {
    const auto order = rule_.order(claimable(), now);
    return ready(stage) > 0 && std::ranges::find(order, stage) != order.end();
}

std::chrono::duration<double> Backlog::mean_item_time() const {
    return item_times_ / static_cast<double>(std::max<std::int64_t>(1, done_));
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
        item_times_ += now - arrivals_[static_cast<std::size_t>(task.item)];
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
        one.stage = policies()[number].stage;
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
