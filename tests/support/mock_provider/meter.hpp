// Counting against one limit: pure and driven by the time it is given.
//
// Whatever is asked, a meter never lets more be taken than its limit allows:
//   token bucket    in any span T at most burst + amount * T / window
//   fixed window    in each window at most amount
//   sliding window  in any half-open span as long as the window at most amount
// and who waits as long as `wait_for` says gets all of it.
//
// Times must not go back: an earlier one than the last counts as the last. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <variant>

#include "tests/support/mock_provider/limit_rule.hpp"
#include "tests/support/mock_provider/time.hpp"

namespace fleet::mock_provider {

/// Wide enough for an amount times a window in nanoseconds.
__extension__ using Wide = __int128;

class TokenBucket {
  public:
    /// Begins full.
    TokenBucket(const LimitRule& rule, Instant now);
    [[nodiscard]] std::int64_t available(Instant now);
    [[nodiscard]] std::optional<Nanos> wait_for(std::int64_t count, Instant now);
    [[nodiscard]] Nanos until_full(Instant now);
    void take(std::int64_t count, Instant now);
    void change(const LimitRule& rule, Instant now);

  private:
    void refill(Instant now);

    std::int64_t amount_;
    std::int64_t burst_;
    Nanos window_;
    Wide level_;  ///< what is in it, times the window's nanoseconds: exact at any instant
    Instant last_;
};

class FixedWindow {
  public:
    FixedWindow(const LimitRule& rule, Instant now);
    [[nodiscard]] std::int64_t available(Instant now);
    [[nodiscard]] std::optional<Nanos> wait_for(std::int64_t count, Instant now);
    [[nodiscard]] Nanos until_full(Instant now);
    void take(std::int64_t count, Instant now);
    void change(const LimitRule& rule, Instant now);

  private:
    void roll(Instant now);

    std::int64_t amount_;
    Nanos window_;
    WindowStart start_;
    std::int64_t used_ = 0;
    bool open_ = false;
    Instant opened_{};
    Instant last_;
};

class SlidingWindow {
  public:
    SlidingWindow(const LimitRule& rule, Instant now);
    [[nodiscard]] std::int64_t available(Instant now);
    [[nodiscard]] std::optional<Nanos> wait_for(std::int64_t count, Instant now);
    [[nodiscard]] Nanos until_full(Instant now);
    void take(std::int64_t count, Instant now);
    void change(const LimitRule& rule, Instant now);

  private:
    struct Taken {
        Instant at;
        std::int64_t count;
    };
    void forget(Instant now);

    std::int64_t amount_;
    Nanos window_;
    std::int64_t used_ = 0;
    std::deque<Taken> log_;
    Instant last_;
};

class Meter {
  public:
    Meter(const LimitRule& rule, Instant now);

    /// How much may be taken now.
    [[nodiscard]] std::int64_t available(Instant now);
    /// How long until `count` may be taken, if nobody else takes any; nullopt: never.
    [[nodiscard]] std::optional<Nanos> wait_for(std::int64_t count, Instant now);
    /// How long until everything that was taken is given back.
    [[nodiscard]] Nanos until_full(Instant now);
    /// `count` must be at most `available(now)`; more is a programmer's error and throws.
    void take(std::int64_t count, Instant now);
    /// Another amount or burst; what was taken stays taken. Another kind, window or start begins
    /// anew.
    void change(const LimitRule& rule, Instant now);

  private:
    using Kind = std::variant<TokenBucket, FixedWindow, SlidingWindow>;
    static Kind kind_of(const LimitRule& rule, Instant now);

    LimitRule rule_;
    Kind kind_;
};

}  // namespace fleet::mock_provider
