#include "machines/fleet_file/values.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "machines/limits/header_fields.hpp"
#include "machines/limits/reset_time.hpp"

namespace fleet::fleet_file {
namespace {

using config::Fields;
using config::Node;

constexpr double kMostAmount = 1e15;
constexpr double kMostMoney = 1e9;
constexpr double kMicros = 1e6;
constexpr const char* kDurationForms = "write 500ms, 30s, 5m, 2h, 7d, or a number of seconds";
constexpr const char* kAmountForms = "write a whole number such as 5000, 200k, 5M or 1.5G";

bool is_control(char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte < 0x20 || byte == 0x7f;
}

bool is_letter_or_digit(char one) {
    return (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z') || (one >= '0' && one <= '9');
}

std::optional<base::Millis> duration_of(const Node& value) {
    if (const auto seconds = value.as_number()) {
        constexpr double kMostSeconds = 366.0 * 86'400;
        return std::abs(*seconds) <= kMostSeconds
                   ? std::optional(base::Millis(std::llround(*seconds * 1000)))
                   : std::nullopt;
    }
    if (!value.is_text()) {
        return std::nullopt;
    }
    std::string_view text = value.text;
    const bool is_negative = text.starts_with('-');
    if (is_negative) {
        text.remove_prefix(1);
    }
    const auto span = limits::parse_span(text);
    return span && is_negative ? std::optional(-*span) : span;
}

std::optional<double> amount_of(const Node& value) {
    if (!value.is_text()) {
        return value.as_number();
    }
    constexpr std::array<std::pair<char, double>, 6> kSuffixes{
        {{'k', 1e3}, {'K', 1e3}, {'M', 1e6}, {'m', 0}, {'G', 1e9}, {'T', 1e12}}};
    std::string_view text = value.text;
    double factor = 1;
    for (const auto& [suffix, times] : kSuffixes) {
        if (text.ends_with(suffix)) {
            factor = times;
            text.remove_suffix(1);
            break;
        }
    }
    const auto number = limits::parse_decimal(text);
    // A small m is a thousandth elsewhere: neither that nor a million is guessed.
    return number && factor > 0 ? std::optional(*number * factor) : std::nullopt;
}

/// Headers by which a key is sent.
bool carries_key(std::string_view name) {
    constexpr std::array<std::string_view, 6> kNames{
        "authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"};
    return std::ranges::any_of(
        kNames, [name](std::string_view one) { return limits::is_same_name(name, one); });
}

bool is_header_name(std::string_view name) {
    constexpr std::string_view kSeparators = ": \t()<>@,;\\\"/[]?={}";
    return !name.empty() && std::ranges::none_of(name, is_control) &&
           name.find_first_of(kSeparators) == std::string_view::npos;
}

}  // namespace

std::optional<base::Millis> duration(Fields& fields, std::string_view key,
                                     const DurationRange& range) {
    const Node* const value = fields.get(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    const auto span = duration_of(*value);
    if (!span) {
        fields.findings().refuse(fields.place_of(*value, key),
                                 "`" + std::string(key) + "` is no duration of at most 366 days",
                                 kDurationForms);
        return std::nullopt;
    }
    if (*span < range.least || *span > range.most) {
        const auto shown = [](base::Millis one) {
            return one < base::Millis{0} ? '-' + base::human_duration(-one)
                                         : base::human_duration(one);
        };
        fields.findings().refuse(
            fields.place_of(*value, key), "`" + std::string(key) + "` cannot be " + shown(*span),
            "write a duration from " + shown(range.least) + " to " + shown(range.most));
        return std::nullopt;
    }
    return span;
}

std::optional<std::int64_t> amount(Fields& fields, std::string_view key, std::int64_t least) {
    const Node* const value = fields.get(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    const auto number = amount_of(*value);
    const bool fits = number && *number >= static_cast<double>(least) && *number <= kMostAmount &&
                      std::abs(*number - std::round(*number)) < 1e-6;
    if (!fits) {
        const std::string at_least = least > 0 ? " of " + std::to_string(least) + " or more" : "";
        fields.findings().refuse(fields.place_of(*value, key),
                                 "`" + std::string(key) + "` is no count" + at_least, kAmountForms);
        return std::nullopt;
    }
    return std::llround(*number);
}

std::optional<std::int64_t> money(Fields& fields, std::string_view key) {
    const auto units = fields.number(key, {0, kMostMoney});
    return units ? std::optional<std::int64_t>(std::llround(*units * kMicros)) : std::nullopt;
}

std::optional<int> small_integer(Fields& fields, std::string_view key, const config::Range& range) {
    const auto number = fields.integer(key, range);
    return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

bool is_word(Fields& fields, std::string_view key, std::string_view word) {
    const Node* const value = fields.get(key);
    return value != nullptr && value->is_text() && value->text == word;
}

void refuse_key(const Node& map, Fields& fields, std::string_view key, const std::string& message,
                const std::string& advice) {
    if (map.find(key) != nullptr) {
        static_cast<void>(fields.get(key));
        fields.findings().refuse(fields.place_of_key(key), message, advice);
    }
}

std::vector<std::pair<std::string, std::string>> headers(Fields& fields, std::string_view key) {
    std::vector<std::pair<std::string, std::string>> all;
    const Node* const map = fields.get(key, Node::Kind::map);
    if (map == nullptr) {
        return all;
    }
    for (const config::Member& member : map->members) {
        const config::Place place{member.at, fields.path_of(key) + '.' + member.key};
        const auto text = config::name_text(member.value);
        if (carries_key(member.key)) {
            fields.findings().refuse(
                place, "the header `" + member.key + "` holds a key, which does not belong here",
                "write `api_key_env: VARIABLE` or `api_key_file: FILE` beside `headers`");
        } else if (!text || !is_header_name(member.key) || std::ranges::any_of(*text, is_control)) {
            fields.findings().refuse(place, "`" + member.key + "` is no name and text of a header",
                                     "leave out line breaks and special characters");
        } else {
            all.emplace_back(member.key, *text);
        }
    }
    return all;
}

bool is_pool_name(std::string_view name) {
    constexpr std::size_t kLongest = 60;
    return !name.empty() && name.size() <= kLongest && std::ranges::all_of(name, [](char one) {
        return is_letter_or_digit(one) || one == '.' || one == '_' || one == '-';
    });
}

bool is_plain_name(std::string_view name) {
    constexpr std::size_t kLongest = 200;
    return !name.empty() && name.size() <= kLongest &&
           std::ranges::none_of(name, [](char one) { return one == ' ' || is_control(one); });
}

bool is_variable_name(std::string_view name) {
    return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
           std::ranges::all_of(name,
                               [](char one) { return is_letter_or_digit(one) || one == '_'; });
}

}  // namespace fleet::fleet_file
