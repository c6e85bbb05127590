#include "tests/support/mock_provider/limit_headers.hpp"

#include <algorithm>
#include <array>

namespace fleet::mock_provider {
namespace {

double share_left(const LimitState& state) {
    return state.rule.amount == 0
               ? 0
               : static_cast<double>(state.remaining) / static_cast<double>(state.rule.amount);
}

const LimitState* tightest(const std::vector<LimitState>& states, Quantity quantity) {
    const LimitState* found = nullptr;
    for (const LimitState& state : states) {
        if (state.rule.shown && state.rule.quantity == quantity &&
            (found == nullptr || share_left(state) < share_left(*found))) {
            found = &state;
        }
    }
    return found;
}

std::string quantity_word(Quantity quantity) {
    static const std::array<std::string, 4> kWords{"requests", "tokens", "input-tokens",
                                                   "output-tokens"};
    return kWords.at(static_cast<std::size_t>(quantity));
}

/// The shortest of the usual windows that holds it: "minute" for 2 s as for 60 s.
std::string window_word(Nanos window) {
    if (window <= std::chrono::seconds(1)) {
        return "second";
    }
    if (window <= std::chrono::minutes(1)) {
        return "minute";
    }
    return window <= std::chrono::hours(1) ? "hour" : "day";
}

/// "33011.382", as Cerebras has it.
std::string decimal_seconds(Nanos span) {
    const std::int64_t milliseconds = whole_milliseconds(span);
    return std::to_string(milliseconds / 1000) + "." +
           std::to_string(1000 + milliseconds % 1000).substr(1);
}

Headers openai_headers(const std::vector<LimitState>& states) {
    Headers headers;
    for (const Quantity quantity : {Quantity::requests, Quantity::tokens}) {
        if (const LimitState* state = tightest(states, quantity)) {
            const std::string word = quantity_word(quantity);
            headers.emplace_back("x-ratelimit-limit-" + word, std::to_string(state->rule.amount));
            headers.emplace_back("x-ratelimit-remaining-" + word, std::to_string(state->remaining));
            headers.emplace_back("x-ratelimit-reset-" + word, go_duration(state->until_reset));
        }
    }
    return headers;
}

Headers anthropic_headers(const std::vector<LimitState>& states, Instant time) {
    Headers headers;
    for (const Quantity quantity :
         {Quantity::requests, Quantity::tokens, Quantity::input_tokens, Quantity::output_tokens}) {
        if (const LimitState* state = tightest(states, quantity)) {
            const std::string prefix = "anthropic-ratelimit-" + quantity_word(quantity);
            headers.emplace_back(prefix + "-limit", std::to_string(state->rule.amount));
            headers.emplace_back(prefix + "-remaining", std::to_string(state->remaining));
            headers.emplace_back(prefix + "-reset", iso_seconds(time + state->until_reset));
        }
    }
    return headers;
}

Headers openrouter_headers(const std::vector<LimitState>& states, Instant time) {
    const LimitState* state = tightest(states, Quantity::requests);
    if (state == nullptr) {
        return {};
    }
    return {{"X-RateLimit-Limit", std::to_string(state->rule.amount)},
            {"X-RateLimit-Remaining", std::to_string(state->remaining)},
            {"X-RateLimit-Reset",
             std::to_string(whole_milliseconds(time.time_since_epoch() + state->until_reset))}};
}

Headers cerebras_headers(const std::vector<LimitState>& states) {
    Headers headers;
    for (const LimitState& state : states) {
        if (state.rule.shown) {
            const std::string word =
                quantity_word(state.rule.quantity) + "-" + window_word(state.rule.window);
            headers.emplace_back("x-ratelimit-limit-" + word, std::to_string(state.rule.amount));
            headers.emplace_back("x-ratelimit-remaining-" + word, std::to_string(state.remaining));
            headers.emplace_back("x-ratelimit-reset-" + word, decimal_seconds(state.until_reset));
        }
    }
    return headers;
}

Headers ietf_headers(const std::vector<LimitState>& states) {
    std::string policy;
    std::string limit;
    for (const LimitState& state : states) {
        if (!state.rule.shown) {
            continue;
        }
        const std::string between = policy.empty() ? "" : ", ";
        const std::string name = "\"" + state.rule.name + "\"";
        policy += between + name + ";q=" + std::to_string(state.rule.amount);
        if (state.rule.quantity != Quantity::requests) {
            policy += ";qu=\"" + quantity_word(state.rule.quantity) + "\"";
        }
        policy += ";w=" + std::to_string(whole_seconds(state.rule.window));
        limit += between + name + ";r=" + std::to_string(state.remaining) +
                 ";t=" + std::to_string(whole_seconds(state.until_reset));
    }
    if (policy.empty()) {
        return {};
    }
    return {{"RateLimit-Policy", policy}, {"RateLimit", limit}};
}

}  // namespace

Family family_of(const Scenario& scenario, Endpoint endpoint) {
    return scenario.family.value_or(endpoint == Endpoint::messages ? Family::anthropic
                                                                   : Family::openai);
}

HeaderFamily header_family_of(const Scenario& scenario, Endpoint endpoint) {
    if (scenario.headers) {
        return *scenario.headers;
    }
    switch (family_of(scenario, endpoint)) {
        case Family::openai:
            return HeaderFamily::openai;
        case Family::anthropic:
            return HeaderFamily::anthropic;
        case Family::openrouter:
            return HeaderFamily::openrouter;
        case Family::cerebras:
            return HeaderFamily::cerebras;
    }
    return HeaderFamily::none;
}

Headers limit_headers(HeaderFamily family, const std::vector<LimitState>& states, Instant time) {
    switch (family) {
        case HeaderFamily::openai:
            return openai_headers(states);
        case HeaderFamily::anthropic:
            return anthropic_headers(states, time);
        case HeaderFamily::openrouter:
            return openrouter_headers(states, time);
        case HeaderFamily::cerebras:
            return cerebras_headers(states);
        case HeaderFamily::ietf:
            return ietf_headers(states);
        case HeaderFamily::none:
            break;
    }
    return {};
}

Headers retry_after_headers(const std::vector<RetryAfter>& forms, std::optional<Nanos> wait,
                            Instant time) {
    const Nanos span = wait.value_or(kNeverWait);
    Headers headers;
    for (const RetryAfter form : forms) {
        switch (form) {
            case RetryAfter::seconds:
                headers.emplace_back("Retry-After", std::to_string(whole_seconds(span)));
                break;
            case RetryAfter::http_date:
                // A whole second later than rounded down: who waits for it waits enough.
                headers.emplace_back("Retry-After",
                                     http_date(time + span + std::chrono::seconds(1)));
                break;
            case RetryAfter::milliseconds:
                headers.emplace_back("retry-after-ms", std::to_string(whole_milliseconds(span)));
                break;
        }
    }
    return headers;
}

}  // namespace fleet::mock_provider
