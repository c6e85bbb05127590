// Pools, seats and decisions: what scalers share.
//
// Thread safety and errors as in work.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/time.hpp"
#include "common/model/lease.hpp"
#include "common/model/pool.hpp"

namespace fleet::contracts {

struct SeatRequest {
    std::string pool;
    std::string host;
    int pool_max = 0;             ///< the maximum the caller acts under
    base::Millis ttl{30'000};     ///< void unless ready by then
    std::int64_t request_id = 0;  ///< chosen before the first try; a repeat gets the same seat
    std::optional<int> fleet_max = {};  ///< of all pools together; unset: no limit
};
struct SeatRefused {
    std::string reason;  ///< "pool default has 4 of 4 workers"
};
using SeatAnswer = std::variant<model::Seat, SeatRefused>;

/// The most decisions kept; older ones are removed as new ones come.
inline constexpr std::size_t kMaxDecisions = 10'000;

class ScalingBackend {
  public:
    ScalingBackend() = default;
    ScalingBackend(const ScalingBackend&) = delete;
    ScalingBackend& operator=(const ScalingBackend&) = delete;
    virtual ~ScalingBackend() = default;

    /// Creates or replaces a pool's policy (the pool `default` is there from the start); raises its
    /// version and returns it. Names: 1..60 of letters, digits, '.', '_', '-'.
    virtual std::int64_t put_pool(const model::PoolPolicy& policy) = 0;
    [[nodiscard]] virtual std::optional<model::PoolPolicy> pool(const std::string& name) = 0;
    /// By name.
    [[nodiscard]] virtual std::vector<model::PoolPolicy> pools() = 0;
    /// Pausing stops claims; wakes the workers when it ends. False: no such pool.
    virtual bool set_paused(const std::string& pool, bool paused) = 0;

    /// One transaction: a seat, if the seats that are not `gone` are fewer than pool_max in the
    /// pool and fewer than fleet_max in all pools.
    virtual SeatAnswer take_seat(const SeatRequest& request) = 0;
    /// False for an illegal change or an unknown seat. -> gone frees it. A seat whose worker is
    /// registered follows the worker's status by itself.
    virtual bool set_seat_state(std::int64_t seat, model::SeatState state) = 0;
    /// Seats that are not gone. Seats void by time are gone.
    [[nodiscard]] virtual std::vector<model::Seat> seats(const std::string& pool) = 0;

    virtual void record_decision(const model::Decision& decision) = 0;
    /// Newest first; empty host: all.
    [[nodiscard]] virtual std::vector<model::Decision> decisions(const std::string& host,
                                                                 std::size_t limit) = 0;
};

}  // namespace fleet::contracts
