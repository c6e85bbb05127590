// One call to a provider as the fleet counts it: what it may take at most, and what became of it.
// Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/time.hpp"
#include "common/model/rate_limit.hpp"

namespace fleet::model {

/// The most that a call may use, known before it is sent: its own text, counted or estimated, and
/// the longest answer that it asks for.
struct CallEstimate {
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
    std::int64_t cost_micros = 0;  ///< millionths of the account's currency; 0: unknown price
    bool operator==(const CallEstimate&) const = default;
};

/// What the answer said was used.
struct CallUsage {
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
    std::int64_t cost_micros = 0;
    bool operator==(const CallUsage&) const = default;
};

enum class CallEnd {
    answered,      ///< a usable answer, whatever its content
    refused,       ///< the provider said no: see the rate limit's `refusal`
    server_error,  ///< 500 and its like, or an answer that cannot be read
    timed_out,     ///< no whole answer in time
    unreachable,   ///< name, connection or TLS failed: nothing was sent
    abandoned,     ///< the caller was stopped, or its worker died: nobody knows
};
[[nodiscard]] std::string_view to_text(CallEnd end);

struct CallOutcome {
    CallEnd end = CallEnd::abandoned;
    bool usage_known = false;  ///< else the call is charged what was reserved
    CallUsage usage;
    base::Millis latency{0};  ///< from the first byte sent to the last one read
    RateLimit rate_limit;
    bool operator==(const CallOutcome&) const = default;
};

}  // namespace fleet::model
