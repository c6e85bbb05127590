// A backlog in a store of the benchmark's own, and workers that drain it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/contracts/store.hpp"
#include "common/model/work_spec.hpp"

namespace fleet::bench {

/// The batch that all of this works on.
inline constexpr const char* kBatch = "bench";

[[nodiscard]] base::StoreUrl store_url(const std::filesystem::path& folder,
                                       const std::string& durability);
/// Pushes `items` of `spec` as one sealed batch; returns the seconds of pushing and sealing.
double push_items(contracts::Store& store, const model::WorkSpec& spec, std::int64_t items);
/// Blocks until so many items of the batch are done; wakes by the store's triggers.
void wait_for_done(contracts::Store& store, std::int64_t items);
/// Starts the workers while the pool is paused, opens it, and returns the seconds until all items
/// are done. Throws std::runtime_error when a worker does not come up.
double drain_with_workers(contracts::Store& store, int workers, int slots, std::int64_t items);

}  // namespace fleet::bench
