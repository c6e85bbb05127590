// The items of a simulation and where they are: to come, ready or delayed in a stage, running,
// done. Claimed in the order in which the stores give them out. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "common/model/pressure.hpp"
#include "scaler/simulate/claim_order.hpp"

namespace fleet::simulate {

/// An item in one of its stages.
struct Task {
    std::int64_t item = 0;
    int stage = 0;
};

class Backlog {
  public:
    explicit Backlog(const Scenario& scenario);

    /// What has come by now is ready in the first stage. When more comes; nullopt: never.
    std::optional<Micros> arrive(Micros now);
    /// The next one in the scenario's order; it runs from now on. nullopt: there is none, or none
    /// that is claimed now.
    [[nodiscard]] std::optional<Task> claim(Micros now);
    [[nodiscard]] ClaimRule& rule() { return rule_; }
    /// Something of the stage is ready, and would be claimed were there slots enough.
    [[nodiscard]] bool is_claimable(int stage, Micros now) const;
    /// What ran is ready again, or will be when `due` is called for it.
    void put_back(const Task& task, Micros now);
    void delay(const Task& task);
    void due(const Task& task, Micros now);
    /// What ran has ended after `took`: ready in its next stage, or done.
    void finish(const Task& task, Micros took, Micros now);

    [[nodiscard]] std::int64_t items() const { return std::ssize(arrivals_); }
    [[nodiscard]] std::int64_t done() const { return done_; }
    [[nodiscard]] bool is_drained() const { return done_ == items(); }
    [[nodiscard]] bool has_more_to_come() const { return arrived_ < items(); }
    [[nodiscard]] bool has_ready() const { return ready_ > 0; }
    [[nodiscard]] std::int64_t ready(int stage) const;
    [[nodiscard]] std::int64_t delayed(int stage) const;
    [[nodiscard]] std::int64_t running(int stage) const;
    /// Every item that has come is in exactly one place.
    [[nodiscard]] bool is_whole() const;
    /// As a store counts it, later stages first.
    [[nodiscard]] std::vector<model::StagePressure> pressure(Micros now) const;
    /// The stages' marks and providers, as the pool's policy has them.
    [[nodiscard]] const std::vector<model::StagePolicy>& policies() const {
        return rule_.policies();
    }
    /// From the coming of each item that is done to its end.
    [[nodiscard]] std::chrono::duration<double> mean_item_time() const;

  private:
    struct Waiting {
        std::int64_t item = 0;
        Micros since{0};
    };
    struct Stage {
        std::deque<Waiting> ready;
        std::int64_t delayed = 0;
        std::int64_t running = 0;
        std::int64_t samples = 0;
        Micros time_sum{0};
        std::deque<Micros> recent;  ///< service times, for their 95th percentile
    };
    [[nodiscard]] Stage& stage_of(const Task& task);
    [[nodiscard]] const Stage& at(int stage) const;
    [[nodiscard]] std::vector<ClaimableStage> claimable() const;

    ClaimRule rule_;
    std::vector<Stage> stages_;
    std::vector<Micros> arrivals_;
    std::int64_t arrived_ = 0;
    std::int64_t ready_ = 0;
    std::int64_t done_ = 0;
    std::chrono::duration<double> item_times_{0};
};

}  // namespace fleet::simulate
