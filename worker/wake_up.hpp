// What ends the main loop's waits: orders (a signal, a status) and room for more work.
//
//   const auto ticket = wake_up.ticket();   taken before looking
//   ... look at orders, claim ...
//   wake_up.wait(ticket, limit);            or store.triggers().wait(..., wake_up.token(ticket))
//
// Also counts the executions that the worker holds, from claim until their commit has returned.
// Thread-safe; `ticket`, `wait` and `token` are for the main loop's thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>

#include "common/base/time.hpp"

namespace fleet::worker {

class WakeUp {
  public:
    struct Ticket {
        std::uint64_t orders = 0;
        std::uint64_t nudges = 0;
    };

    [[nodiscard]] Ticket ticket() const;
    /// Until an order or a nudge after the ticket, or until `limit` has passed (unset: for ever).
    /// False when the time was up.
    bool wait(Ticket ticket, std::optional<base::Millis> limit);
    /// Stopped by an order after the ticket; nudges do not stop it.
    [[nodiscard]] std::stop_token token(Ticket ticket);

    /// Something was ordered: ends every wait.
    void order();
    /// There may be room: ends `wait` only.
    void nudge();

    void took(std::size_t executions);
    /// Nudges when not more than the wanted number is left.
    void finished(std::size_t executions);
    /// The number held at or below which `finished` nudges.
    void nudge_at(std::size_t held);
    [[nodiscard]] std::size_t held() const;

  private:
    mutable std::mutex mutex_;  ///< guards everything below
    std::condition_variable changed_;
    Ticket now_;
    std::size_t held_ = 0;
    std::size_t nudge_at_ = 0;
    std::stop_source source_;
};

}  // namespace fleet::worker
