// The members of an AgentResult that are objects, as the runtime specification has them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/time.hpp"
#include "common/model/rate_limit.hpp"
#include "machines/agents/chat.hpp"
#include "machines/agents/model_endpoint.hpp"
#include "machines/expression/value.hpp"

namespace fleet::agents {

/// All exchanges of one call together.
struct CallSum {
    std::int64_t api_calls = 0;
    ChatUsage usage;
    double cost = 0;
    bool has_cost = false;

    void take(const ModelEndpoint& endpoint, const Exchange& exchange);
};

/// {input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, api_calls}.
[[nodiscard]] expression::Value usage_value(const CallSum& sum);
/// {total}, or null where no price is known.
[[nodiscard]] expression::Value cost_value(const CallSum& sum);
/// {limited, retry_after, windows: [{name, resource, remaining, limit, resets_in, reset_at}]},
/// times in seconds; null where the answer said nothing of limits.
[[nodiscard]] expression::Value rate_limit_value(const model::RateLimit& limits,
                                                 base::WallTime now);
/// {provider, model, request_id, raw_headers, status_code, error_code}.
[[nodiscard]] expression::Value provider_value(const ModelEndpoint& endpoint,
                                               const Exchange& exchange);

}  // namespace fleet::agents
