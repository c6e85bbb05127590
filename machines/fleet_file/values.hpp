// Values of a fleet's file that have forms of their own: durations, sizes, money, names. Each
// function reports what is wrong into the fields' findings and gives nullopt then. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/time.hpp"
#include "machines/config/fields.hpp"

namespace fleet::fleet_file {

struct DurationRange {
    base::Millis least{0};
    base::Millis most = std::chrono::hours(24 * 366);
};

/// "500ms", "30s", "1h30m", "7d", "-8h" where the range allows it; a number is seconds.
[[nodiscard]] std::optional<base::Millis> duration(config::Fields& fields, std::string_view key,
                                                   const DurationRange& range = {});

/// 5000, 200k, 5M, 1.5G: thousands, not 1024s. At most 10^15.
[[nodiscard]] std::optional<std::int64_t> amount(config::Fields& fields, std::string_view key,
                                                 std::int64_t least = 0);

/// Units of a currency with decimals, in millionths.
[[nodiscard]] std::optional<std::int64_t> money(config::Fields& fields, std::string_view key);

/// A whole number that is an int, within the range.
[[nodiscard]] std::optional<int> small_integer(config::Fields& fields, std::string_view key,
                                               const config::Range& range);

/// Whether the value is exactly this word. The key is known from now on.
[[nodiscard]] bool is_word(config::Fields& fields, std::string_view key, std::string_view word);

/// Reports a key that must not be here, if it is.
void refuse_key(const config::Node& map, config::Fields& fields, std::string_view key,
                const std::string& message, const std::string& advice);

/// Names and texts of a mapping of headers.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> headers(config::Fields& fields,
                                                                       std::string_view key);

/// 1 to 60 letters, digits, '.', '_' or '-'.
[[nodiscard]] bool is_pool_name(std::string_view name);
/// Not empty, at most 200 bytes, without white space and control characters.
[[nodiscard]] bool is_plain_name(std::string_view name);
/// As a shell has them.
[[nodiscard]] bool is_variable_name(std::string_view name);

}  // namespace fleet::fleet_file
