#include "machines/limits/answer_limits.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "machines/limits/reset_time.hpp"

namespace fleet::limits {
namespace {

using base::Millis;

constexpr std::size_t kMostNumberBytes = 40;

/// What stands before a wait in the texts of errors.
constexpr std::array<std::string_view, 4> kWaitMarks{
    "try again in ", "\"retry_after_seconds\":", "\"retryDelay\":", "retry after "};

/// "6m0s", "20", "20 seconds", "2 minutes": what stands at the beginning of a text.
std::optional<Millis> wait_at(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \""), text.size()));
    const std::size_t end = std::min(text.find_first_not_of("0123456789.hmsdun"), text.size());
    std::string_view span = text.substr(0, end);
    while (span.ends_with('.')) {  // of the sentence
        span.remove_suffix(1);
    }
    if (const auto wait = parse_span(span)) {
        return wait;
    }
    std::string_view unit = text.substr(span.size());
    unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
    std::string with_unit(span);
    with_unit += unit.starts_with("ms") || unit.starts_with("milli") ? "ms"
                 : unit.starts_with("min")                           ? "m"
                 : unit.starts_with("hour")                          ? "h"
                 : unit.starts_with("day")                           ? "d"
                                                                     : "s";
    return parse_span(with_unit);
}

std::optional<Millis> wait_in_text(std::string_view text) {
    text = text.substr(0, kClassifiedBytes);
    for (const std::string_view mark : kWaitMarks) {
        const std::size_t at = text.find(mark);
        if (at != std::string_view::npos) {
            if (const auto wait = wait_at(text.substr(at + mark.size()))) {
                return wait;
            }
        }
    }
    return std::nullopt;
}

std::optional<Millis> latest_reset(const std::vector<model::LimitWindow>& windows) {
    std::optional<Millis> latest;
    for (const model::LimitWindow& window : windows) {
        if (window.remaining == 0 && window.reset_after) {
            latest = std::max(latest.value_or(Millis{0}), *window.reset_after);
        }
    }
    return latest;
}

std::optional<Millis> stated_wait(const Answer& answer, base::WallTime answered_at) {
    const std::string_view millis = find_header(answer.headers, "retry-after-ms");
    if (const auto wait = parse_span(std::string(millis.substr(0, kMostNumberBytes)) + "ms")) {
        return wait;
    }
    for (const std::string_view name : {"retry-after", "x-ratelimit-retry-after"}) {
        if (const auto wait = parse_wait(find_header(answer.headers, name), answered_at)) {
            return wait;
        }
    }
    return wait_in_text(answer.text);
}

}  // namespace

model::RateLimit limits_of(const Answer& answer, const ErrorClasses& classes) {
    const base::WallTime answered_at =
        parse_date(find_header(answer.headers, "date")).value_or(answer.received_at);
    model::RateLimit limits;
    limits.windows = limit_windows(answer.provider, answer.headers, answered_at);
    limits.refusal = classify(
        {.provider = answer.provider, .status = answer.status, .text = answer.text}, classes);
    if (model::is_rate_limit(limits.refusal)) {
        auto wait = stated_wait(answer, answered_at);
        wait = wait ? wait : latest_reset(limits.windows);
        limits.retry_after = wait ? std::optional(std::min(*wait, kLongestWait)) : std::nullopt;
    }
    return limits;
}

}  // namespace fleet::limits
