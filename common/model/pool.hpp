// A pool's policy, its seats, and the record of scaling decisions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json_text.hpp"
#include "common/base/time.hpp"

namespace fleet::model {

/// How the stages of a pool depend on each other. A stage's buffer is what is pending in it.
struct StagePolicy {
    std::string stage;
    int rank = 0;  ///< later stages have larger ranks
    /// With a smaller buffer the stage before is claimed first, so that this one does not starve.
    std::optional<std::int64_t> low_water;
    /// With this buffer or a larger one the stage before is not claimed.
    std::optional<std::int64_t> high_water;
    /// "provider/model" that its executions call; empty: none. See fleet.yml.
    std::string provider = {};
    bool operator==(const StagePolicy&) const = default;
};

/// Limits and tempo of scaling one pool; the defaults are those of the documentation.
struct PoolPolicy {
    std::string pool;
    int min_workers = 0;
    std::optional<int> max_workers;  ///< unset: the host's cores
    int slots_per_worker = 0;        ///< 0: 4, for commands so that slots x workers <= cores
    std::optional<base::Millis> drain_target;  ///< unset: as fast as the box allows
    base::Millis max_wait{60'000};
    base::Millis stabilization{60'000};
    base::Millis service_prior{1000};  ///< mean service time before the first samples
    bool paused = false;
    std::vector<StagePolicy> stages;  ///< those that have marks or a rank of their own
    std::int64_t version = 0;  ///< grows with every change; retirements name the one they saw
    bool operator==(const PoolPolicy&) const = default;
};

//  requested -> starting -> ready -> retiring -> gone      (any -> gone)
enum class SeatState { requested, starting, ready, retiring, gone };
[[nodiscard]] std::string_view to_text(SeatState state);
[[nodiscard]] bool is_legal_change(SeatState from, SeatState to);

/// The right to run one worker; what keeps maxima true whatever scalers believe.
struct Seat {
    std::int64_t id = 0;
    std::string pool;
    std::string host;
    SeatState state = SeatState::requested;
    std::string launch_token;
    std::string worker_id;  ///< empty until registered
    base::Millis age{0};
    base::Millis remaining{0};  ///< until the seat is void if it is not ready by then
};

/// One scaling decision, kept with what it was made from.
struct Decision {
    std::int64_t id = 0;
    base::StoreTime at{};
    std::string host;
    std::string pool;
    int workers_before = 0;
    int workers_planned = 0;
    int started = 0;
    int retired = 0;
    std::string reason;     ///< one sentence
    base::JsonText inputs;  ///< the observation, as JSON
};
[[nodiscard]] base::JsonText to_json_text(const Decision& decision);

}  // namespace fleet::model
