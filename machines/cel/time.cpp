#include "machines/cel/time.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <optional>

#include "machines/expression/errors.hpp"

namespace fleet::cel {
namespace {

using expression::ErrorKind;
using expression::excerpt;
using expression::fail;

constexpr std::int64_t kNanoseconds = 1'000'000'000;
constexpr std::int64_t kFirstSecond = -62'135'596'800;
constexpr std::int64_t kLastSecond = 253'402'300'799;
constexpr std::int64_t kLongestDuration = 315'576'000'000;
constexpr std::int64_t kDaySeconds = 86'400;

struct Split {
    std::int64_t seconds = 0;
    std::int32_t nanoseconds = 0;
};

/// Sums stay far from 64 bits: what comes in was checked, or is below a year in nanoseconds.
Split carry(std::int64_t seconds, std::int64_t nanoseconds) {
    std::int64_t rest = nanoseconds % kNanoseconds;
    std::int64_t carried = nanoseconds / kNanoseconds;
    if (rest < 0) {
        rest += kNanoseconds;
        --carried;
    }
    std::int64_t sum = 0;
    if (__builtin_add_overflow(seconds, carried, &sum)) {
        fail(ErrorKind::arithmetic, "a time is out of range");
    }
    return {sum, static_cast<std::int32_t>(rest)};
}

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

/// Reads a text from its beginning; nothing is taken when it is not as asked for.
class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    [[nodiscard]] bool at_end() const { return text_.empty(); }
    [[nodiscard]] bool at_digit() const { return !text_.empty() && is_digit(text_.front()); }
    bool take(std::string_view word) {
        const bool found = text_.starts_with(word);
        text_.remove_prefix(found ? word.size() : 0);
        return found;
    }
    int digit() {
        const int value = text_.front() - '0';
        text_.remove_prefix(1);
        return value;
    }
    std::optional<int> digits(int count) {
        int value = 0;
        for (; count > 0; --count) {
            if (!at_digit()) {
                return std::nullopt;
            }
            value = value * 10 + digit();
        }
        return value;
    }
    /// Digits behind a point, in parts of `unit`; smaller parts are dropped.
    std::int64_t fraction(std::int64_t unit) {
        std::int64_t value = 0;
        while (at_digit()) {
            unit /= 10;
            value += digit() * unit;
        }
        return value;
    }

  private:
    std::string_view text_;
};

/// "+02:00", at most a day; the sign may be missing when `needs_sign` is not set.
std::optional<std::int32_t> read_offset(Reader& reader, bool needs_sign) {
    const bool west = reader.take("-");
    if (!west && !reader.take("+") && needs_sign) {
        return std::nullopt;
    }
    const auto hours = reader.digits(2);
    const bool colon = reader.take(":");
    const auto minutes = reader.digits(2);
    if (!hours || !colon || !minutes || *hours > 23 || *minutes > 59) {
        return std::nullopt;
    }
    const std::int32_t seconds = (*hours * 60 + *minutes) * 60;
    return west ? -seconds : seconds;
}

std::optional<Split> read_timestamp(Reader reader) {
    const auto year = reader.digits(4);
    const bool first = reader.take("-");
    const auto month = reader.digits(2);
    const bool second = reader.take("-");
    const auto day = reader.digits(2);
    const bool between = reader.take("T");
    const auto hours = reader.digits(2);
    const bool third = reader.take(":");
    const auto minutes = reader.digits(2);
    const bool fourth = reader.take(":");
    const auto seconds = reader.digits(2);
    if (!year || !first || !month || !second || !day || !between || !hours || !third || !minutes ||
        !fourth || !seconds) {
        return std::nullopt;
    }
    std::int64_t nanoseconds = 0;
    if (reader.take(".")) {
        if (!reader.at_digit()) {
            return std::nullopt;
        }
        nanoseconds = reader.fraction(kNanoseconds);
    }
    const auto offset = reader.take("Z") ? std::optional(0) : read_offset(reader, true);
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!offset || !reader.at_end() || !date.ok() || *hours > 23 || *minutes > 59 ||
        *seconds > 59) {
        return std::nullopt;
    }
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    return Split{days * kDaySeconds + std::int64_t{*hours} * 3600 + std::int64_t{*minutes} * 60 +
                     *seconds - *offset,
                 static_cast<std::int32_t>(nanoseconds)};
}

