#include "tests/support/mock_provider/limiter.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

using namespace fleet::mock_provider;

namespace {

using std::chrono::seconds;

constexpr Instant kNow{seconds(1'000'000)};

LimitRule limit(std::string name, Quantity quantity, std::int64_t amount) {
    LimitRule rule;
    rule.name = std::move(name);
    rule.quantity = quantity;
    rule.kind = LimitKind::sliding_window;
    rule.amount = amount;
    rule.burst = amount;
    return rule;
}

Limiter limiter_of(std::vector<LimitRule> rules) {
    Limiter limiter;
    limiter.change(std::move(rules), kNow);
    return limiter;
}

}  // namespace

TEST_CASE("a call takes from all limits or from none") {
    Limiter limiter =
        limiter_of({limit("rpm", Quantity::requests, 10), limit("tpm", Quantity::tokens, 100)});
    CHECK(limiter.admit({"m", "k", 40, 20}, kNow).admitted());
    const Admission refused = limiter.admit({"m", "k", 40, 20}, kNow);
    CHECK(refused.refused_by == "tpm");
    CHECK(refused.quantity == Quantity::tokens);
    CHECK(refused.wait == std::chrono::minutes(1));
    REQUIRE(refused.states.size() == 2);
    CHECK(refused.states[0].remaining == 9);
    CHECK(refused.states[1].remaining == 40);
}

TEST_CASE("of several limits that refuse the one with the longest wait is named") {
    LimitRule daily = limit("rpd", Quantity::requests, 1);
    daily.window = std::chrono::hours(24);
    Limiter limiter = limiter_of({limit("rpm", Quantity::requests, 1), daily});
    CHECK(limiter.take({"m", "k"}, kNow));
    const Admission refused = limiter.admit({"m", "k"}, kNow);
    CHECK(refused.refused_by == "rpd");
    CHECK(refused.wait == std::chrono::hours(24));
}

TEST_CASE("a call larger than a limit never passes and has no wait") {
    Limiter limiter =
        limiter_of({limit("rpm", Quantity::requests, 0 + 1),
                    limit("itpm", Quantity::input_tokens, 50), limit("tpm", Quantity::tokens, 50)});
    CHECK(limiter.take({"m", "k", 1, 1}, kNow));
    const Admission refused = limiter.admit({"m", "k", 51, 0}, kNow);
    CHECK(refused.refused_by == "itpm");
    CHECK_FALSE(refused.wait.has_value());
}

TEST_CASE("limits are counted per model, per key and per both") {
    struct Case {
        LimitScope scope;
        bool other_model_passes;
        bool other_key_passes;
    };
    for (const Case& each :
         {Case{LimitScope::all, false, false}, Case{LimitScope::model, true, false},
          Case{LimitScope::key, false, true}, Case{LimitScope::model_and_key, true, true}}) {
        LimitRule rule = limit("rpm", Quantity::requests, 1);
        rule.scope = each.scope;
        INFO("scope " << static_cast<int>(each.scope));
        Limiter limiter = limiter_of({rule});
        CHECK(limiter.take({"a", "1"}, kNow));
        CHECK_FALSE(limiter.take({"a", "1"}, kNow));
        CHECK(limiter.take({"b", "1"}, kNow) == each.other_model_passes);
        CHECK(limiter.take({"a", "2"}, kNow) == each.other_key_passes);
    }
}

TEST_CASE("a limit for some models or keys leaves the others alone") {
    LimitRule rule = limit("rpm", Quantity::requests, 0);
    rule.models = {"small", "large"};
    rule.keys = {"k"};
    Limiter limiter = limiter_of({rule});
    CHECK_FALSE(limiter.take({"small", "k"}, kNow));
    CHECK(limiter.take({"other", "k"}, kNow));
    CHECK(limiter.take({"large", "other"}, kNow));
}

