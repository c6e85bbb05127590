#include "common/pace/pace.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "common/pace/cell.hpp"

namespace fleet::pace {
namespace {

using model::Pace;
using model::PaceSource;
using model::ProviderRules;
using model::Quantity;

/// Growth is counted in at least this long steps, and a longer pause counts as the longest.
constexpr base::Millis kShortestStep{100};
constexpr base::Millis kLongestStep{2'000};
/// A second without a refusal before there ever was one.
constexpr double kFirstGrowth = 0.10;
constexpr double kFirstGrowthAtLeast = 0.2;
/// Where a learned pace rests below the one that was refused, and how long it takes to get there.
constexpr double kRest = 0.97;
constexpr double kRecoverySeconds = 4;
/// Growth a second from there on, and the time in which it doubles.
constexpr double kProbeGrowth = 0.0007;
constexpr double kProbeScaleSeconds = 30;
constexpr double kFastestGrowth = 0.10;
/// Limits of longer windows are an allowance to be used up, no pace.
constexpr double kBurstSeconds = 0.5;
constexpr base::Millis kLongestPaceWindow = std::chrono::hours(1);
constexpr base::Millis kUsualWindow = std::chrono::minutes(1);
constexpr base::Millis kMinute = std::chrono::minutes(1);
constexpr base::Millis kLately{10'000};
constexpr base::Millis kFirstBackoff{250};
constexpr base::Millis kLongestBackoff{30'000};
constexpr int kMostDoublings = 10;
/// A pause of this length says that a window is used up, not that calls came too close.
constexpr base::Millis kLongPause{5'000};
/// So do as many refusals in a row.
constexpr int kUsedUp = 3;
/// With so little of a known limit left the pace is eased, by so much, and not more often.
constexpr double kNearlyNone = 0.0005;
constexpr double kEase = 0.98;
constexpr base::Millis kEaseEvery{2'000};
constexpr base::Millis kShortestTelling{10'000};

double seconds(base::Millis span) {
    return std::chrono::duration<double>(span).count();
}

/// Units that may come at once: what the margin leaves free in the window, and no more than of half
/// a second.
double burst_of(double limit, double rate) {
    return std::max(1.0, std::floor(std::min(limit * kMargin, rate * kBurstSeconds)));
}

void set_requests(Pace& pace, double rate, double burst, base::StoreTime now) {
    set_rate(pace.requests, now, std::max(rate, kSlowest));
    pace.requests.burst = burst;
}

/// What the provider gave lately, in calls a second; nullopt: too short a time to say.
std::optional<double> given_rate(const model::Density& density, base::StoreTime now,
                                 base::Millis span) {
    const Counts counts = counts_of(density, now, span);
    if (counts.covered < kLately) {
        return std::nullopt;
    }
    return static_cast<double>(counts.calls - counts.refused - counts.errors) /
           seconds(std::min(span, counts.covered));
}

void grow(Pace& pace, double step, base::StoreTime now) {
    double rate = pace.requests.rate;
    if (pace.ceiling == 0) {
        rate += std::max(rate * kFirstGrowth, kFirstGrowthAtLeast) * step;
    } else if (const double rest = pace.ceiling * kRest; rate < rest) {
        rate = std::min(rest, rate + pace.ceiling * (1 - kCut) * step / kRecoverySeconds);
    } else {
        const double since = seconds(now - pace.cut_at) / kProbeScaleSeconds;
        rate *= 1 + std::min(kFastestGrowth, kProbeGrowth * (1 + since * since)) * step;
    }
    if (pace.limit > 0) {
        rate = std::min(rate, pace.limit);
    }
    set_rate(pace.requests, now, rate);
}

/// Another known limit: what is learned of other clients' share stays in proportion.
void set_limit(Pace& pace, double limit, double burst, base::StoreTime now) {
    if (pace.limit > 0) {
        const double change = limit / pace.limit;
        pace.ceiling *= change;
        set_requests(pace, std::min(limit, pace.requests.rate * change), burst, now);
    } else {
        pace.ceiling = 0;
        set_requests(pace, limit, burst, now);
    }
    pace.limit = limit;
}

/// After a refusal. What refused again before anything was answered is waited out, not cut twice.
void cut(Pace& pace, const model::Density& density, bool was_used_up, base::StoreTime now) {
    const double rate = pace.requests.rate;
    // A window that is used up refuses at any pace: what it gave over a minute is nearer the truth.
    pace.ceiling = std::clamp(given_rate(density, now, kMinute).value_or(rate), rate / 4, rate);
    const double lately = std::min(rate, given_rate(density, now, kLately).value_or(0) * kRest);
    const double kept = was_used_up ? pace.ceiling * kRest : lately;
    set_rate(pace.requests, now, std::max({kSlowest, std::min(rate * kCut, pace.ceiling), kept}));
    pace.cut_at = now;
}

/// How much of its limit the provider says is left, at worst; 1: it says nothing.
double stated_left(const model::RateLimit& stated) {
    double left = 1;
    for (const model::LimitWindow& window : stated.windows) {
        const base::Millis length = window.window.value_or(kUsualWindow);
        // A short window is used up again and again by an even pace.
        const bool tells = length >= kShortestTelling && length <= kLongestPaceWindow;
        if (tells && window.quantity == Quantity::requests && window.limit.value_or(0) > 0 &&
            window.remaining) {
            // One call's worth of a small limit is nothing.
            const auto remaining = static_cast<double>(*window.remaining - 1);
            left = std::min(left, remaining / static_cast<double>(*window.limit));
        }
    }
    return left;
}

/// Others use the limit too: less, before it comes to refusals.
void ease(Pace& pace, base::StoreTime now) {
    if (now - pace.cut_at < kEaseEvery) {
        return;
    }
    pace.ceiling = pace.requests.rate;
    pace.cut_at = now;
    set_rate(pace.requests, now, std::max(kSlowest, pace.requests.rate * kEase));
}

/// The slowest of the stated limits that are a pace, in units a second.
std::optional<double> stated_rate(const model::RateLimit& stated, Quantity quantity,
                                  double& limit) {
    std::optional<double> rate;
    for (const model::LimitWindow& window : stated.windows) {
        const base::Millis length = window.window.value_or(kUsualWindow);
        if (window.quantity != quantity || !window.limit || *window.limit <= 0 ||
            length <= base::Millis{0} || length > kLongestPaceWindow) {
            continue;
        }
        const double found = static_cast<double>(*window.limit) / seconds(length);
        if (!rate || found < *rate) {
            rate = found;
            limit = static_cast<double>(*window.limit);
        }
    }
    return rate;
}

}  // namespace

Pace start_pace(const ProviderRules& rules, base::StoreTime now) {
    Pace pace;
    pace.requests.tat = now;
    pace.requests.rate = std::max(rules.first_rate, kSlowest);
    pace.grown_at = now;
    apply_rules(pace, rules, now);
    return pace;
}

void apply_rules(Pace& pace, const ProviderRules& rules, base::StoreTime now) {
    if (rules.unlimited) {
        pace.source = PaceSource::unlimited;
        pace.tokens.reset();
        return;
    }
    if (rules.requests_per_second) {
        const double limit = *rules.requests_per_second;
        pace.source = PaceSource::configured;
        set_limit(pace, limit * (1 - kMargin),
                  rules.burst.value_or(burst_of(limit * seconds(kUsualWindow), limit)), now);
    } else if (pace.source == PaceSource::configured || pace.source == PaceSource::unlimited) {
        pace.source = PaceSource::learned;
        pace.limit = 0;
        pace.requests.burst = 1;
    }
    if (rules.tokens_per_second) {
        if (!pace.tokens) {
            pace.tokens = model::PaceCell{.tat = now};
        }
        set_rate(*pace.tokens, now, *rules.tokens_per_second * (1 - kMargin));
        pace.tokens->burst =
            std::max(1.0, *rules.tokens_per_second * seconds(kUsualWindow) * kMargin);
    }
}

void grow_pace(Pace& pace, const ProviderRules& rules, const model::Density& density,
               base::StoreTime now) {
    const base::Millis since = now - pace.grown_at;
    if (rules.unlimited || since < kShortestStep) {
        return;
    }
    pace.grown_at = now;
    if (now < pace.wait_until) {
        return;
    }
    // Only a pace that is used tells anything by not being refused.
    const Counts recent = counts_of(density, now, base::Millis{4'000});
    if (static_cast<double>(recent.granted) >= pace.requests.rate * 4 / 2) {
        grow(pace, seconds(std::min(since, kLongestStep)), now);
    }
}

void feed_headers(Pace& pace, const ProviderRules& rules, const model::RateLimit& stated,
                  base::StoreTime now) {
    if (rules.unlimited) {
        return;
    }
    double limit = 0;
    if (const auto rate = stated_rate(stated, Quantity::requests, limit);
        rate && !rules.requests_per_second) {
        pace.source = PaceSource::headers;
        set_limit(pace, *rate * (1 - kMargin), rules.burst.value_or(burst_of(limit, *rate)), now);
    }
    if (const auto rate = stated_rate(stated, Quantity::tokens, limit);
        rate && !rules.tokens_per_second) {
        if (!pace.tokens) {
            pace.tokens = model::PaceCell{.tat = now};
        }
        set_rate(*pace.tokens, now, *rate * (1 - kMargin));
        pace.tokens->burst = burst_of(limit, *rate);
    }
    if (stated_left(stated) < kNearlyNone) {
        ease(pace, now);
    }
    for (const model::LimitWindow& window : stated.windows) {
        const bool is_allowance = window.window && *window.window > kLongestPaceWindow;
        if (is_allowance && window.remaining == 0 && window.reset_after) {
            pace.wait_until = std::max(pace.wait_until, now + *window.reset_after);
        }
    }
}

void feed_pace(Pace& pace, const model::Density& density, const model::Permit& permit,
               const model::CallOutcome& outcome, base::StoreTime now, double jitter) {
    const bool is_current = permit.pace_epoch == pace.epoch;
    if (!was_rate_limited(outcome)) {
        if (outcome.end == model::CallEnd::answered && is_current) {
            pace.backoffs = 0;
        }
        return;
    }
    pace.refusal_latency = outcome.latency;
    const auto& retry_after = outcome.rate_limit.retry_after;
    if (retry_after) {
        pace.wait_until = std::max(pace.wait_until, now + *retry_after);
    }
    if (!is_current) {
        return;
    }
    if (pace.backoffs == 0) {
        cut(pace, density, retry_after.value_or(base::Millis{0}) >= kLongPause, now);
    }
    pace.epoch += 1;
    if (!retry_after) {
        const auto longest = std::min(
            kLongestBackoff, kFirstBackoff * (1 << std::min(pace.backoffs, kMostDoublings)));
        const auto wait =
            std::chrono::duration_cast<base::Millis>(longest * std::clamp(jitter, 0.0, 1.0));
        pace.wait_until = std::max(pace.wait_until, now + wait);
        pace.on_trial = true;
    }
    empty(pace.requests, pace.wait_until);
    pace.backoffs += 1;
    if (pace.backoffs == kUsedUp) {
        set_rate(pace.requests, now, std::min(pace.requests.rate, pace.ceiling * kRest));
    }
}

model::Hold pause_hold(const model::Pace& pace, base::StoreTime now) {
    const base::Millis wait = pace.wait_until - now;
    return {model::HoldReason::retry_after, wait,
            "it asked for a pause of " + base::human_duration(wait)};
}

}  // namespace fleet::pace
