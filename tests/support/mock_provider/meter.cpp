#include "tests/support/mock_provider/meter.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace fleet::mock_provider {
namespace {

Wide wide(Nanos span) {
    return Wide{span.count()};
}

/// For both not negative.
Nanos rounded_up(Wide dividend, std::int64_t divisor) {
    return Nanos{static_cast<std::int64_t>((dividend + divisor - 1) / divisor)};
}

void require_available(std::int64_t count, std::int64_t available) {
    if (count < 0 || count > available) {
        throw std::logic_error("taking " + std::to_string(count) + " of a limit that has " +
                               std::to_string(available) + " left");
    }
}

}  // namespace

TokenBucket::TokenBucket(const LimitRule& rule, Instant now)
    : amount_(rule.amount),
      burst_(rule.burst),
      window_(rule.window),
      level_(Wide{rule.burst} * wide(rule.window)),
      last_(now) {}

void TokenBucket::refill(Instant now) {
    if (now <= last_) {
        return;
    }
    level_ = std::min(Wide{burst_} * wide(window_), level_ + wide(now - last_) * Wide{amount_});
    last_ = now;
}

std::int64_t TokenBucket::available(Instant now) {
    refill(now);
    return static_cast<std::int64_t>(level_ / wide(window_));
}

std::optional<Nanos> TokenBucket::wait_for(std::int64_t count, Instant now) {
    refill(now);
    const Wide missing = Wide{count} * wide(window_) - level_;
    if (missing <= 0) {
        return Nanos::zero();
    }
    if (count > burst_ || amount_ == 0) {
        return std::nullopt;
    }
    return rounded_up(missing, amount_);
}

Nanos TokenBucket::until_full(Instant now) {
    refill(now);
    const Wide missing = Wide{burst_} * wide(window_) - level_;
    // Without a refill it is never full; the window says at least which kind of limit it is.
    return amount_ == 0 ? window_ : rounded_up(missing, amount_);
}

void TokenBucket::take(std::int64_t count, Instant now) {
    require_available(count, available(now));
    level_ -= Wide{count} * wide(window_);
}

void TokenBucket::change(const LimitRule& rule, Instant now) {
    refill(now);
    amount_ = rule.amount;
    burst_ = rule.burst;
    level_ = std::min(level_, Wide{burst_} * wide(window_));
}

FixedWindow::FixedWindow(const LimitRule& rule, Instant now)
    : amount_(rule.amount), window_(rule.window), start_(rule.start), last_(now) {
    roll(now);
}

void FixedWindow::roll(Instant now) {
    last_ = std::max(last_, now);
    if (open_ && last_ < opened_ + window_) {
        return;
    }
    used_ = 0;
    open_ = start_ == WindowStart::aligned;
    if (open_) {
        const Nanos since_epoch = last_.time_since_epoch();
        opened_ = Instant{since_epoch - since_epoch % window_};
    }
}

std::int64_t FixedWindow::available(Instant now) {
    roll(now);
    return std::max<std::int64_t>(0, amount_ - used_);
}

std::optional<Nanos> FixedWindow::wait_for(std::int64_t count, Instant now) {
    if (count <= available(now)) {
        return Nanos::zero();
    }
    if (count > amount_) {
        return std::nullopt;
    }
    return opened_ + window_ - last_;
}

Nanos FixedWindow::until_full(Instant now) {
    roll(now);
    return open_ ? opened_ + window_ - last_ : Nanos::zero();
}

void FixedWindow::take(std::int64_t count, Instant now) {
    require_available(count, available(now));
    if (!open_) {
        open_ = true;
        opened_ = last_;
    }
    used_ += count;
}

void FixedWindow::change(const LimitRule& rule, Instant now) {
    roll(now);
    amount_ = rule.amount;
}

SlidingWindow::SlidingWindow(const LimitRule& rule, Instant now)
    : amount_(rule.amount), window_(rule.window), last_(now) {}

void SlidingWindow::forget(Instant now) {
    last_ = std::max(last_, now);
    while (!log_.empty() && log_.front().at + window_ <= last_) {
        used_ -= log_.front().count;
        log_.pop_front();
    }
}

std::int64_t SlidingWindow::available(Instant now) {
    forget(now);
    return std::max<std::int64_t>(0, amount_ - used_);
}

std::optional<Nanos> SlidingWindow::wait_for(std::int64_t count, Instant now) {
    forget(now);
    if (count > amount_) {
        return std::nullopt;
    }
    std::int64_t missing = count - (amount_ - used_);
    for (const Taken& taken : log_) {
        if (missing <= 0) {
            break;
        }
        missing -= taken.count;
        if (missing <= 0) {
            return taken.at + window_ - last_;
        }
    }
    return Nanos::zero();
}

Nanos SlidingWindow::until_full(Instant now) {
    forget(now);
    return log_.empty() ? Nanos::zero() : log_.back().at + window_ - last_;
}

void SlidingWindow::take(std::int64_t count, Instant now) {
    require_available(count, available(now));
    if (count == 0) {
        return;
    }
    if (!log_.empty() && log_.back().at == last_) {
        log_.back().count += count;
    } else {
        log_.push_back({last_, count});
    }
    used_ += count;
}

void SlidingWindow::change(const LimitRule& rule, Instant now) {
    forget(now);
    amount_ = rule.amount;
}

Meter::Kind Meter::kind_of(const LimitRule& rule, Instant now) {
    switch (rule.kind) {
        case LimitKind::token_bucket:
            return TokenBucket(rule, now);
        case LimitKind::fixed_window:
            return FixedWindow(rule, now);
        case LimitKind::sliding_window:
            return SlidingWindow(rule, now);
    }
    throw std::logic_error("a limit of no kind: " + rule.name);
}

Meter::Meter(const LimitRule& rule, Instant now) : rule_(rule), kind_(kind_of(rule, now)) {}

std::int64_t Meter::available(Instant now) {
    return std::visit([&](auto& kind) { return kind.available(now); }, kind_);
}

std::optional<Nanos> Meter::wait_for(std::int64_t count, Instant now) {
    return std::visit([&](auto& kind) { return kind.wait_for(count, now); }, kind_);
}

Nanos Meter::until_full(Instant now) {
    return std::visit([&](auto& kind) { return kind.until_full(now); }, kind_);
}

void Meter::take(std::int64_t count, Instant now) {
    std::visit([&](auto& kind) { kind.take(count, now); }, kind_);
}

void Meter::change(const LimitRule& rule, Instant now) {
    const bool anew =
        rule.kind != rule_.kind || rule.window != rule_.window || rule.start != rule_.start;
    rule_ = rule;
    if (anew) {
        kind_ = kind_of(rule, now);
    } else {
        std::visit([&](auto& kind) { kind.change(rule, now); }, kind_);
    }
}

}  // namespace fleet::mock_provider
