// Sums of usage by day, provider and phase; the providers' rows (providers.hpp).
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
    void configure(std::span<const model::ProviderRules> rules) override;
    std::vector<model::Provider> providers() override;
    contracts::PermitAnswer reserve(const contracts::PermitRequest& request) override;
    bool begin(const std::string& provider, const model::Permit& permit) override;
    void give_back(const std::string& provider, std::span<const model::Permit> permits) override;
    void report(std::span<const contracts::CallReport> reports) override;
    bool set_circuit(const std::string& provider, model::CircuitState state,
                     const std::string& reason) override;

  private:
    /// Who waits for the provider looks again at once, in transactions of their own.
    void end_waits(const std::string& provider);

    Database& database_;
};

/// Records without a day belong to the UTC day of `wall_now`.
void add_usage(WriteTransaction& transaction, std::span<const model::UsageRecord> usage,
               base::WallTime wall_now);

}  // namespace fleet::store::sqlite
