// Named leases: one reaper, one checkpointer, one scaler a host. (Executions are leased by claim.)
//
// Thread safety and errors as in work.hpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/time.hpp"
#include "common/model/lease.hpp"

namespace fleet::contracts {

class ExecutionLock {
  public:
    ExecutionLock() = default;
    ExecutionLock(const ExecutionLock&) = delete;
    ExecutionLock& operator=(const ExecutionLock&) = delete;
    virtual ~ExecutionLock() = default;

    /// Free or expired: taken, the token grows by one, forever, per key. Held by another: nullopt.
    /// Held by the same owner: nullopt as well; owners renew.
    virtual std::optional<model::NamedLease> acquire(const std::string& key,
                                                     const std::string& owner,
                                                     base::Millis ttl) = 0;
    /// Conditional on key, owner and token only: a late owner whose lease nobody took keeps it.
    virtual bool renew(const model::NamedLease& lease, base::Millis ttl) = 0;
    /// False if it was not the owner's any more. The key's token is remembered.
    virtual bool release(const model::NamedLease& lease) = 0;
    /// Ends the lease of an owner that is proven dead. False if `owner` does not hold it.
    virtual bool break_lease(const std::string& key, const std::string& owner) = 0;
    /// nullopt when free or expired.
    [[nodiscard]] virtual std::optional<model::NamedLease> get(const std::string& key) = 0;
    /// Live ones, by key.
    [[nodiscard]] virtual std::vector<model::NamedLease> list() = 0;
};

}  // namespace fleet::contracts
