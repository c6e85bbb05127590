// The scalers of a simulation, one a host: each remembers what it wanted and measured, as the real
// ones do, and decides by the fleet's own function for its own host. Not thread-safe.
#pragma once

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "scaler/policy.hpp"
#include "scaler/simulate/scenario.hpp"

namespace fleet::simulate {

class HostScalers {
  public:
    /// `scenario` must outlive it.
    explicit HostScalers(const Scenario& scenario);

    void join(int host);
    /// It decides no more; others still count on it, until it is forgotten.
    void stop(int host);
    void forget(int host);
    [[nodiscard]] bool is_running(int host) const { return one(host).is_running; }
    [[nodiscard]] const scaler::PoolRules& rules(int host) const;

    /// The hosts that are known at all, for an observation.
    [[nodiscard]] std::vector<scaler::HostView> hosts() const;
    /// `shared` holds all but what is this scaler's own; it is changed and put right again.
    [[nodiscard]] scaler::PoolPlan decide(int host, scaler::Observation& shared, base::Millis now);

  private:
    struct One {
        bool is_running = false;
        bool is_known = false;
        scaler::Policy policy;
        std::deque<std::pair<base::Millis, int>> wanted;
        std::vector<scaler::KnownLatency> latencies;  ///< a provider each
    };
    [[nodiscard]] const One& one(int host) const { return all_[static_cast<std::size_t>(host)]; }
    [[nodiscard]] One& one(int host) { return all_[static_cast<std::size_t>(host)]; }

    const Scenario& scenario_;
    std::vector<One> all_;
};

}  // namespace fleet::simulate
