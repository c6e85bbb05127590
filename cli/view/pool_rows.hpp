// The figures of `fleet status` and `fleet top`: one row a pool and stage, read in O(stages).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/core/output.hpp"
#include "common/contracts/store.hpp"
#include "common/model/pressure.hpp"

namespace fleet::cli {

struct PoolRow {
    std::string pool;
    bool paused = false;
    model::StagePressure stage;
    /// What is pending in a stage that is not the pool's first: what was handed to it.
    std::optional<std::int64_t> buffer;
    std::optional<std::int64_t> low_water;
    std::optional<std::int64_t> high_water;
    /// Of the pool as a whole, repeated in each of its stages.
    int workers = 0;
    int slots = 0;
    int busy = 0;
};

/// `pool` empty: all of them.
[[nodiscard]] std::vector<PoolRow> collect_pool_rows(contracts::Store& store,
                                                     const std::string& pool);
[[nodiscard]] Table pool_table(const std::vector<PoolRow>& rows);
[[nodiscard]] base::JsonText pool_row_json(const PoolRow& row);
/// What a person should know of these figures and do about them: a pool that is paused or that
/// nobody serves while work is ready.
[[nodiscard]] std::vector<std::string> pool_hints(const std::vector<PoolRow>& rows);

}  // namespace fleet::cli
