// Named leases in the table execution_leases, whose rows stay so that tokens only grow.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/contracts/lock.hpp"
#include "common/store/sqlite/database.hpp"

namespace fleet::store::sqlite {

class SqliteLocks final : public contracts::ExecutionLock {
  public:
    explicit SqliteLocks(Database& database) : database_(database) {}

    std::optional<model::NamedLease> acquire(const std::string& key, const std::string& owner,
                                             base::Millis ttl) override;
    bool renew(const model::NamedLease& lease, base::Millis ttl) override;
    bool release(const model::NamedLease& lease) override;
    bool break_lease(const std::string& key, const std::string& owner) override;
    std::optional<model::NamedLease> get(const std::string& key) override;
    std::vector<model::NamedLease> list() override;

  private:
    Database& database_;
};

}  // namespace fleet::store::sqlite
