// What a provider said of its limits with one answer, in one form for all providers.
//
// Plain values. Filled from headers and error texts by machines/limits, read by common/pace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"

namespace fleet::model {

/// What a limit counts.
enum class Quantity { requests, tokens, input_tokens, output_tokens };
[[nodiscard]] std::string_view to_text(Quantity quantity);

/// One limit as stated: at most `limit` of `quantity` in each `window`, `remaining` of them left
/// until `reset_after`. What the provider did not say is absent.
struct LimitWindow {
    Quantity quantity = Quantity::requests;
    std::optional<std::int64_t> limit = {};
    std::optional<std::int64_t> remaining = {};
    std::optional<base::Millis> reset_after = {};  ///< from the moment the answer came
    std::optional<base::Millis> window = {};       ///< the length of the window, stated or known
    bool operator==(const LimitWindow&) const = default;
};

/// What kind of "no" an answer is.
enum class Refusal {
    none,
    per_second,   ///< too many in a second or of a burst
    per_minute,   ///< too many in a minute; also a 429 that says nothing more
    per_hour,     ///< too many in an hour
    per_day,      ///< the day's allowance is used up
    overloaded,   ///< the provider itself has too much to do (503, 529)
    billing,      ///< no money left (402, "insufficient quota"): a person has to act
    auth,         ///< key missing, wrong or without the right (401, 403): a person has to act
    too_long,     ///< more tokens than the model takes: the same call can never succeed
    bad_request,  ///< the provider will never take this call (400, 404, 413, 422)
};
[[nodiscard]] std::string_view to_text(Refusal refusal);
[[nodiscard]] std::optional<Refusal> parse_refusal(std::string_view text);
/// The provider limits the pace: the call may go again later as it is.
[[nodiscard]] bool is_rate_limit(Refusal refusal);
/// Every other call would get the same answer until a person acts.
[[nodiscard]] bool needs_person(Refusal refusal);

struct RateLimit {
    std::vector<LimitWindow> windows;
    /// How long to wait before the next call, as stated (`Retry-After` and its relatives).
    std::optional<base::Millis> retry_after;
    Refusal refusal = Refusal::none;
    bool operator==(const RateLimit&) const = default;
};

}  // namespace fleet::model
