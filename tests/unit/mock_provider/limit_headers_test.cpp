#include "tests/support/mock_provider/limit_headers.hpp"

#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"

using namespace fleet::mock_provider;
using fleet::base::Json;

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Instant kTime{milliseconds(1'795'247'430'000)};  // 2026-11-21T07:50:30Z

LimitState state(std::string name, Quantity quantity, Nanos window, std::int64_t remaining,
                 Nanos until_reset) {
    LimitState made;
    made.rule.name = std::move(name);
    made.rule.quantity = quantity;
    made.rule.amount = 100;
    made.rule.window = window;
    made.remaining = remaining;
    made.until_reset = until_reset;
    return made;
}

std::vector<LimitState> states() {
    return {state("rpm", Quantity::requests, minutes(1), 60, seconds(24)),
            state("rpd", Quantity::requests, hours(24), 40, hours(14)),
            state("tpm", Quantity::tokens, minutes(1), 7, milliseconds(55'800)),
            state("itpm", Quantity::input_tokens, minutes(1), 9, seconds(30))};
}

using Table = std::map<std::string, std::string>;

Table headers(HeaderFamily family, const std::vector<LimitState>& given = states()) {
    const Headers list = limit_headers(family, given, kTime);
    return {list.begin(), list.end()};
}

}  // namespace

TEST_CASE("each family shows limits in its own headers") {
    CHECK(headers(HeaderFamily::openai) == Table{{"x-ratelimit-limit-requests", "100"},
                                                 {"x-ratelimit-remaining-requests", "40"},
                                                 {"x-ratelimit-reset-requests", "14h0m0s"},
                                                 {"x-ratelimit-limit-tokens", "100"},
                                                 {"x-ratelimit-remaining-tokens", "7"},
                                                 {"x-ratelimit-reset-tokens", "55.8s"}});
    CHECK(headers(HeaderFamily::anthropic) ==
          Table{{"anthropic-ratelimit-requests-limit", "100"},
                {"anthropic-ratelimit-requests-remaining", "40"},
                {"anthropic-ratelimit-requests-reset", "2026-11-21T21:50:30Z"},
                {"anthropic-ratelimit-tokens-limit", "100"},
                {"anthropic-ratelimit-tokens-remaining", "7"},
                {"anthropic-ratelimit-tokens-reset", "2026-11-21T07:51:26Z"},
                {"anthropic-ratelimit-input-tokens-limit", "100"},
                {"anthropic-ratelimit-input-tokens-remaining", "9"},
                {"anthropic-ratelimit-input-tokens-reset", "2026-11-21T07:51:00Z"}});
    CHECK(headers(HeaderFamily::openrouter) == Table{{"X-RateLimit-Limit", "100"},
                                                     {"X-RateLimit-Remaining", "40"},
                                                     {"X-RateLimit-Reset", "1795297830000"}});
    CHECK(headers(HeaderFamily::cerebras) ==
          Table{{"x-ratelimit-limit-requests-minute", "100"},
                {"x-ratelimit-remaining-requests-minute", "60"},
                {"x-ratelimit-reset-requests-minute", "24.000"},
                {"x-ratelimit-limit-requests-day", "100"},
                {"x-ratelimit-remaining-requests-day", "40"},
                {"x-ratelimit-reset-requests-day", "50400.000"},
                {"x-ratelimit-limit-tokens-minute", "100"},
                {"x-ratelimit-remaining-tokens-minute", "7"},
                {"x-ratelimit-reset-tokens-minute", "55.800"},
                {"x-ratelimit-limit-input-tokens-minute", "100"},
                {"x-ratelimit-remaining-input-tokens-minute", "9"},
                {"x-ratelimit-reset-input-tokens-minute", "30.000"}});
    CHECK(headers(HeaderFamily::ietf) ==
          Table{{"RateLimit-Policy",
                 R"("rpm";q=100;w=60, "rpd";q=100;w=86400, "tpm";q=100;qu="tokens";w=60, )"
                 R"("itpm";q=100;qu="input-tokens";w=60)"},
                {"RateLimit",
                 R"("rpm";r=60;t=24, "rpd";r=40;t=50400, "tpm";r=7;t=56, "itpm";r=9;t=30)"}});
    CHECK(headers(HeaderFamily::none).empty());
}

TEST_CASE("a limit that is not shown is in no header") {
    std::vector<LimitState> hidden = states();
    for (LimitState& each : hidden) {
        each.rule.shown = false;
    }
    for (const HeaderFamily family :
         {HeaderFamily::openai, HeaderFamily::anthropic, HeaderFamily::openrouter,
          HeaderFamily::cerebras, HeaderFamily::ietf}) {
        CHECK(headers(family, hidden).empty());
    }
}

TEST_CASE("Retry-After comes in the forms that are asked for") {
    const Headers all = retry_after_headers({RetryAfter::seconds, RetryAfter::milliseconds},
                                            Nanos(milliseconds(1500)), kTime);
    CHECK(all == Headers{{"Retry-After", "2"}, {"retry-after-ms", "1500"}});
    CHECK(retry_after_headers({RetryAfter::http_date}, Nanos(seconds(30)), kTime) ==
          Headers{{"Retry-After", "Sat, 21 Nov 2026 07:51:01 GMT"}});
    CHECK(retry_after_headers({RetryAfter::seconds}, std::nullopt, kTime) ==
          Headers{{"Retry-After", "3600"}});
    CHECK(retry_after_headers({}, Nanos(seconds(1)), kTime).empty());
}

TEST_CASE("errors have their family's form") {
    const Json openai = Json::parse(error_body(Family::openai, 401, "no"));
    CHECK(openai.at("error").at("message") == "no");
    CHECK(openai.at("error").at("code") == "invalid_api_key");
    CHECK(Json::parse(error_body(Family::anthropic, 529, "full")) ==
          Json::parse(R"({"type": "error", "error": {"type": "overloaded_error",
                                                     "message": "full"}})"));
    CHECK(Json::parse(error_body(Family::openrouter, 402, "pay")) ==
          Json::parse(R"({"error": {"message": "pay", "code": 402}})"));
    CHECK(Json::parse(error_body(Family::cerebras, 429, "slow")).at("code") ==
          "too_many_requests_error");
}

TEST_CASE("a refusal by a limit says which and for how long") {
    Admission admission;
    admission.refused_by = "tpm";
    admission.quantity = Quantity::tokens;
    admission.wait = milliseconds(7660);
    const Json openai = Json::parse(limit_error_body(Family::openai, admission, "m"));
    CHECK(openai.at("error").at("message") ==
          "Rate limit reached for m on tokens (limit tpm). Please try again in 7.66s.");
    CHECK(openai.at("error").at("type") == "tokens");
    const Json anthropic = Json::parse(limit_error_body(Family::anthropic, admission, "m"));
    CHECK(anthropic.at("error").at("type") == "rate_limit_error");
    CHECK(Json::parse(limit_error_body(Family::openrouter, admission, "m"))
              .at("error")
              .at("metadata")
              .at("limit") == "tpm");
    CHECK(Json::parse(limit_error_body(Family::cerebras, admission, "m")).at("param") == "quota");
}
