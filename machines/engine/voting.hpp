// Voting on the answers of one agent: the first candidate that is ahead of all others by k, or that
// was given k times, wins. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "machines/calls/agents.hpp"
#include "machines/config/machine_config.hpp"

namespace fleet::engine {

class Voting {
  public:
    /// `metadata` of the agent may hold `mdap: {k_margin, max_candidates, max_response_tokens}`
    /// and `parsing: {field: {pattern, type}}`: how a text becomes a candidate. Throws CallError
    /// ValueError for a pattern that is none.
    Voting(const config::Execution& execution, const expression::Value& metadata);
    Voting(const Voting&) = delete;
    Voting& operator=(const Voting&) = delete;
    ~Voting();

    /// Another answer is needed.
    [[nodiscard]] bool is_open() const;
    void add(const calls::AgentResult& result);
    /// A call that gave no answer.
    void add_failure();
    /// The candidate with most votes, of equals the one that came first; nullopt without any.
    [[nodiscard]] std::optional<expression::Value> winner() const;

  private:
    struct Field;
    struct Candidate {
        std::string key;
        expression::Value value;
        std::int64_t votes = 0;
    };
    [[nodiscard]] std::optional<expression::Value> candidate_of(
        const calls::AgentResult& result) const;
    [[nodiscard]] std::optional<expression::Value> parse(const std::string& content) const;

    std::vector<std::unique_ptr<const Field>> fields_;
    std::int64_t margin_;
    std::int64_t most_;
    std::int64_t longest_tokens_ = 0;  ///< 0: any length
    std::int64_t asked_ = 0;
    bool decided_ = false;
    std::vector<Candidate> candidates_;  ///< in the order in which they came first
};

}  // namespace fleet::engine
