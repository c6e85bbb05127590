// One limit of a provider, as a scenario states it. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace fleet::mock_provider {

/// What is counted.
enum class Quantity { requests, tokens, input_tokens, output_tokens };

/// How it is counted.
enum class LimitKind {
    token_bucket,    ///< refills steadily at amount per window, holds at most `burst`
    fixed_window,    ///< `amount` in each window, then from the beginning
    sliding_window,  ///< `amount` in any span as long as the window (a log of what was taken)
};

/// Where the windows of a fixed window begin.
enum class WindowStart {
    aligned,     ///< at multiples of the window since the Unix epoch: full minutes, UTC days
    first_call,  ///< with the first call after the window before has ended
};

/// Who shares one count.
enum class LimitScope { all, model, key, model_and_key };

struct LimitRule {
    std::string name;
    Quantity quantity = Quantity::requests;
    LimitKind kind = LimitKind::token_bucket;
    std::int64_t amount = 0;  ///< per window
    std::chrono::nanoseconds window = std::chrono::minutes(1);
    std::int64_t burst = 0;  ///< token buckets only
    WindowStart start = WindowStart::aligned;
    LimitScope scope = LimitScope::all;
    std::vector<std::string> models{};  ///< applies to these only; empty: to all
    std::vector<std::string> keys{};    ///< applies to these only; empty: to all
    /// Output counts as the call's `max_tokens` (if it has one) and not as what is answered.
    bool reserve_max_tokens = false;
    /// A refused call takes what is left of this limit, up to its own size.
    bool count_refused = false;
    /// Rate-limit headers may name it.
    bool shown = true;

    friend bool operator==(const LimitRule&, const LimitRule&) = default;
};

}  // namespace fleet::mock_provider
