// One operation on the state: holds its lock, has one time, and notifies after it let go.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "common/base/time.hpp"
#include "common/store/memory/state.hpp"

namespace fleet::store::memory {

/// When nobody ticked the clock for this long, nobody could have renewed: from the end of such a
/// gap leases and workers are judged only after one more TTL of theirs.
inline constexpr base::Millis kClockGap{6'000};

enum class Access { read, write };

class Transaction {
  public:
    Transaction(State& state, Access access);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();

    [[nodiscard]] State& state() { return state_; }
    [[nodiscard]] base::StoreTime now() const { return now_; }
    [[nodiscard]] std::unique_lock<std::mutex>& lock() { return lock_; }

    /// Notified after the lock is released, each topic once.
    void notify(std::string topic) { topics_.insert(std::move(topic)); }
    void result_written() { result_written_ = true; }

    /// Notes that somebody was alive to renew and judge now; notes a gap first if there was one.
    void tick();
    /// True when a span that ended at `until` and could have been renewed for `ttl` is over.
    [[nodiscard]] bool is_over(base::StoreTime until, base::Millis ttl) const {
        return now_ >= end_of(until, ttl);
    }
    [[nodiscard]] base::StoreTime end_of(base::StoreTime until, base::Millis ttl) const;

  private:
    State& state_;
    std::unique_lock<std::mutex> lock_;
    base::StoreTime now_;
    std::set<std::string> topics_;
    bool result_written_ = false;
};

}  // namespace fleet::store::memory
