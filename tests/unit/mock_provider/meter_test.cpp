// Never more than the limit in any window, and all of it to who waits.
#include "tests/support/mock_provider/meter.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

using namespace fleet::mock_provider;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kBegin{Nanos{1'795'247'430'123'456'789}};

struct Taking {
    Instant at;
    std::int64_t count;
};

LimitRule any_rule() {
    LimitRule rule;
    rule.name = "any";
    rule.kind = static_cast<LimitKind>(*rc::gen::inRange(0, 3));
    rule.amount = *rc::gen::inRange<std::int64_t>(1, 40);
    rule.window = milliseconds(*rc::gen::inRange(1, 5'000));
    rule.burst = *rc::gen::inRange<std::int64_t>(1, 60);
    rule.start = static_cast<WindowStart>(*rc::gen::inRange(0, 2));
    return rule;
}

std::int64_t capacity(const LimitRule& rule) {
    return rule.kind == LimitKind::token_bucket ? rule.burst : rule.amount;
}

struct Past {
    std::vector<Taking> takings{};
    Instant now = kBegin;
};

/// Somebody who asks for this and that at any times, and takes whenever it fits.
Past any_past(const LimitRule& rule, Meter& meter) {
    const auto steps = *rc::gen::container<std::vector<std::pair<std::int64_t, std::int64_t>>>(
        rc::gen::pair(rc::gen::inRange<std::int64_t>(0, rule.window.count() / 2 + 2),
                      rc::gen::inRange<std::int64_t>(1, capacity(rule) + 2)));
    Past past;
    for (const auto& [pause, count] : steps) {
        past.now += Nanos{pause};
        if (meter.wait_for(count, past.now) == Nanos::zero()) {
            meter.take(count, past.now);
            past.takings.push_back({past.now, count});
        }
    }
    return past;
}

/// What was taken in [from, to).
std::int64_t taken_in(const std::vector<Taking>& takings, Instant from, Instant to) {
    std::int64_t sum = 0;
    for (const Taking& taking : takings) {
        sum += taking.at >= from && taking.at < to ? taking.count : 0;
    }
    return sum;
}

void require_bucket_kept(const LimitRule& rule, const std::vector<Taking>& takings) {
    for (const Taking& first : takings) {
        for (const Taking& last : takings) {
            if (last.at < first.at) {
                continue;
            }
            const Nanos span = last.at - first.at;
            const Wide allowed =
                Wide{rule.burst} + Wide{rule.amount} * span.count() / rule.window.count();
            RC_ASSERT(Wide{taken_in(takings, first.at, last.at + Nanos{1})} <= allowed);
        }
    }
}

void require_windows_kept(const LimitRule& rule, const std::vector<Taking>& takings) {
    Instant opened{};
    for (const Taking& taking : takings) {
        if (rule.start == WindowStart::aligned) {
            const Nanos since = taking.at.time_since_epoch();
            opened = Instant{since - since % rule.window};
        } else if (taking.at >= opened + rule.window) {
            opened = taking.at;
        }
        RC_ASSERT(taken_in(takings, opened, opened + rule.window) <= rule.amount);
    }
}

LimitRule rule_of(LimitKind kind, std::int64_t amount, Nanos window) {
    LimitRule rule;
    rule.name = "one";
    rule.kind = kind;
    rule.amount = amount;
    rule.burst = amount;
    rule.window = window;
    return rule;
}

}  // namespace

TEST_CASE("a meter never gives more than its limit in any window") {
    REQUIRE(rc::check("whatever is asked", [] {
        const LimitRule rule = any_rule();
        Meter meter(rule, kBegin);
        const std::vector<Taking> takings = any_past(rule, meter).takings;
        switch (rule.kind) {
            case LimitKind::token_bucket:
                require_bucket_kept(rule, takings);
                break;
            case LimitKind::fixed_window:
                require_windows_kept(rule, takings);
                break;
            case LimitKind::sliding_window:
                for (const Taking& taking : takings) {
                    RC_ASSERT(taken_in(takings, taking.at, taking.at + rule.window) <= rule.amount);
                }
                break;
        }
    }));
}

TEST_CASE("a meter says exactly how long to wait") {
    REQUIRE(rc::check("not a nanosecond more or less", [] {
        const LimitRule rule = any_rule();
        Meter meter(rule, kBegin);
        const Instant now = any_past(rule, meter).now;
        const auto count = *rc::gen::inRange<std::int64_t>(1, capacity(rule) + 1);
        const std::optional<Nanos> wait = meter.wait_for(count, now);
        RC_ASSERT(wait.has_value());
        if (*wait > Nanos::zero()) {
            RC_ASSERT(meter.available(now + *wait - Nanos{1}) < count);
        }
        RC_ASSERT(meter.available(now + *wait) >= count);
        RC_ASSERT(meter.wait_for(capacity(rule) + 1, now) == std::nullopt);
    }));
}

TEST_CASE("a meter gives all of its limit to a client that waits") {
    REQUIRE(rc::check("one at a time, as soon as it may", [] {
        const LimitRule rule = any_rule();
        Meter meter(rule, kBegin);
        const Instant end = kBegin + 5 * rule.window;
        std::int64_t taken = 0;
        Instant now = kBegin;
        while (true) {
            now += meter.wait_for(1, now).value();
            if (now >= end) {
                break;
            }
            meter.take(1, now);
            ++taken;
        }
        // A bucket's last one may come exactly at the end; aligned windows may be cut at both ends.
        const std::int64_t full = rule.kind == LimitKind::token_bucket
                                      ? rule.burst + 5 * rule.amount - 1
                                      : 5 * rule.amount;
        RC_ASSERT(taken >= full);
    }));
}

TEST_CASE("a meter says when everything is there again") {
    REQUIRE(rc::check("full", [] {
        const LimitRule rule = any_rule();
        Meter meter(rule, kBegin);
        const Instant now = any_past(rule, meter).now;
        RC_ASSERT(meter.available(now + meter.until_full(now)) == capacity(rule));
    }));
}

TEST_CASE("an aligned window begins with the clock's minute, another with its first call") {
    LimitRule rule = rule_of(LimitKind::fixed_window, 2, std::chrono::minutes(1));
    const Instant second_50{seconds(120 + 50)};
    Meter aligned(rule, second_50);
    aligned.take(2, second_50);
    CHECK(aligned.wait_for(1, second_50) == seconds(10));

    rule.start = WindowStart::first_call;
    Meter own(rule, second_50);
    own.take(1, second_50 + seconds(5));
    own.take(1, second_50 + seconds(6));
    CHECK(own.wait_for(1, second_50 + seconds(6)) == seconds(59));
    CHECK(own.until_full(second_50 + seconds(65)) == Nanos::zero());
}

TEST_CASE("a changed amount keeps what was taken") {
    const Instant now{seconds(600)};
    for (const LimitKind kind :
         {LimitKind::token_bucket, LimitKind::fixed_window, LimitKind::sliding_window}) {
        Meter meter(rule_of(kind, 10, seconds(60)), now);
        meter.take(8, now);
        meter.change(rule_of(kind, 5, seconds(60)), now);
        INFO("kind " << static_cast<int>(kind));
        CHECK(meter.available(now) == (kind == LimitKind::token_bucket ? 2 : 0));
        meter.change(rule_of(kind, 20, seconds(60)), now);
        CHECK(meter.available(now) == (kind == LimitKind::token_bucket ? 2 : 12));
        meter.change(rule_of(kind, 20, seconds(30)), now);
        CHECK(meter.available(now) == 20);
    }
}

TEST_CASE("a limit of nothing gives nothing, for ever") {
    const Instant now{seconds(600)};
    for (const LimitKind kind :
         {LimitKind::token_bucket, LimitKind::fixed_window, LimitKind::sliding_window}) {
        Meter meter(rule_of(kind, 0, seconds(60)), now);
        CHECK(meter.wait_for(1, now) == std::nullopt);
        CHECK(meter.available(now + std::chrono::hours(24)) == 0);
    }
}

TEST_CASE("taking what is not there is refused loudly") {
    Meter meter(rule_of(LimitKind::sliding_window, 3, seconds(1)), kBegin);
    CHECK_THROWS_AS(meter.take(4, kBegin), std::logic_error);
    CHECK(meter.available(kBegin) == 3);
}

TEST_CASE("years of a large daily limit do not overflow") {
    LimitRule rule = rule_of(LimitKind::token_bucket, 1'000'000'000'000, std::chrono::hours(24));
    Meter meter(rule, Instant{});
    meter.take(rule.amount, Instant{});
    const Instant later = kBegin;
    CHECK(meter.available(later) == rule.amount);
    meter.take(rule.amount, later);
    CHECK(meter.wait_for(rule.amount / 2, later) == std::chrono::hours(12));
}
