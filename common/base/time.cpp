#include "common/base/time.hpp"

#include <array>
#include <cstdio>

namespace fleet::base {
namespace {

template <typename... Values>
std::string formatted(const char* format, Values... values) {
    std::array<char, 64> text{};
    const int length = std::snprintf(text.data(), text.size(), format, values...);
    return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

std::string iso8601(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss<Millis> clock{time - day};
    return formatted(
        "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
}

std::string iso8601(StoreTime time) {
    return iso8601(WallTime{time.time_since_epoch()});
}

std::string human_duration(Millis span) {
    if (span < Millis::zero()) {
        // The smallest count has no positive counterpart.
        return "-" + human_duration(span == Millis::min() ? Millis::max() : -span);
    }
    const long long milliseconds = span.count();
    const long long seconds = milliseconds / 1000;
    const long long minutes = seconds / 60;
    const long long hours = minutes / 60;
    if (seconds == 0) {
        return formatted("%lldms", milliseconds);
    }
    if (minutes == 0) {
        const long long tenths = milliseconds % 1000 / 100;
        return tenths == 0 ? formatted("%llds", seconds) : formatted("%lld.%llds", seconds, tenths);
    }
    if (hours == 0) {
        return formatted("%lldm%02llds", minutes, seconds % 60);
    }
    if (hours < 24) {
        return formatted("%lldh%02lldm", hours, minutes % 60);
    }
    return formatted("%lldd%02lldh", hours / 24, hours % 24);
}

}  // namespace fleet::base
