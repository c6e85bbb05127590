// How many slots the providers can keep busy. Pure.
#pragma once

#include <string>
#include <vector>

#include "scaler/clamp.hpp"
#include "scaler/observation.hpp"

namespace fleet::scaler {

/// Slots beyond what Little's law asks for: latencies vary.
inline constexpr double kProviderHeadroom = 0.2;
struct ProviderCap {
    int slots = 0;
    Clamp clamp = Clamp::pace;
    std::string why;  ///< one clause, with the number
};

/// Pace x latency and a fifth more; closed doors let fewer through: an open circuit its probes, one
/// that a person must close and a spent budget none. `latency_prior` stands for a latency that is
/// not, or hardly, known yet. nullopt: any number.
[[nodiscard]] std::optional<ProviderCap> provider_cap(const ProviderView& provider,
                                                      base::Millis latency_prior);

/// One provider's slots for one pool.
struct PoolCap {
    std::string provider;
    int work = 0;   ///< items of the pool that need it and run or could run
    int slots = 0;  ///< of them at once; with an open circuit also of those that are delayed
    Clamp clamp = Clamp::pace;
    std::string why;
    /// Why this work goes as fast as `slots` allow, whatever the pool's drain target; empty: it
    /// need not.
    std::string burst = {};
};

/// The caps of every pool of the observation, in its order, those without a limit left out. Pools
/// that need the same provider divide its slots by their work. `work` is counted without stages
/// that are not claimed; `priors`: each pool's service time before the first samples.
[[nodiscard]] std::vector<std::vector<PoolCap>> divide_caps(
    const Observation& observation, const std::vector<base::Millis>& priors);

/// Of one stage of the pool: what runs, and what could be claimed.
struct StageWork {
    std::string stage;
    int ready = 0;
    int running = 0;
    int delayed = 0;
    bool is_blocked = false;                ///< by a high-water mark: `ready` is not claimed
    const std::string* provider = nullptr;  ///< into the pool's needs; may be null
    [[nodiscard]] int work() const { return running + (is_blocked ? 0 : ready); }
};
/// Points into `pool`.
[[nodiscard]] std::vector<StageWork> stage_work(const PoolView& pool);

}  // namespace fleet::scaler
