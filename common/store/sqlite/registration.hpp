// Workers and hosts in the table worker_registry, whose `number` is what executions name as owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/contracts/registration.hpp"
#include "common/store/sqlite/database.hpp"

namespace fleet::store::sqlite {

class SqliteRegistration final : public contracts::RegistrationBackend {
  public:
    explicit SqliteRegistration(Database& database) : database_(database) {}

    contracts::RegisterAnswer register_worker(const model::WorkerRecord& worker) override;
    std::optional<model::WorkerStatus> heartbeat(const contracts::Heartbeat& beat) override;
    contracts::StatusChange update_status(const std::string& worker_id, model::WorkerStatus to,
                                          const std::string& reason) override;
    std::optional<model::WorkerRecord> get(const std::string& worker_id) override;
    std::vector<model::WorkerRecord> list(const contracts::WorkerFilter& filter) override;
    bool deregister(const std::string& worker_id) override;
    std::vector<model::WorkerRecord> expire() override;
    bool mark_dead(const std::string& worker_id, const std::string& reason) override;
    std::size_t forget_final(base::Millis age) override;

  private:
    Database& database_;
};

/// Final registrations that own nothing are forgotten when so many newer ones have come.
inline constexpr std::int64_t kKeptRegistrations = 1'000;

/// nullopt: not registered (any more).
[[nodiscard]] std::optional<model::WorkerRecord> find_worker(Connection& connection,
                                                             const std::string& worker_id,
                                                             base::StoreTime now);
/// By the number that executions.owner holds.
[[nodiscard]] std::optional<model::WorkerRecord> find_worker(Connection& connection,
                                                             std::int64_t number,
                                                             base::StoreTime now);

/// Removes registrations that are final for longer than `age` and own nothing; returns how many.
std::int64_t forget_final_workers(WriteTransaction& transaction, base::Millis age);

}  // namespace fleet::store::sqlite
