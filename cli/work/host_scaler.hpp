// The scaler that serves this host, if one does: a host has one a store.
#pragma once

#include <optional>
#include <string>

#include "common/contracts/store.hpp"

namespace fleet::cli {

struct HostScaler {
    std::string owner;  ///< host:pid:run_id
    std::string batch;  ///< the one batch that it serves; empty: a service
    model::ProcessIdentity process;
};

/// Looks among the registered hosts for one of this box whose process lives.
[[nodiscard]] std::optional<HostScaler> find_host_scaler(contracts::Store& store);

/// Worker processes, active or retiring, that are bound to `batch` (empty: to none) and serve the
/// pool.
[[nodiscard]] int count_workers(contracts::Store& store, const std::string& pool,
                                const std::string& batch);

}  // namespace fleet::cli
