// The rows of providers and reservations. Each function is one operation of a write transaction.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/contracts/usage.hpp"
#include "common/model/pool.hpp"
#include "common/store/sqlite/writer.hpp"

namespace fleet::store::sqlite {

/// Returns the names of those whose rules are others now.
[[nodiscard]] std::vector<std::string> configure_providers(
    WriteTransaction& transaction, std::span<const model::ProviderRules> rules,
    base::WallTime wall);
[[nodiscard]] std::vector<model::Provider> read_providers(Connection& connection);
[[nodiscard]] contracts::PermitAnswer reserve_permits(WriteTransaction& transaction,
                                                      const contracts::PermitRequest& request,
                                                      base::WallTime wall);
[[nodiscard]] bool begin_call(WriteTransaction& transaction, const std::string& provider,
                              const model::Permit& permit, base::WallTime wall);
void give_back_permits(WriteTransaction& transaction, const std::string& provider,
                       std::span<const model::Permit> permits, base::WallTime wall);
void report_calls(WriteTransaction& transaction, std::span<const contracts::CallReport> reports,
                  base::WallTime wall);
[[nodiscard]] bool set_provider_circuit(WriteTransaction& transaction, const std::string& provider,
                                        model::CircuitState state, const std::string& reason);

/// The stages of the policies whose providers take no calls for a while.
[[nodiscard]] std::vector<std::string> closed_stages(WriteTransaction& transaction,
                                                     std::span<const model::StagePolicy> policies,
                                                     base::WallTime wall);

}  // namespace fleet::store::sqlite