TEST_CASE("output counts as what was asked for where a limit reserves it") {
    LimitRule rule = limit("otpm", Quantity::output_tokens, 100);
    rule.reserve_max_tokens = true;
    Limiter limiter = limiter_of({rule});
    CHECK(limiter.take({"m", "k", 1, 5, 60}, kNow));
    CHECK_FALSE(limiter.take({"m", "k", 1, 5, 60}, kNow));
    CHECK(limiter.take({"m", "k", 1, 5, std::nullopt}, kNow));
}

TEST_CASE("a refused call uses up a limit that counts refused calls") {
    LimitRule rpm = limit("rpm", Quantity::requests, 3);
    rpm.count_refused = true;
    Limiter limiter = limiter_of({rpm, limit("tpm", Quantity::tokens, 10)});
    CHECK_FALSE(limiter.take({"m", "k", 20, 0}, kNow));
    CHECK_FALSE(limiter.take({"m", "k", 20, 0}, kNow));
    const Admission third = limiter.admit({"m", "k", 1, 0}, kNow);
    CHECK(third.admitted());
    CHECK(third.states[0].remaining == 0);
}

TEST_CASE("changed limits keep the counts of their names, a refill forgets them") {
    Limiter limiter = limiter_of({limit("rpm", Quantity::requests, 2)});
    CHECK(limiter.take({"m", "k"}, kNow));
    limiter.change({limit("other", Quantity::requests, 100), limit("rpm", Quantity::requests, 3)},
                   kNow);
    CHECK(limiter.admit({"m", "k"}, kNow).states[1].remaining == 1);
    limiter.refill();
    CHECK(limiter.admit({"m", "k"}, kNow).states[1].remaining == 2);
}

TEST_CASE("models without end share one count at last") {
    LimitRule rule = limit("rpm", Quantity::requests, 1);
    rule.scope = LimitScope::model;
    Limiter limiter = limiter_of({rule});
    for (std::size_t i = 0; i < Limiter::kMaximumScopes; ++i) {
        REQUIRE(limiter.take({"model " + std::to_string(i), "k"}, kNow));
    }
    CHECK(limiter.take({"one more", "k"}, kNow));
    CHECK_FALSE(limiter.take({"yet another", "k"}, kNow));
}

TEST_CASE("however calls and limits are mixed, no limit is passed and patience is rewarded") {
    REQUIRE(rc::check("several limits", [] {
        std::vector<LimitRule> rules;
        const int count = *rc::gen::inRange(1, 4);
        for (int i = 0; i < count; ++i) {
            rules.push_back(limit("l" + std::to_string(i),
                                  static_cast<Quantity>(*rc::gen::inRange(0, 4)),
                                  *rc::gen::inRange<std::int64_t>(10, 60)));
            rules.back().window = std::chrono::milliseconds(*rc::gen::inRange(10, 2'000));
        }
        Limiter limiter = limiter_of(rules);
        const auto sizes = *rc::gen::container<std::vector<std::pair<int, int>>>(
            rc::gen::pair(rc::gen::inRange(1, 6), rc::gen::inRange(0, 5)));
        std::vector<std::pair<Instant, Demand>> passed;
        Instant now = kNow;
        for (const auto& [input, output] : sizes) {
            const Demand demand{"m", "k", input, output};
            for (Admission admission = limiter.admit(demand, now); !admission.admitted();
                 admission = limiter.admit(demand, now)) {
                RC_ASSERT(admission.wait.has_value());
                RC_ASSERT(*admission.wait > Nanos::zero());
                now += *admission.wait;
            }
            passed.emplace_back(now, demand);
        }
        for (const LimitRule& rule : rules) {
            for (const auto& [from, ignored] : passed) {
                std::int64_t sum = 0;
                for (const auto& [at, demand] : passed) {
                    const std::int64_t sizes_of[] = {1, demand.input_tokens + demand.output_tokens,
                                                     demand.input_tokens, demand.output_tokens};
                    sum += at >= from && at < from + rule.window
                               ? sizes_of[static_cast<int>(rule.quantity)]
                               : 0;
                }
                RC_ASSERT(sum <= rule.amount);
            }
        }
    }));
}
