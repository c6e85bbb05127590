// A pool's policy as the JSON text in pools.policy.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/model/pool.hpp"
#include "common/store/sqlite/connection.hpp"

namespace fleet::store::sqlite {

/// The members that have no column of their own; times in milliseconds.
[[nodiscard]] base::JsonText policy_text(const model::PoolPolicy& policy);
[[nodiscard]] std::optional<model::PoolPolicy> find_policy(Connection& connection,
                                                           const std::string& pool);
/// Of a pool by its number, without reading the rest: most pools have none.
[[nodiscard]] std::vector<model::StagePolicy> stage_policies(Connection& connection,
                                                             std::int64_t pool);
/// By name.
[[nodiscard]] std::vector<model::PoolPolicy> all_policies(Connection& connection);
/// `there is no pool "defalt"; did you mean "default"?`
[[nodiscard]] std::string unknown_pool_text(Connection& connection, const std::string& pool);

}  // namespace fleet::store::sqlite
