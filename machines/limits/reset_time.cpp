#include "machines/limits/reset_time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

namespace fleet::limits {
namespace {

using base::Millis;
using base::WallTime;

constexpr double kMillisPerSecond = 1000.0;

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

bool is_number(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_digit);
}

/// Of a text that `is_number`; nullopt when it is longer than `digits`.
std::optional<int> small_number(std::string_view text, std::size_t digits) {
    if (!is_number(text) || text.size() > digits) {
        return std::nullopt;
    }
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

struct Unit {
    std::string_view name;
    double millis;
};
/// Longer names first where one begins another.
constexpr std::array<Unit, 8> kUnits{{{"ms", 1.0},
                                      {"us", 1e-3},
                                      {"\xc2\xb5s", 1e-3},
                                      {"ns", 1e-6},
                                      {"d", 86'400'000.0},
                                      {"h", 3'600'000.0},
                                      {"m", 60'000.0},
                                      {"s", 1000.0}}};

std::optional<Millis> whole_millis(double millis) {
    if (!(millis >= 0) || millis > static_cast<double>(kLongestSpan.count())) {
        return std::nullopt;
    }
    // A hair above a whole millisecond is what 0.1 s in binary is, not another millisecond.
    constexpr double kHair = 1e-6;
    return Millis(static_cast<std::int64_t>(std::ceil(millis - kHair)));
}

std::optional<WallTime> instant(int year, int month, int day, Millis time_of_day) {
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) {
        return std::nullopt;
    }
    return WallTime(std::chrono::sys_days(date)) + time_of_day;
}

/// "12:00:00", with a fraction where `may_have_fraction`.
std::optional<Millis> time_of_day(std::string_view text, bool may_have_fraction) {
    if (text.size() < 8 || text[2] != ':' || text[5] != ':') {
        return std::nullopt;
    }
    const auto hours = small_number(text.substr(0, 2), 2);
    const auto minutes = small_number(text.substr(3, 2), 2);
    const auto seconds = small_number(text.substr(6, 2), 2);
    const std::string_view rest = text.substr(8);
    if (!hours || !minutes || !seconds || *hours > 24 || *minutes > 59 || *seconds > 60) {
        return std::nullopt;
    }
    Millis fraction{0};
    if (!rest.empty()) {
        if (!may_have_fraction || rest.front() != '.' || !is_number(rest.substr(1))) {
            return std::nullopt;
        }
        std::string digits(rest.substr(1, 3));
        digits.resize(3, '0');
        fraction = Millis(*small_number(digits, 3));
    }
    return std::chrono::hours(*hours) + std::chrono::minutes(*minutes) +
           std::chrono::seconds(*seconds) + fraction;
}

/// "+02:00", "-0700", "Z".
std::optional<Millis> zone_offset(std::string_view text) {
    if (text == "Z" || text == "z") {
        return Millis{0};
    }
    if (text.size() < 5 || (text.front() != '+' && text.front() != '-')) {
        return std::nullopt;
    }
    const auto hours = small_number(text.substr(1, 2), 2);
    std::string_view rest = text.substr(3);
    if (rest.front() == ':') {
        rest.remove_prefix(1);
    }
    const auto minutes = small_number(rest, 2);
    if (!hours || !minutes || rest.size() != 2) {
        return std::nullopt;
    }
    const Millis offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
    return text.front() == '-' ? -offset : offset;
}

std::optional<WallTime> parse_iso_date(std::string_view text) {
    constexpr std::size_t kDateSize = 10;
    if (text.size() < kDateSize + 10 || text[4] != '-' || text[7] != '-' ||
        (text[kDateSize] != 'T' && text[kDateSize] != 't' && text[kDateSize] != ' ')) {
        return std::nullopt;
    }
    const auto year = small_number(text.substr(0, 4), 4);
    const auto month = small_number(text.substr(5, 2), 2);
    const auto day = small_number(text.substr(8, 2), 2);
    const std::string_view rest = text.substr(kDateSize + 1);
    const std::size_t zone = rest.find_first_of("Zz+-");
    if (!year || !month || !day || zone == std::string_view::npos) {
        return std::nullopt;
    }
    const auto time = time_of_day(rest.substr(0, zone), true);
    const auto offset = zone_offset(rest.substr(zone));
    if (!time || !offset) {
        return std::nullopt;
    }
    return instant(*year, *month, *day, *time - *offset);
}

std::optional<int> month_of(std::string_view name) {
    constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const std::size_t at = name.size() == 3 ? kMonths.find(name) : std::string_view::npos;
    if (at == std::string_view::npos || at % 3 != 0) {
        return std::nullopt;
    }
    return static_cast<int>(at / 3) + 1;
}

/// Of a year of two digits the nearest century, as HTTP has it.
int full_year(int year, std::size_t digits) {
    constexpr int kTurn = 70;
    return digits > 2 ? year : year + (year < kTurn ? 2000 : 1900);
}

/// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994":
/// in all of them the day stands before the year.
std::optional<WallTime> parse_http_date(std::string_view text) {
    std::optional<int> day;
    std::optional<int> month;
    std::optional<int> year;
    std::optional<Millis> time;
    bool is_first = true;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(" ,-"), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word.empty()) {
            continue;
        }
        if (const auto number = small_number(word, 4)) {
            (day ? year : day) = day ? full_year(*number, word.size()) : *number;
        } else if (const auto found = month_of(word)) {
            month = found;
        } else if (const auto clock = time_of_day(word, false)) {
            time = clock;
        } else if (!is_first && word != "GMT" && word != "UTC") {
            return std::nullopt;
        }
        is_first = false;
    }
    if (!day || !month || !year || !time) {
        return std::nullopt;
    }
    return instant(*year, *month, *day, *time);
}