struct Unit {
    std::string_view name;
    std::int64_t nanoseconds;
};

/// Longer names first where one begins another.
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"\u00b5s", 1'000},
                                         {"\u03bcs", 1'000},
                                         {"ms", 1'000'000},
                                         {"s", kNanoseconds},
                                         {"m", 60 * kNanoseconds},
                                         {"h", 3600 * kNanoseconds}}};

/// A number with its unit.
std::optional<Duration> read_part(Reader& reader) {
    constexpr std::int64_t kMostWhole = 1'000'000'000'000'000'000;
    bool any_digit = false;
    std::int64_t whole = 0;
    while (reader.at_digit()) {
        whole = whole >= kMostWhole / 10 ? kMostWhole : whole * 10 + reader.digit();
        if (whole == kMostWhole) {
            fail(ErrorKind::arithmetic, "a duration is out of range");
        }
        any_digit = true;
    }
    Reader after_point = reader;
    if (reader.take(".")) {
        after_point = reader;
        any_digit = any_digit || reader.at_digit();
        (void)reader.fraction(1);
    }
    if (!any_digit) {
        return std::nullopt;
    }
    for (const Unit& unit : kUnits) {
        if (reader.take(unit.name)) {
            const std::int64_t fraction = after_point.fraction(unit.nanoseconds);
            if (unit.nanoseconds < kNanoseconds) {
                const std::int64_t per_second = kNanoseconds / unit.nanoseconds;
                return duration_of(whole / per_second,
                                   whole % per_second * unit.nanoseconds + fraction);
            }
            std::int64_t seconds = 0;
            if (__builtin_mul_overflow(whole, unit.nanoseconds / kNanoseconds, &seconds)) {
                fail(ErrorKind::arithmetic, "a duration is out of range");
            }
            return duration_of(seconds, fraction);
        }
    }
    return std::nullopt;
}

/// ".5" for half a second; nothing for none.
std::string fraction_text(std::int64_t nanoseconds) {
    if (nanoseconds == 0) {
        return {};
    }
    std::string text = std::to_string(kNanoseconds + nanoseconds);
    text.front() = '.';
    text.erase(text.find_last_not_of('0') + 1);
    return text;
}

}  // namespace

Timestamp timestamp_of(std::int64_t seconds, std::int64_t nanoseconds) {
    const Split split = carry(seconds, nanoseconds);
    if (split.seconds < kFirstSecond || split.seconds > kLastSecond) {
        fail(ErrorKind::arithmetic, "a timestamp is out of range: the years are 1 to 9999");
    }
    return {split.seconds, split.nanoseconds};
}

Duration duration_of(std::int64_t seconds, std::int64_t nanoseconds) {
    const Split split = carry(seconds, nanoseconds);
    if (split.seconds < -kLongestDuration || split.seconds > kLongestDuration) {
        fail(ErrorKind::arithmetic, "a duration is out of range: at most 10,000 years");
    }
    return {split.seconds, split.nanoseconds};
}

Timestamp parse_timestamp(std::string_view text) {
    const auto read = read_timestamp(Reader(text));
    if (!read) {
        fail(ErrorKind::value, "'" + excerpt(text) +
                                   "' is no timestamp; one is written as 2024-02-29T12:30:00Z or "
                                   "2024-02-29T12:30:00.5+02:00");
    }
    return timestamp_of(read->seconds, read->nanoseconds);
}

