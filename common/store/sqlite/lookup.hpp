// Names to numbers and back, inside one transaction or read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/model/batch.hpp"
#include "common/store/sqlite/connection.hpp"

namespace fleet::store::sqlite {

struct PoolRow {
    std::int64_t number = 0;
    bool paused = false;
};
[[nodiscard]] std::optional<PoolRow> find_pool(Connection& connection, const std::string& name);

struct BatchRow {
    std::int64_t number = 0;
    std::int64_t pool = 0;
    model::BatchState state = model::BatchState::loading;
    bool private_lane = false;
    std::int64_t first_seq = 0;
    std::int64_t last_seq = 0;
};
[[nodiscard]] std::optional<BatchRow> find_batch(Connection& connection, const std::string& name);

/// The lane of (pool, stage, batch or 0), made if it is not there.
[[nodiscard]] std::int64_t lane_for(Connection& connection, std::int64_t pool,
                                    const std::string& stage, int stage_rank, std::int64_t batch);

struct LaneNames {
    std::int64_t pool_number = 0;
    std::string pool;
    std::string stage;
};

/// Remembers what it looked up; lives for one call.
class Names {
  public:
    explicit Names(Connection& connection) : connection_(connection) {}
    /// Empty name for 0.
    const std::string& batch(std::int64_t number);
    bool batch_cancelled(std::int64_t number);
    const LaneNames& lane(std::int64_t number);
    struct Worker {
        std::string worker_id;
        std::string host;
        std::string owner;
    };
    /// Empty for a number that is forgotten.
    const Worker& worker(std::int64_t number);
    /// Which registration number an owner text (`host:pid:run_id`) has; 0 if it is not registered.
    std::int64_t owner(const std::string& text);

  private:
    struct BatchNames {
        std::string name;
        bool cancelled = false;
    };
    const BatchNames& batch_names(std::int64_t number);

    Connection& connection_;
    std::unordered_map<std::int64_t, BatchNames> batches_;
    std::unordered_map<std::int64_t, LaneNames> lanes_;
    std::unordered_map<std::int64_t, Worker> workers_;
    std::string last_owner_;
    std::int64_t last_owner_number_ = 0;
};

}  // namespace fleet::store::sqlite