Millis until(WallTime instant, WallTime answered_at) {
    return std::max(Millis{0}, instant - answered_at);
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::optional<double> parse_decimal(std::string_view text) {
    constexpr std::size_t kMostDigits = 40;
    const bool is_decimal =
        !text.empty() && text.size() <= kMostDigits && is_digit(text.front()) &&
        std::ranges::all_of(text, [](char one) { return is_digit(one) || one == '.'; }) &&
        std::ranges::count(text, '.') <= 1;
    if (!is_decimal) {
        return std::nullopt;
    }
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                    : std::nullopt;
}

std::optional<std::int64_t> parse_count(std::string_view text) {
    constexpr double kLargest = 1e15;
    const auto number = parse_decimal(trimmed(text));
    if (!number || *number > kLargest) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(*number);
}

std::optional<Millis> parse_span(std::string_view text) {
    constexpr std::size_t kMostBytes = 64;
    if (text.empty() || text.size() > kMostBytes) {
        return std::nullopt;
    }
    double millis = 0;
    while (!text.empty()) {
        const auto* const digits_end =
            std::ranges::find_if_not(text, [](char one) { return is_digit(one) || one == '.'; });
        const auto digits = static_cast<std::size_t>(digits_end - text.begin());
        const auto number = parse_decimal(text.substr(0, digits));
        text.remove_prefix(digits);
        const auto* const unit = std::ranges::find_if(
            kUnits, [&](const Unit& one) { return text.starts_with(one.name); });
        if (!number || unit == kUnits.end()) {
            return std::nullopt;
        }
        millis += *number * unit->millis;
        text.remove_prefix(unit->name.size());
    }
    return whole_millis(millis);
}

std::optional<WallTime> parse_date(std::string_view text) {
    constexpr std::size_t kMostBytes = 64;
    text = trimmed(text);
    if (text.size() > kMostBytes) {
        return std::nullopt;
    }
    const auto date = parse_iso_date(text);
    return date ? date : parse_http_date(text);
}

std::optional<Millis> parse_wait(std::string_view text, WallTime answered_at) {
    constexpr double kEpochSeconds = 1e9;
    constexpr double kBeyondEpochSeconds = 1e11;
    constexpr double kEpochMillis = 1e12;
    constexpr double kBeyondEpochMillis = 1e14;
    text = trimmed(text);
    if (const auto number = parse_decimal(text)) {
        if (*number >= kEpochSeconds && *number <= kBeyondEpochSeconds) {
            const Millis epoch(static_cast<std::int64_t>(*number * kMillisPerSecond));
            return until(WallTime(epoch), answered_at);
        }
        if (*number >= kEpochMillis && *number <= kBeyondEpochMillis) {
            return until(WallTime(Millis(static_cast<std::int64_t>(*number))), answered_at);
        }
        return whole_millis(*number * kMillisPerSecond);
    }
    if (const auto span = parse_span(text)) {
        return span;
    }
    const auto date = parse_date(text);
    return date ? std::optional(until(*date, answered_at)) : std::nullopt;
}

}  // namespace fleet::limits