Duration parse_duration(std::string_view text) {
    Reader reader(text);
    const bool negative = reader.take("-");
    if (!negative) {
        reader.take("+");
    }
    Duration sum;
    if (reader.take("0") && reader.at_end()) {
        return sum;
    }
    reader = Reader(text.substr(!text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0));
    do {
        const auto part = read_part(reader);
        if (!part) {
            fail(ErrorKind::value, "'" + excerpt(text) +
                                       "' is no duration; one is written as 1h30m, 1.5s or 250ms "
                                       "(units: h m s ms us ns)");
        }
        sum = add(sum, *part);
    } while (!reader.at_end());
    return negative ? negate(sum) : sum;
}

std::int32_t parse_zone(std::string_view text) {
    if (text == "UTC" || text == "Z") {
        return 0;
    }
    Reader reader(text);
    const auto offset = read_offset(reader, false);
    if (!offset || !reader.at_end()) {
        fail(ErrorKind::value,
             "time zone '" + excerpt(text) + "' is not known; use UTC or an offset such as +02:00");
    }
    return *offset;
}

Timestamp add(const Timestamp& time, const Duration& duration) {
    return timestamp_of(time.seconds + duration.seconds,
                        std::int64_t{time.nanoseconds} + duration.nanoseconds);
}

Duration add(const Duration& left, const Duration& right) {
    return duration_of(left.seconds + right.seconds,
                       std::int64_t{left.nanoseconds} + right.nanoseconds);
}

Duration negate(const Duration& duration) {
    return duration_of(-duration.seconds, -std::int64_t{duration.nanoseconds});
}

Duration subtract(const Timestamp& left, const Timestamp& right) {
    return duration_of(left.seconds - right.seconds,
                       std::int64_t{left.nanoseconds} - right.nanoseconds);
}

std::string to_text(const Timestamp& time) {
    const CalendarTime at = calendar_time(time);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%04lld-%02u-%02uT%02u:%02u:%02u",
                  static_cast<long long>(at.year), at.month, at.day, at.hour, at.minute, at.second);
    return text.data() + fraction_text(time.nanoseconds) + "Z";
}

std::string to_text(const Duration& duration) {
    const bool negative = duration.seconds < 0;
    const Duration size = negative ? negate(duration) : duration;
    return (negative ? "-" : "") + std::to_string(size.seconds) + fraction_text(size.nanoseconds) +
           "s";
}

std::int64_t whole_seconds(const Duration& duration) {
    return duration.seconds < 0 && duration.nanoseconds > 0 ? duration.seconds + 1
                                                            : duration.seconds;
}

std::int64_t milliseconds_part(const Duration& duration) {
    const std::int64_t nanoseconds = duration.seconds < 0 && duration.nanoseconds > 0
                                         ? duration.nanoseconds - kNanoseconds
                                         : duration.nanoseconds;
    return nanoseconds / 1'000'000;
}

CalendarTime calendar_time(const Timestamp& time, std::int32_t zone_seconds) {
    const std::int64_t seconds = time.seconds + zone_seconds;
    std::int64_t days = seconds / kDaySeconds;
    std::int64_t rest = seconds % kDaySeconds;
    if (rest < 0) {
        rest += kDaySeconds;
        --days;
    }
    const std::chrono::sys_days date{std::chrono::days(days)};
    const std::chrono::year_month_day parts(date);
    const std::chrono::sys_days new_year(parts.year() / std::chrono::January / 1);
    CalendarTime result;
    result.year = static_cast<int>(parts.year());
    result.month = static_cast<unsigned>(parts.month());
    result.day = static_cast<unsigned>(parts.day());
    result.hour = static_cast<unsigned>(rest / 3600);
    result.minute = static_cast<unsigned>(rest / 60 % 60);
    result.second = static_cast<unsigned>(rest % 60);
    result.millisecond = static_cast<unsigned>(time.nanoseconds / 1'000'000);
    result.day_of_week = std::chrono::weekday(date).c_encoding();
    result.day_of_year = static_cast<unsigned>((date - new_year).count());
    return result;
}

}  // namespace fleet::cel
