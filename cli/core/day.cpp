#include "cli/core/day.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "cli/core/app.hpp"

namespace fleet::cli {
namespace {

constexpr std::string_view kForm = "dddd-dd-dd";

bool has_form(std::string_view text) {
    return text.size() == kForm.size() &&
           std::equal(text.begin(), text.end(), kForm.begin(), [](char character, char form) {
               return form == 'd' ? character >= '0' && character <= '9' : character == form;
           });
}

int number(std::string_view text, std::size_t from, std::size_t length) {
    int value = 0;
    std::from_chars(text.data() + from, text.data() + from + length, value);
    return value;
}

}  // namespace

std::string parse_day(std::string_view text, const std::string& option) {
    const bool is_day =
        has_form(text) &&
        std::chrono::year_month_day(std::chrono::year(number(text, 0, 4)),
                                    std::chrono::month(static_cast<unsigned>(number(text, 5, 2))),
                                    std::chrono::day(static_cast<unsigned>(number(text, 8, 2))))
            .ok();
    if (!is_day) {
        throw UsageError(option + ": \"" + std::string(text) + "\" is not a day",
                         "write it as 2026-11-21");
    }
    return std::string(text);
}

std::string utc_day(base::WallTime time) {
    return base::iso8601(time).substr(0, kForm.size());
}

}  // namespace fleet::cli
