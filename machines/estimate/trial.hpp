// A trial run: a machine goes through its states on an item, with answers that stand in for those
// of its agents. It tells how large the prompts are that the item makes, and how often each state
// calls its agent when the answers say nothing.
//
// Nothing leaves the process: no provider is called, no program and no hook is started, no signal
// is waited for, nothing is stored. Actions and hooks leave the context as it is.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.hpp"
#include "machines/agents/provider_settings.hpp"
#include "machines/engine/program.hpp"
#include "machines/estimate/agent_facts.hpp"
#include "machines/estimate/graph_calls.hpp"

namespace fleet::estimate {

struct SiteTrial {
    std::int64_t calls = 0;
    std::int64_t measured = 0;      ///< of them, those whose request was written
    std::int64_t input_tokens = 0;  ///< of these, as a worker would reserve them
};

struct Trials {
    std::map<Site, SiteTrial> sites;
    std::int64_t items = 0;
    /// Some did not come to their end, for want of what actions and signals would have told.
    std::int64_t ended_early = 0;
    std::string why;      ///< of the first of them
    bool is_cut = false;  ///< it took too long or called too often: the rest was left out
};

struct TrialParts {
    std::shared_ptr<const engine::Program> program;
    const AllAgents& agents;
    const agents::ProviderTable& providers;
    const base::Clock& clock;
    /// How long the answer of an agent in that stage is, in tokens.
    std::function<std::int64_t(const AgentFacts& agent, const std::string& stage)> answer_tokens;
    std::size_t entry = 0;  ///< into the program's machines
};

/// All trials of an estimate together make at most so many calls and take at most so long; of a
/// machine that multiplies, no more children are under way at once.
inline constexpr std::int64_t kMostTrialCalls = 20'000;
inline constexpr base::Millis kLongestTrials{5'000};
inline constexpr int kMostTrialChildren = 256;

class TrialRuns {
  public:
    explicit TrialRuns(TrialParts parts);
    TrialRuns(const TrialRuns&) = delete;
    TrialRuns& operator=(const TrialRuns&) = delete;
    ~TrialRuns();

    /// `input`: an item's JSON. False once no more should be run.
    bool run(std::string_view input);
    [[nodiscard]] Trials result() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fleet::estimate
