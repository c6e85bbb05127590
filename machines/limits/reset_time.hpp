// The many ways in which providers write "how long until": spans, seconds, epochs, dates. Pure;
// nothing that a header can hold makes it throw.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/time.hpp"

namespace fleet::limits {

/// A number of seconds up to this is a span; a larger one is an instant, or nothing that we know.
inline constexpr base::Millis kLongestSpan = std::chrono::hours(24 * 366);

/// A number without a sign: digits with at most one point. nullopt for everything else.
[[nodiscard]] std::optional<double> parse_decimal(std::string_view text);
/// A whole number from 0 to 10^15; what stands behind a point is cut off ("5.0").
[[nodiscard]] std::optional<std::int64_t> parse_count(std::string_view text);

/// "1s", "6m0s", "120ms", "1h2m3s", "1.5s", "2d": every number has its unit, from days to
/// nanoseconds. Rounded up to milliseconds. nullopt for more than kLongestSpan.
[[nodiscard]] std::optional<base::Millis> parse_span(std::string_view text);

/// An HTTP date in any of its three forms, or ISO 8601 ("2025-10-25T12:00:00Z", with a fraction or
/// an offset). nullopt for days that there are not.
[[nodiscard]] std::optional<base::WallTime> parse_date(std::string_view text);

/// Any of the forms above, or a number: seconds up to kLongestSpan, epoch seconds from 10^9 to
/// 10^11, epoch milliseconds from 10^12 to 10^14. Instants count from `answered_at`; those that
/// have passed are 0.
[[nodiscard]] std::optional<base::Millis> parse_wait(std::string_view text,
                                                     base::WallTime answered_at);

[[nodiscard]] std::string_view trimmed(std::string_view text);

}  // namespace fleet::limits
