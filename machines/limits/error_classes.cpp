#include "machines/limits/error_classes.hpp"

#include <algorithm>
#include <array>

namespace fleet::limits {
namespace {

using model::Refusal;

constexpr int kUnauthorized = 401;
constexpr int kPaymentRequired = 402;
constexpr int kForbidden = 403;
constexpr int kRequestTimeout = 408;
constexpr int kTooLarge = 413;
constexpr int kTooMany = 429;
constexpr int kUnavailable = 503;
constexpr int kOverloaded = 529;

char lower(char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                                : character;
}

bool is_same(char left, char right) {
    return lower(left) == lower(right);
}

bool contains(std::string_view text, std::string_view part) {
    return part.empty() ||
           std::search(text.begin(), text.end(), part.begin(), part.end(), is_same) != text.end();
}

bool fits(const ErrorClass& candidate, const ErrorAnswer& answer, std::string_view text) {
    if (candidate.status && *candidate.status != answer.status) {
        return false;
    }
    const std::string_view family = answer.provider.substr(0, answer.provider.find('/'));
    return (candidate.provider.empty() || std::ranges::equal(candidate.provider, family, is_same) ||
            std::ranges::equal(candidate.provider, answer.provider, is_same)) &&
           contains(text, candidate.text);
}

Refusal by_status(int status) {
    switch (status) {
        case kUnauthorized:
        case kForbidden:
            return Refusal::auth;
        case kPaymentRequired:
            return Refusal::billing;
        case kRequestTimeout:
            return Refusal::none;
        case kTooMany:
            return Refusal::per_minute;
        case kUnavailable:
        case kOverloaded:
        case 498:  // "capacity exceeded" where a provider has a queue of its own
            return Refusal::overloaded;
        default:
            return status < 500 ? Refusal::bad_request : Refusal::none;
    }
}

}  // namespace

const std::vector<ErrorClass>& built_in_classes() {
    static const std::vector<ErrorClass> table = {
        // Google names the quota; its general sentence reads like another's billing error.
        {"PerDay", kTooMany, "google", Refusal::per_day},
        {"PerDay", kTooMany, "gemini", Refusal::per_day},
        {"PerMinute", kTooMany, "google", Refusal::per_minute},
        {"PerMinute", kTooMany, "gemini", Refusal::per_minute},
        {"RESOURCE_EXHAUSTED", kTooMany, "google", Refusal::per_minute},
        {"RESOURCE_EXHAUSTED", kTooMany, "gemini", Refusal::per_minute},
        {"API key not valid", {}, "", Refusal::auth},
        // No money.
        {"insufficient_quota", {}, "", Refusal::billing},
        {"exceeded your current quota", {}, "", Refusal::billing},
        {"credit balance is too low", {}, "", Refusal::billing},
        {"insufficient credits", {}, "", Refusal::billing},
        {"insufficient balance", {}, "", Refusal::billing},
        {"requires more credits", {}, "", Refusal::billing},
        {"billing_hard_limit_reached", {}, "", Refusal::billing},
        {"billing hard limit", {}, "", Refusal::billing},
        {"billing_not_active", {}, "", Refusal::billing},
        {"check your billing", {}, "", Refusal::billing},
        // One call that is larger than what the model or the limit ever takes.
        {"context_length_exceeded", {}, "", Refusal::too_long},
        {"maximum context length", {}, "", Refusal::too_long},
        {"context window", 400, "", Refusal::too_long},
        {"prompt is too long", {}, "", Refusal::too_long},
        {"input is too long", {}, "", Refusal::too_long},
        {"exceeds the maximum number of tokens", {}, "", Refusal::too_long},
        {"reduce the length of the messages", {}, "", Refusal::too_long},
        {"request too large for", kTooMany, "", Refusal::too_long},
        {"tokens", kTooLarge, "", Refusal::too_long},
        // Which limit.
        {"tokens per day", kTooMany, "", Refusal::per_day},
        {"requests per day", kTooMany, "", Refusal::per_day},
        {"(TPD)", kTooMany, "", Refusal::per_day},
        {"(RPD)", kTooMany, "", Refusal::per_day},
        {"per-day", kTooMany, "", Refusal::per_day},
        {"per day", kTooMany, "", Refusal::per_day},
        {"daily", kTooMany, "", Refusal::per_day},
        {"per hour", kTooMany, "", Refusal::per_hour},
        {"hourly", kTooMany, "", Refusal::per_hour},
        {"(RPH)", kTooMany, "", Refusal::per_hour},
        {"(TPH)", kTooMany, "", Refusal::per_hour},
        {"per second", kTooMany, "", Refusal::per_second},
        {"per-second", kTooMany, "", Refusal::per_second},
        {"(RPS)", kTooMany, "", Refusal::per_second},
        {"per minute", kTooMany, "", Refusal::per_minute},
        {"per min", kTooMany, "", Refusal::per_minute},
        {"per-min", kTooMany, "", Refusal::per_minute},
        // The provider has too much to do, whatever status it says so with.
        {"overloaded", kTooMany, "", Refusal::overloaded},
        {"queue_exceeded", kTooMany, "", Refusal::overloaded},
        {"high traffic", kTooMany, "", Refusal::overloaded},
        {"overloaded_error", {}, "", Refusal::overloaded},
        {"overloaded", 500, "", Refusal::overloaded},
        {"at capacity", 500, "", Refusal::overloaded},
        // A text that somebody found fault with is no matter of keys.
        {"moderation", kForbidden, "", Refusal::bad_request},
        {"flagged", kForbidden, "", Refusal::bad_request},
        {"content policy", kForbidden, "", Refusal::bad_request},
        {"invalid_api_key", {}, "", Refusal::auth},
        {"incorrect api key", {}, "", Refusal::auth},
        {"authentication_error", {}, "", Refusal::auth},
    };
    return table;
}

Refusal classify(const ErrorAnswer& answer, const ErrorClasses& classes) {
    constexpr int kFirstError = 400;
    if (answer.status < kFirstError) {
        return Refusal::none;
    }
    const std::string_view text = answer.text.substr(0, kClassifiedBytes);
    const std::array<const std::vector<ErrorClass>*, 2> tables{&classes.added, &built_in_classes()};
    for (const std::vector<ErrorClass>* const table : tables) {
        for (const ErrorClass& candidate : *table) {
            if (fits(candidate, answer, text)) {
                return candidate.refusal;
            }
        }
    }
    return by_status(answer.status);
}

}  // namespace fleet::limits
