// Timestamps and durations to the nanosecond, within the ranges that CEL gives them: the years 1 to
// 9999, and 10,000 years either way.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace fleet::cel {

/// `seconds` rounded down, so that `nanoseconds` is never negative.
struct Duration {
    std::int64_t seconds = 0;
    std::int32_t nanoseconds = 0;
    friend auto operator<=>(const Duration&, const Duration&) = default;
};

/// Since 1970 in UTC.
struct Timestamp {
    std::int64_t seconds = 0;
    std::int32_t nanoseconds = 0;
    friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

// All of these throw EvaluationError: value for what is no such text, arithmetic for what is out of
// range.
[[nodiscard]] Timestamp timestamp_of(std::int64_t seconds, std::int64_t nanoseconds = 0);
[[nodiscard]] Duration duration_of(std::int64_t seconds, std::int64_t nanoseconds = 0);
/// "2024-02-29T12:30:00.5+02:00".
[[nodiscard]] Timestamp parse_timestamp(std::string_view text);
/// "1h30m", "-1.5s", "250ms", "0".
[[nodiscard]] Duration parse_duration(std::string_view text);
/// Seconds east of UTC of "UTC", "+02:00", "-08:00", "02:00".
[[nodiscard]] std::int32_t parse_zone(std::string_view text);

[[nodiscard]] Timestamp add(const Timestamp& time, const Duration& duration);
[[nodiscard]] Duration add(const Duration& left, const Duration& right);
[[nodiscard]] Duration negate(const Duration& duration);
[[nodiscard]] Duration subtract(const Timestamp& left, const Timestamp& right);

[[nodiscard]] std::string to_text(const Timestamp& time);
[[nodiscard]] std::string to_text(const Duration& duration);

/// Rounded towards zero.
[[nodiscard]] std::int64_t whole_seconds(const Duration& duration);
/// What is beside the whole seconds, of the same sign.
[[nodiscard]] std::int64_t milliseconds_part(const Duration& duration);

struct CalendarTime {
    std::int64_t year = 0;
    unsigned month = 1;  ///< from 1
    unsigned day = 1;    ///< from 1
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    unsigned millisecond = 0;
    unsigned day_of_week = 0;  ///< Sunday is 0
    unsigned day_of_year = 0;  ///< from 0
};

[[nodiscard]] CalendarTime calendar_time(const Timestamp& time, std::int32_t zone_seconds = 0);

}  // namespace fleet::cel
