// The limits that an answer's headers state, whatever provider wrote them. Pure.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"
#include "common/model/rate_limit.hpp"

namespace fleet::limits {

struct HeaderField {
    std::string_view name;
    std::string_view value;
};

/// More limits than these are not looked at.
inline constexpr std::size_t kMostWindows = 16;
/// A reset that is stated as later counts as this.
inline constexpr base::Millis kLongestReset = std::chrono::hours(24 * 31);

/// `provider`: "groq" or "groq/model". By the first of two headers of one name. Dropped: counts
/// that are negative, no numbers or above 10^15, limits of 0 (some say so for "none"), resets in
/// none of the forms of parse_wait.
[[nodiscard]] std::vector<model::LimitWindow> limit_windows(std::string_view provider,
                                                            std::span<const HeaderField> headers,
                                                            base::WallTime answered_at);

/// The header's value, its name in any case; empty when it is not there.
[[nodiscard]] std::string_view find_header(std::span<const HeaderField> headers,
                                           std::string_view name);

/// Whether both are the same but for the case of their ASCII letters.
[[nodiscard]] bool is_same_name(std::string_view left, std::string_view right);

}  // namespace fleet::limits
