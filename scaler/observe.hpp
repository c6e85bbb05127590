// Builds the observation from the store and the box. Not thread-safe: one thread observes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/contracts/store.hpp"
#include "scaler/observation.hpp"
#include "scaler/policy.hpp"
#include "scaler/rules.hpp"

namespace fleet::scaler {

/// The reason of every scale-down starts with this: such a worker may be called back.
inline constexpr std::string_view kScaleDownReason = "scale down";

struct ObserveOptions {
    std::string host;
    std::vector<std::string> pools;  ///< empty: all pools of the store
    std::string batch;               ///< not empty: only its private lane, and its workers
    std::int64_t generation = 0;
    bool resume_only = false;  ///< its workers begin nothing new: new work is no demand
    std::optional<int> fleet_maximum;
    RuleOverrides overrides;
};

/// Sealed (or cancelled) and all of it terminal.
[[nodiscard]] bool is_over(const model::Batch& batch);

/// The same as workers with `--resume-only` see it: without what is new. Pure.
[[nodiscard]] model::PoolPressure only_begun(model::PoolPressure pressure);

/// The observation with the rules that go with it, and what else was seen on the way.
struct Observed {
    Observation observation;
    Policy policy;
    std::vector<model::WorkerRecord> workers;  ///< not final, all pools and hosts
    std::optional<model::Batch> batch;         ///< the one that is served, if it is there
    /// Nothing will ever come again from the batch that is served: it has ended, or, with
    /// `resume_only`, what was begun of it. Always false without a batch.
    bool nothing_to_come = false;
};

class Observer {
  public:
    /// `store` and `clock` (whose wall time tells the budgets' day) must outlive the observer.
    Observer(contracts::Store& store, const base::Clock& clock, ObserveOptions options);

    /// One look. Throws base::StoreError; base::ConfigError if a named pool does not exist.
    [[nodiscard]] Observed look();

    [[nodiscard]] const ObserveOptions& options() const { return options_; }

  private:
    [[nodiscard]] std::vector<std::string> pool_names();
    [[nodiscard]] model::PoolPolicy policy_of(const std::string& pool) const;
    [[nodiscard]] bool runs_commands(const std::string& pool, const Observed& observed,
                                     const model::PoolPressure& pressure);
    void add_pool(Observed& observed, const std::string& pool);
    void add_providers(Observed& observed);
    void add_needs(PoolView& view, const model::PoolPolicy& policy, bool runs_commands);

    contracts::Store& store_;
    const base::Clock& clock_;
    ObserveOptions options_;
    /// Whether the pool's work is commands, as far as seen; specs are looked up only once.
    std::map<std::string, bool> commands_;
    std::vector<model::UsageRecord> daily_;  ///< of the current day, as of the last look
    /// Providers whose calls without a stage's name can only be those of the one pool's present
    /// work.
    std::vector<std::string> called_now_;
    /// What stages needed when that could last be seen, by pool.
    std::map<std::string, std::vector<StageNeed>> needs_;
    std::map<std::string, KnownLatency> latencies_;  ///< by provider
};

}  // namespace fleet::scaler
