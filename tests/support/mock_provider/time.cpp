#include "tests/support/mock_provider/time.hpp"

#include <array>
#include <cstdio>

#include "common/base/time.hpp"

namespace fleet::mock_provider {
namespace {

using std::chrono::ceil;
using std::chrono::floor;

}  // namespace

std::string http_date(Instant time) {
    static constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed",
                                                      "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::chrono::sys_seconds second{floor<std::chrono::seconds>(time.time_since_epoch())};
    const auto day = floor<std::chrono::days>(second);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{second - day};
    std::array<char, 64> text{};
    const int length = std::snprintf(
        text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
        kDays.at(std::chrono::weekday{day}.c_encoding()), static_cast<unsigned>(date.day()),
        kMonths.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()),
        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()));
    return {text.data(), static_cast<std::size_t>(length)};
}

std::string iso_seconds(Instant time) {
    const auto second = ceil<std::chrono::seconds>(time.time_since_epoch());
    std::string text = base::iso8601(base::WallTime{second});
    text.erase(text.size() - 5, 4);  // ".000" before the Z
    return text;
}

std::string go_duration(Nanos span) {
    const std::int64_t milliseconds = whole_milliseconds(span);
    if (milliseconds < 1000) {
        return std::to_string(milliseconds) + "ms";
    }
    const std::int64_t minutes = milliseconds / 60'000;
    std::string text;
    if (minutes >= 60) {
        text += std::to_string(minutes / 60) + "h";
    }
    if (minutes > 0) {
        text += std::to_string(minutes % 60) + "m";
    }
    text += std::to_string(milliseconds / 1000 % 60);
    if (const std::int64_t rest = milliseconds % 1000; rest != 0) {
        std::string digits = std::to_string(1000 + rest).substr(1);
        digits.erase(digits.find_last_not_of('0') + 1);
        text += "." + digits;
    }
    return text + "s";
}

std::int64_t whole_seconds(Nanos span) {
    return std::max<std::int64_t>(0, ceil<std::chrono::seconds>(span).count());
}

std::int64_t whole_milliseconds(Nanos span) {
    return std::max<std::int64_t>(0, ceil<std::chrono::milliseconds>(span).count());
}

}  // namespace fleet::mock_provider
