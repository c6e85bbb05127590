// Pools, seats and decisions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/contracts/scaling.hpp"
#include "common/store/sqlite/database.hpp"

namespace fleet::store::sqlite {

class SqliteScaling final : public contracts::ScalingBackend {
  public:
    explicit SqliteScaling(Database& database) : database_(database) {}

    std::int64_t put_pool(const model::PoolPolicy& policy) override;
    std::optional<model::PoolPolicy> pool(const std::string& name) override;
    std::vector<model::PoolPolicy> pools() override;
    bool set_paused(const std::string& pool, bool paused) override;
    contracts::SeatAnswer take_seat(const contracts::SeatRequest& request) override;
    bool set_seat_state(std::int64_t seat, model::SeatState state) override;
    std::vector<model::Seat> seats(const std::string& pool) override;
    void record_decision(const model::Decision& decision) override;
    std::vector<model::Decision> decisions(const std::string& host, std::size_t limit) override;

  private:
    Database& database_;
};

}  // namespace fleet::store::sqlite
