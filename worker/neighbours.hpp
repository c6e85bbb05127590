// Workers of this box whose leases have expired: they are frozen or dead, and their work may run
// again only when they and everything that they started are gone.
#pragma once

#include <cstddef>
#include <span>

#include "common/base/logging.hpp"
#include "common/contracts/store.hpp"

namespace fleet::worker {

/// Kills each with its process tree, sees it gone, and hands its work back. Returns how many were
/// dealt with; one that cannot be ended keeps its work and is told about. Blocks up to 10 s for
/// each. A record of `self` is left alone. Throws base::StoreError.
std::size_t end_expired(contracts::Store& store, std::span<const model::WorkerRecord> neighbours,
                        const model::ProcessIdentity& self, base::Log& log);

}  // namespace fleet::worker
