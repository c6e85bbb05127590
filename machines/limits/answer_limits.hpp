// What one HTTP answer says of its provider's limits, as model::RateLimit. Pure: nothing that an
// answer can hold makes it throw, and every figure in the result is bounded.
#pragma once

#include <span>
#include <string_view>

#include "common/base/time.hpp"
#include "common/model/rate_limit.hpp"
#include "machines/limits/error_classes.hpp"
#include "machines/limits/header_fields.hpp"

namespace fleet::limits {

/// A wait that is stated as longer counts as this: a month's wait is asked for again every day.
inline constexpr base::Millis kLongestWait = std::chrono::hours(24);

struct Answer {
    std::string_view provider;  ///< "openai" or "openai/model"
    int status = 0;
    std::span<const HeaderField> headers;
    std::string_view text;         ///< the body, or as much of it as is at hand
    base::WallTime received_at{};  ///< by this box's clock
};

/// - Instants are compared with the answer's own `Date` where it has one, so that a clock that is
///   wrong on either side does no harm; else with `received_at`.
/// - `retry_after`: `retry-after-ms`, `retry-after` (seconds or a date), what the text says
///   ("try again in 6m0s"), else the latest reset of the limits that are used up. Only of an answer
///   that is a rate limit. At most kLongestWait.
/// - `refusal`: see classify.
[[nodiscard]] model::RateLimit limits_of(const Answer& answer, const ErrorClasses& classes = {});

}  // namespace fleet::limits
