// Many workers' calls to one simulated provider through the fleet's own pace, with a virtual clock.
#pragma once

#include <cstdint>
#include <vector>

#include "scaler/simulate/provider_model.hpp"

namespace fleet::simulate {

enum class Client {
    fleet,    ///< permits from the shared row
    backoff,  ///< every slot by itself: Retry-After, else exponential backoff with full jitter
};

struct PaceScenario {
    ProviderModelRules provider;
    std::vector<LimitChange> changes;  ///< by time
    double others = 0;  ///< calls a second that another client makes and retries never
    int workers = 4;
    int slots = 32;
    base::Millis latency{1'000};  ///< mean of an answered call, exponential above a floor
    model::ProviderRules rules;   ///< as configured
    Client client = Client::fleet;
    base::Millis warm_up = std::chrono::minutes(3);
    base::Millis length = std::chrono::minutes(15);
    std::uint64_t seed = 1;
};

struct PaceReport {
    double offered = 0;   ///< calls of ours after the warm-up
    double given = 0;     ///< of them answered
    double possible = 0;  ///< what the provider would have given less what others took
    std::int64_t circuit_openings = 0;
    std::int64_t asked = 0;  ///< requests for permits, in all
    [[nodiscard]] double goodput() const { return possible > 0 ? given / possible : 0; }
    [[nodiscard]] double refused_share() const {
        return offered > 0 ? (offered - given) / offered : 0;
    }
};

[[nodiscard]] PaceReport run_pace(const PaceScenario& scenario);

}  // namespace fleet::simulate
