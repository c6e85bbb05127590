// An answer that an agent might give: of the agent's form and of a given length, with nothing in
// it. It stands where the prompts of later agents hold the answers of earlier ones. Pure.
#pragma once

#include <cstdint>

#include "machines/agents/output_schema.hpp"
#include "machines/calls/agents.hpp"

namespace fleet::estimate {

/// What a token has in the mean, as everywhere in the fleet.
inline constexpr std::int64_t kBytesOfAToken = 4;

/// The texts of the answer divide `tokens` among them: one item a list, the first of a text's
/// choices. Without a schema it is the answer's content.
[[nodiscard]] calls::AgentResult stand_in(const agents::OutputSchema& schema, std::int64_t tokens);

}  // namespace fleet::estimate
