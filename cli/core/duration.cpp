#include "cli/core/duration.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "cli/core/app.hpp"

namespace fleet::cli {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 6> kUnits{{
    {"ms", 1.0},
    {"s", 1000.0},
    {"m", 60'000.0},
    {"h", 3'600'000.0},
    {"d", 86'400'000.0},
    {"w", 604'800'000.0},
}};
/// A century: more is a slip of the keyboard, and sums of times stay far from overflow.
constexpr double kLongestMs = 100.0 * 366 * 86'400'000;

[[noreturn]] void refuse(std::string_view text, const std::string& option) {
    throw UsageError(option + ": \"" + std::string(text) + "\" is not a duration",
                     "write 500ms, 30s, 5m, 2h, 7d or a number of seconds");
}

std::string_view take_unit(std::string_view& rest) {
    std::size_t length = 0;
    while (length < rest.size() && rest[length] >= 'a' && rest[length] <= 'z') {
        ++length;
    }
    const std::string_view unit = rest.substr(0, length);
    rest.remove_prefix(length);
    return unit;
}

}  // namespace

base::Millis parse_duration(std::string_view text, const std::string& option) {
    std::string_view rest = text;
    double total = 0;
    if (rest.empty()) {
        refuse(text, option);
    }
    while (!rest.empty()) {
        double value = 0;
        const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), value,
                                            std::chars_format::fixed);
        // The first character is looked at because from_chars also reads "inf", "nan" and "-1".
        if (parsed.ec != std::errc() || rest.front() < '0' || rest.front() > '9') {
            refuse(text, option);
        }
        const bool whole_text = rest.data() == text.data();
        rest.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest.data()));
        if (rest.empty() && whole_text) {
            total = value * 1000.0;
            break;
        }
        const std::string_view name = take_unit(rest);
        const auto* unit = kUnits.begin();
        while (unit != kUnits.end() && unit->first != name) {
            ++unit;
        }
        if (unit == kUnits.end()) {
            refuse(text, option);
        }
        total += value * unit->second;
    }
    if (total > kLongestMs) {
        throw UsageError(option + ": \"" + std::string(text) + "\" is longer than a century",
                         "write 500ms, 30s, 5m, 2h, 7d or a number of seconds");
    }
    return base::Millis{std::llround(total)};
}

}  // namespace fleet::cli
