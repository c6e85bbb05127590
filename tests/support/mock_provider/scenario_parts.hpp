// The parts of a scenario that are tables of named entries; see scenario.hpp for their keys. Only
// scenario.cpp reads a whole one. Each throws ConfigError "`where`...".
#pragma once

#include <string>
#include <vector>

#include "tests/support/mock_provider/scenario.hpp"

namespace fleet::mock_provider {

/// Of one call; far above what any model takes, far below where sums overflow.
constexpr std::int64_t kMaximumTokens = 1'000'000'000;

[[nodiscard]] std::vector<LimitRule> read_limits(const base::Json& json, const std::string& where,
                                                 double factor);
[[nodiscard]] std::vector<AnswerRule> read_answers(const base::Json& json,
                                                   const std::string& where);
[[nodiscard]] std::vector<Fault> read_faults(const base::Json& json, const std::string& where);

}  // namespace fleet::mock_provider
