// What is left to chance: faults that strike and latencies, from a seed, so that the same calls in
// the same order meet the same luck. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/support/mock_provider/call.hpp"
#include "tests/support/mock_provider/scenario.hpp"
#include "tests/support/mock_provider/time.hpp"

namespace fleet::mock_provider {

class Draws {
  public:
    explicit Draws(std::uint64_t seed) : faults_(seed), latencies_(seed) {}

    /// Which fault strikes, of those that stand for an answer or of those that spoil one. A counted
    /// fault that strikes is used up by one.
    std::optional<Fault> strike(const std::vector<Fault>& faults, const Call& call,
                                bool spoils_an_answer);
    /// The counted faults of these names begin to count anew.
    void count_anew(const std::vector<std::string>& names);
    [[nodiscard]] Nanos latency(const LatencyRule& rule, std::int64_t output_tokens);

  private:
    std::mt19937_64 faults_;
    std::mt19937_64 latencies_;
    std::map<std::string, std::int64_t> used_{};  ///< how often a counted fault has struck
};

}  // namespace fleet::mock_provider
