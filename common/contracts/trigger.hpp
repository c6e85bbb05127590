// Wake-ups between threads and processes without polling.
//
// Subscribe (ticket), look at the store, then wait: a notify after the ticket was taken ends the
// wait at once, so no wake-up is lost. Wake-ups may be spurious and are hints only; the store is
// the truth. Thread-safe; a waiting thread uses no CPU.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "common/base/time.hpp"

namespace fleet::contracts {

class TriggerBackend {
  public:
    TriggerBackend() = default;
    TriggerBackend(const TriggerBackend&) = delete;
    TriggerBackend& operator=(const TriggerBackend&) = delete;
    virtual ~TriggerBackend() = default;

    using Ticket = std::uint32_t;

    /// The topic's state now; taken before looking at the store.
    [[nodiscard]] virtual Ticket ticket(const std::string& topic) = 0;
    /// True when the topic was notified since the ticket, false after `timeout` or when `stop` is
    /// requested.
    [[nodiscard]] virtual bool wait(const std::string& topic, Ticket since, base::Millis timeout,
                                    std::stop_token stop) = 0;
    /// Wakes all who wait on the topic, in every process that has this store open.
    virtual void notify(const std::string& topic) = 0;
};

/// Notified when work of the pool may have become claimable, or a worker of it changed status.
[[nodiscard]] std::string pool_topic(const std::string& pool);
/// Notified when something that a scaler decides by has changed.
[[nodiscard]] std::string scaler_topic();
/// Notified when an execution of the batch became terminal (coalesced: at most once a commit).
[[nodiscard]] std::string batch_topic(const std::string& batch);
/// Notified when any result was written outside a batch.
[[nodiscard]] std::string results_topic();

}  // namespace fleet::contracts
