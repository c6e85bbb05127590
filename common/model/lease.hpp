// Ownership of an execution until a time, proven by a fencing token that only grows.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/time.hpp"
#include "common/model/execution.hpp"

namespace fleet::model {

/// (store epoch << 40) + counter: grows with every acquisition of a key, and past everything that a
/// power loss may have made the store forget.
using FencingToken = std::int64_t;

/// A lease on an execution. Copied freely; it proves nothing by itself, the store compares it.
struct Lease {
    ExecutionId execution;
    std::string owner;  ///< `host:pid:run_id` of the worker process
    FencingToken token = 0;
    std::int64_t handle = 0;  ///< opaque: lets the store find the row quickly; 0 = unknown
    bool operator==(const Lease&) const = default;
};

/// A named lease (singletons: one reaper, one checkpointer, one scaler a host).
struct NamedLease {
    std::string key;
    std::string owner;
    FencingToken token = 0;
    base::Millis remaining{0};  ///< how long it still holds, from the store's answer on
    bool operator==(const NamedLease&) const = default;
};

}  // namespace fleet::model
