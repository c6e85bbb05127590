// Sums of usage by day, provider and phase.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/contracts/usage.hpp"
#include "common/store/sqlite/database.hpp"

namespace fleet::store::sqlite {

class SqliteUsage final : public contracts::UsageBackend {
  public:
    explicit SqliteUsage(Database& database) : database_(database) {}

    void record(std::span<const model::UsageRecord> usage) override;
    std::vector<model::UsageRecord> daily(const std::string& day) override;

  private:
    Database& database_;
};

/// Records without a day belong to the UTC day of `wall_now`.
void add_usage(WriteTransaction& transaction, std::span<const model::UsageRecord> usage,
               base::WallTime wall_now);

}  // namespace fleet::store::sqlite
