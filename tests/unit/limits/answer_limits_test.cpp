#include "machines/limits/answer_limits.hpp"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "machines/limits/field_list.hpp"

namespace {

using namespace fleet;
using namespace fleet::limits;
using base::Millis;
using base::WallTime;
using model::LimitWindow;
using model::Quantity;
using model::Refusal;

/// 2025-10-25T12:00:00Z.
constexpr WallTime kNoon{Millis{1'761'393'600'000}};
constexpr Millis kMinute{60'000};
constexpr Millis kDay{86'400'000};

using Headers = std::vector<HeaderField>;

model::RateLimit read(std::string_view provider, int status, const Headers& headers,
                      std::string_view text = {}) {
    return limits_of({.provider = provider,
                      .status = status,
                      .headers = headers,
                      .text = text,
                      .received_at = kNoon});
}

LimitWindow window(Quantity quantity, std::optional<std::int64_t> limit,
                   std::optional<std::int64_t> remaining, std::optional<Millis> reset,
                   std::optional<Millis> length) {
    return {quantity, limit, remaining, reset, length};
}

}  // namespace

TEST_CASE("OpenAI's documented headers are two windows of a minute") {
    const auto limits = read("openai/gpt-4o", 200,
                             {{"x-ratelimit-limit-requests", "60"},
                              {"x-ratelimit-limit-tokens", "150000"},
                              {"x-ratelimit-remaining-requests", "59"},
                              {"x-ratelimit-remaining-tokens", "149984"},
                              {"x-ratelimit-reset-requests", "1s"},
                              {"x-ratelimit-reset-tokens", "6m0s"}});
    CHECK(limits.windows ==
          std::vector{window(Quantity::requests, 60, 59, Millis{1'000}, kMinute),
                      window(Quantity::tokens, 150'000, 149'984, Millis{360'000}, kMinute)});
    CHECK(limits.refusal == Refusal::none);
    CHECK_FALSE(limits.retry_after);
}

TEST_CASE("Groq counts requests by the day under the same names") {
    const auto limits = read("groq/llama", 200,
                             {{"x-ratelimit-limit-requests", "14400"},
                              {"x-ratelimit-limit-tokens", "18000"},
                              {"x-ratelimit-remaining-requests", "14370"},
                              {"x-ratelimit-remaining-tokens", "17997"},
                              {"x-ratelimit-reset-requests", "2m59.56s"},
                              {"x-ratelimit-reset-tokens", "7.66s"}});
    CHECK(limits.windows ==
          std::vector{window(Quantity::requests, 14'400, 14'370, Millis{179'560}, kDay),
                      window(Quantity::tokens, 18'000, 17'997, Millis{7'660}, kMinute)});
}

TEST_CASE("Anthropic's documented headers are windows of a minute with dates") {
    const auto limits = read("anthropic", 429,
                             {{"Date", "Sat, 25 Oct 2025 12:00:00 GMT"},
                              {"anthropic-ratelimit-requests-limit", "50"},
                              {"anthropic-ratelimit-requests-remaining", "0"},
                              {"anthropic-ratelimit-requests-reset", "2025-10-25T12:00:10Z"},
                              {"anthropic-ratelimit-input-tokens-limit", "50000"},
                              {"anthropic-ratelimit-input-tokens-remaining", "49500"},
                              {"anthropic-ratelimit-input-tokens-reset", "2025-10-25T12:01:00Z"},
                              {"anthropic-ratelimit-output-tokens-limit", "10000"},
                              {"retry-after", "12"}},
                             R"({"type":"error","error":{"type":"rate_limit_error"}})");
    CHECK(limits.windows ==
          std::vector{window(Quantity::requests, 50, 0, Millis{10'000}, kMinute),
                      window(Quantity::input_tokens, 50'000, 49'500, Millis{60'000}, kMinute),
                      window(Quantity::output_tokens, 10'000, {}, {}, kMinute)});
    CHECK(limits.refusal == Refusal::per_minute);
    CHECK(limits.retry_after == Millis{12'000});
}

TEST_CASE("Cerebras' documented headers name their windows") {
    const auto limits = read("cerebras/llama3.1-8b", 200,
                             {{"x-ratelimit-limit-requests-day", "1000000000"},
                              {"x-ratelimit-limit-tokens-minute", "1000000000"},
                              {"x-ratelimit-remaining-requests-day", "999997455"},
                              {"x-ratelimit-remaining-tokens-minute", "999998298"},
                              {"x-ratelimit-reset-requests-day", "33011.382867097855"},
                              {"x-ratelimit-reset-tokens-minute", "11.382867097854614"}});
    CHECK(limits.windows ==
          std::vector{
              window(Quantity::requests, 1'000'000'000, 999'997'455, Millis{33'011'383}, kDay),
              window(Quantity::tokens, 1'000'000'000, 999'998'298, Millis{11'383}, kMinute)});
}

TEST_CASE("OpenRouter's reset is an epoch in milliseconds and its window is not stated") {
    const auto limits =
        read("openrouter/x", 429,
             {{"X-RateLimit-Limit", "20"},
              {"X-RateLimit-Remaining", "0"},
              {"X-RateLimit-Reset", "1761393630000"}},
             R"({"error":{"message":"Rate limit exceeded: free-models-per-min. ","code":429}})");
    CHECK(limits.windows == std::vector{window(Quantity::requests, 20, 0, Millis{30'000}, {})});
    CHECK(limits.refusal == Refusal::per_minute);
    CHECK(limits.retry_after == Millis{30'000});  // its only limit is used up until then
    CHECK(read("openrouter", 429, {},
               R"({"error":{"metadata":{"raw":"...","retry_after_seconds": 17}}})")
              .retry_after == Millis{17'000});
    CHECK(read("openrouter", 429, {}, "Rate limit exceeded: free-models-per-day").refusal ==
          Refusal::per_day);
}

TEST_CASE("the standard's fields are read in the forms of all its drafts") {
    // Three headers and a policy.
    CHECK(read("x", 200,
               {{"RateLimit-Limit", "100"},
                {"RateLimit-Remaining", "50"},
                {"RateLimit-Reset", "50"},
                {"RateLimit-Policy", "100;w=60, 1000;w=3600"}})
              .windows == std::vector{window(Quantity::requests, 100, 50, Millis{50'000}, kMinute),
                                      window(Quantity::requests, 1000, {}, {}, Millis{3'600'000})});
    // The policy inside the limit.
    CHECK(read("x", 200,
               {{"X-RateLimit-Limit", "100, 100;window=60, 10000;window=86400"},
                {"X-RateLimit-Remaining", "98"},
                {"X-RateLimit-Reset", "3"}})
              .windows == std::vector{window(Quantity::requests, 100, 98, Millis{3'000}, kMinute),
                                      window(Quantity::requests, 10'000, {}, {}, kDay)});
    // One header with three members.
    CHECK(
        read("x", 200,
             {{"RateLimit", "limit=100, remaining=50, reset=5"}, {"RateLimit-Policy", "100;w=60"}})
            .windows == std::vector{window(Quantity::requests, 100, 50, Millis{5'000}, kMinute)});
    // Named policies and their state.
    CHECK(read("x", 200,
               {{"RateLimit-Policy",
                 R"("burst";q=100;w=60,"daily";q=1000;w=86400, "tokens-in";q=5000;w=60)"},
                {"RateLimit", R"("burst";r=50;t=30, "daily";r=999;t=1000)"}})
              .windows ==
          std::vector{window(Quantity::requests, 100, 50, Millis{30'000}, kMinute),
                      window(Quantity::requests, 1000, 999, Millis{1'000'000}, kDay),
                      window(Quantity::tokens, 5'000, {}, {}, kMinute)});
    CHECK(read("x", 200, {{"RateLimit-Policy", R"("b";q=65535;qu="content-bytes";w=10)"}})
              .windows.empty());
}

TEST_CASE("a wait is taken from the first place that states one") {
    using Catch::Equals;
    CHECK(read("x", 429, {{"retry-after-ms", "1500"}, {"retry-after", "2"}}).retry_after ==
          Millis{1'500});
    CHECK(read("x", 429, {{"retry-after-ms", "-3"}, {"Retry-After", "2"}}).retry_after ==
          Millis{2'000});
    CHECK(read("x", 503, {{"Retry-After", "Sat, 25 Oct 2025 12:00:30 GMT"}}).retry_after ==
          Millis{30'000});
    CHECK(read("openai", 429, {}, "Rate limit reached. Please try again in 6m0s. Visit ...")
              .retry_after == Millis{360'000});
    CHECK(read("openai", 429, {}, "Please try again in 120ms.").retry_after == Millis{120});
    CHECK(read("azure", 429, {}, "Please retry after 26 seconds.").retry_after == Millis{26'000});
    CHECK(read("azure", 429, {}, "Please retry after 2 minutes.").retry_after == Millis{120'000});
    CHECK(read("google", 429, {}, R"("retryDelay": "37s")").retry_after == Millis{37'000});
    CHECK_FALSE(read("x", 429, {{"Retry-After", "-1"}}).retry_after);
    CHECK_FALSE(read("x", 429, {}, "try again in a while").retry_after);
    CHECK_FALSE(read("x", 200, {{"Retry-After", "5"}}).retry_after);
    CHECK_FALSE(read("x", 401, {{"Retry-After", "5"}}).retry_after);
}

TEST_CASE("a date is compared with the answer's own clock where it states one") {
    // The provider's clock is a day behind this box's.
    const Headers skewed = {{"Date", "Fri, 24 Oct 2025 12:00:00 GMT"},
                            {"Retry-After", "Fri, 24 Oct 2025 12:00:20 GMT"},
                            {"x-ratelimit-remaining", "0"},
                            {"x-ratelimit-reset", "1761307215"}};
    const auto limits = read("x", 429, skewed);
    CHECK(limits.retry_after == Millis{20'000});
    CHECK(limits.windows == std::vector{window(Quantity::requests, {}, 0, Millis{15'000}, {})});
    // Without a date of its own, or with rubbish, this box's clock counts.
    CHECK(read("x", 429, {{"Date", "yesterday"}, {"Retry-After", "Sat, 25 Oct 2025 12:00:20 GMT"}})
              .retry_after == Millis{20'000});
}

TEST_CASE("absurd figures are bounded or dropped") {
    CHECK(read("x", 429, {{"Retry-After", "31536000"}}).retry_after == kLongestWait);
    CHECK(read("x", 429, {{"Retry-After", "Sun, 25 Oct 2026 12:00:00 GMT"}}).retry_after ==
          kLongestWait);
    CHECK_FALSE(read("x", 429, {{"Retry-After", "99999999999999999999999"}}).retry_after);
    CHECK(read("x", 200,
               {{"x-ratelimit-limit-requests", "-5"},
                {"x-ratelimit-remaining-requests", "-1"},
                {"x-ratelimit-reset-requests", "-1s"},
                {"x-ratelimit-limit-tokens", "0"},
                {"x-ratelimit-remaining-tokens", "99999999999999999999"},
                {"x-ratelimit-reset-tokens", "NaN"}})
              .windows.empty());
    CHECK(read("x", 200, {{"x-ratelimit-remaining", "5"}, {"x-ratelimit-reset", "365d"}})
              .windows.front()
              .reset_after == kLongestReset);
    Headers many;
    std::vector<std::string> texts;
    for (int i = 1; i <= 100; ++i) {
        texts.push_back("\"p" + std::to_string(i) + "\";q=5;w=" + std::to_string(i));
    }
    std::string all;
    for (const std::string& text : texts) {
        all += (all.empty() ? "" : ", ") + text;
    }
    CHECK(read("x", 200, {{"RateLimit-Policy", all}}).windows.size() == kMostWindows);
}

TEST_CASE("errors are told apart by their texts, then by their status") {
    struct Row {
        std::string provider;
        int status;
        std::string text;
        Refusal refusal;
    };
    const std::vector<Row> rows = {
        {"openai", 429, "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000",
         Refusal::per_minute},
        {"openai", 429, "Rate limit reached on requests per day (RPD): Limit 200",
         Refusal::per_day},
        {"openai", 429, "Limit: 1 / second, requests per second", Refusal::per_second},
        {"openai", 429, R"({"error":{"code":"insufficient_quota"}})", Refusal::billing},
        {"openai", 429, "You exceeded your current quota, please check your plan",
         Refusal::billing},
        {"google/gemini-2", 429,
         R"(You exceeded your current quota ... "quotaId": "GenerateRequestsPerDayPerProject")",
         Refusal::per_day},
        {"google", 429, "You exceeded your current quota. status: RESOURCE_EXHAUSTED",
         Refusal::per_minute},
        {"openai", 400, R"({"error":{"code":"context_length_exceeded"}})", Refusal::too_long},
        {"anthropic", 400, "prompt is too long: 210000 tokens > 200000", Refusal::too_long},
        {"anthropic", 400, "Your credit balance is too low to access the API", Refusal::billing},
        {"openai", 429, "Request too large for gpt-4 on tokens per min (TPM)", Refusal::too_long},
        {"groq", 413, "Request too large: Limit 6000 tokens per minute", Refusal::too_long},
        {"anthropic", 413, "request_too_large", Refusal::bad_request},
        {"cerebras", 429, "Tokens per hour limit exceeded - too many tokens processed. per hour",
         Refusal::per_hour},
        {"cerebras", 429, R"({"code":"queue_exceeded"})", Refusal::overloaded},
        {"anthropic", 529, R"({"type":"overloaded_error"})", Refusal::overloaded},
        {"anthropic", 500, "Overloaded", Refusal::overloaded},
        {"x", 503, "", Refusal::overloaded},
        {"x", 429, "", Refusal::per_minute},
        {"x", 402, "", Refusal::billing},
        {"x", 401, "", Refusal::auth},
        {"x", 403, "", Refusal::auth},
        {"openrouter", 403, "Your chosen model requires moderation and your input was flagged",
         Refusal::bad_request},
        {"google", 400, "API key not valid. Please pass a valid API key.", Refusal::auth},
        {"x", 404, "", Refusal::bad_request},
        {"x", 413, "", Refusal::bad_request},
        {"x", 422, "", Refusal::bad_request},
        {"x", 408, "", Refusal::none},
        {"x", 500, "", Refusal::none},
        {"x", 502, "", Refusal::none},
        {"x", 504, "", Refusal::none},
        {"x", 200, "insufficient_quota", Refusal::none},
        {"x", 302, "", Refusal::none},
    };
    for (const Row& row : rows) {
        CAPTURE(row.provider, row.status, row.text);
        CHECK(model::to_text(read(row.provider, row.status, {}, row.text).refusal) ==
              model::to_text(row.refusal));
    }
}

TEST_CASE("a user's error classes come before the built-in ones") {
    ErrorClasses classes;
    classes.added = {{"slow down", 400, "acme", Refusal::per_second},
                     {"", 418, "", Refusal::per_day},
                     {"insufficient_quota", {}, "acme", Refusal::per_hour}};
    const auto refusal = [&](std::string_view provider, int status, std::string_view text) {
        return classify({.provider = provider, .status = status, .text = text}, classes);
    };
    CHECK(refusal("acme/m", 400, "please SLOW DOWN") == Refusal::per_second);
    CHECK(refusal("other", 400, "please slow down") == Refusal::bad_request);
    CHECK(refusal("other", 418, "") == Refusal::per_day);
    CHECK(refusal("acme", 429, "insufficient_quota") == Refusal::per_hour);
    CHECK(refusal("acme", 429, "exceeded your current quota") == Refusal::billing);
}

TEST_CASE("no header and no text makes it throw, and all figures stay within their bounds") {
    const auto check = [](const model::RateLimit& limits) {
        RC_ASSERT(limits.windows.size() <= kMostWindows);
        RC_ASSERT(!limits.retry_after ||
                  (limits.retry_after->count() >= 0 && *limits.retry_after <= kLongestWait));
        for (const LimitWindow& one : limits.windows) {
            RC_ASSERT(!one.limit || *one.limit > 0);
            RC_ASSERT(!one.remaining || *one.remaining >= 0);
            RC_ASSERT(!one.window || one.window->count() > 0);
            RC_ASSERT(!one.reset_after ||
                      (one.reset_after->count() >= 0 && *one.reset_after <= kLongestReset));
        }
    };
    const std::vector<std::string> names = {"date",
                                            "retry-after",
                                            "retry-after-ms",
                                            "ratelimit",
                                            "ratelimit-policy",
                                            "ratelimit-limit",
                                            "x-ratelimit-limit",
                                            "x-ratelimit-reset-requests",
                                            "x-ratelimit-remaining-tokens-day",
                                            "anthropic-ratelimit-tokens-reset"};
    rc::check([&](const std::vector<std::pair<std::uint8_t, std::string>>& raw, int status,
                  const std::string& text) {
        Headers headers;
        for (const auto& [which, value] : raw) {
            headers.push_back({names[which % names.size()], value});
        }
        check(read("openai", status, headers, text));
    });
    // Made of the pieces that the forms are made of.
    rc::check([&](std::uint16_t status) {
        const auto pieces = rc::gen::element<std::string>(
            "\"", ";", ",", "=", "w", "q=", "r=", "t=", "limit=", "1", "60", "-5", "99999999999999",
            "s", "m", "2025-10-25T12:00:00Z", "GMT", "Oct", " ", ".");
        Headers headers;
        std::vector<std::string> values;
        values.reserve(names.size());
        for (const std::string& name : names) {
            std::string value;
            for (const std::string& piece : *rc::gen::container<std::vector<std::string>>(pieces)) {
                value += piece;
            }
            values.push_back(std::move(value));
            headers.push_back({name, values.back()});
        }
        check(read("x", status, headers, "try again in " + values.front()));
    });
}
