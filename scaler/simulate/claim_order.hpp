// In which order the stages of a simulation are claimed. Pure.
//
// - depth_first: the stores' own, with the buffers' marks.
// - fifo: the task that has been ready for the longest, whatever its stage.
// - optimiser: what brings the most completions per unit of the scarcest budget, be that slots or
//   a provider's calls; more for what is begun, which would be abandoned, and for what is old.
//   Nothing is claimed whose provider could not be called now, nor before a full buffer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/model/pool.hpp"
#include "scaler/simulate/scenario.hpp"

namespace fleet::simulate {

/// A stage as a claim sees it, in the order of the scenario.
struct ClaimableStage {
    std::int64_t ready = 0;
    std::int64_t delayed = 0;
    std::int64_t running = 0;
    Micros oldest{0};  ///< since when the first of the ready ones waits
    double mean_seconds = 1;
};

/// What the optimiser knows beside the backlog; brought up to date once a second.
struct Budgets {
    double slots = 1;  ///< that the pool may have
    struct OfProvider {
        double calls_per_second = 1;
        std::optional<int> useful_slots = {};  ///< more of them only wait; unset: any number
    };
    std::vector<OfProvider> providers = {};
};

class ClaimRule {
  public:
    explicit ClaimRule(const Scenario& scenario);

    void set(Budgets budgets) { budgets_ = std::move(budgets); }
    /// Stages, the first is claimed first. Without those that are not claimed now.
    [[nodiscard]] std::vector<int> order(const std::vector<ClaimableStage>& stages,
                                         Micros now) const;
    /// As the pool's policy has them.
    [[nodiscard]] const std::vector<model::StagePolicy>& policies() const { return policies_; }

  private:
    [[nodiscard]] std::vector<int> depth_first(const std::vector<ClaimableStage>& stages) const;
    [[nodiscard]] std::vector<int> fifo(const std::vector<ClaimableStage>& stages) const;
    [[nodiscard]] std::vector<int> optimised(const std::vector<ClaimableStage>& stages,
                                             Micros now) const;
    /// Of the scarcest budget, what an item needs from each stage on.
    [[nodiscard]] std::vector<double> scarce_needs(const std::vector<ClaimableStage>& stages) const;
    [[nodiscard]] bool is_of_use(const std::vector<ClaimableStage>& stages,
                                 std::size_t stage) const;

    ClaimOrder order_;
    std::vector<model::StagePolicy> policies_;
    std::vector<std::optional<std::size_t>> providers_;  ///< of each stage
    bool has_marks_ = false;
    Budgets budgets_;
};

}  // namespace fleet::simulate
