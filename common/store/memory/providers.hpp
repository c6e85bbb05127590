// The rows of providers and reservations.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/contracts/usage.hpp"
#include "common/model/pool.hpp"
#include "common/store/memory/transaction.hpp"

namespace fleet::store::memory {

void configure_providers(Transaction& transaction, std::span<const model::ProviderRules> rules);
[[nodiscard]] contracts::PermitAnswer reserve_permits(Transaction& transaction,
                                                      const contracts::PermitRequest& request);
[[nodiscard]] bool begin_call(Transaction& transaction, const std::string& provider,
                              const model::Permit& permit);
void give_back_permits(Transaction& transaction, const std::string& provider,
                       std::span<const model::Permit> permits);
void report_calls(Transaction& transaction, std::span<const contracts::CallReport> reports);
[[nodiscard]] bool set_provider_circuit(Transaction& transaction, const std::string& provider,
                                        model::CircuitState state, const std::string& reason);

/// The stages of the policies whose providers take no calls for a while.
[[nodiscard]] std::vector<std::string> closed_stages(Transaction& transaction,
                                                     std::span<const model::StagePolicy> policies);

}  // namespace fleet::store::memory
