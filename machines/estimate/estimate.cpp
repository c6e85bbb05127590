#include "machines/estimate/estimate.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace fleet::estimate {
namespace {

constexpr double kTokensOfAPrice = 1e6;
constexpr double kMicros = 1e6;

/// One state's part of a line, for an item.
struct Part {
    double calls = 0;
    CallsFrom calls_from = CallsFrom::graph;
    double input_tokens = 0;
    InputFrom input_from = InputFrom::prompt_text;
};

class Maker {
  public:
    explicit Maker(const EstimateParts& parts) : parts_(parts) {}

    Estimate make() {
        for (const SiteRuns& runs : sites_of(parts_.program, parts_.entry)) {
            add(runs);
        }
        Estimate estimate;
        std::map<std::string, ProviderLine> providers;
        for (AgentLine& line : lines_) {
            finish(line);
            if (!line.provider.empty()) {
                add_to(providers[line.provider], line);
            }
            estimate.agents.push_back(std::move(line));
        }
        for (auto& [name, line] : providers) {
            estimate.providers.push_back(std::move(line));
        }
        return estimate;
    }

  private:
    void add(const SiteRuns& runs) {
        const engine::Machine& machine = parts_.program.machines()[runs.site.machine];
        const engine::State& state = machine.states[runs.site.state];
        const std::string& agent = *state.definition->agent;
        const auto found = parts_.agents.find({runs.site.machine, agent});
        static const AgentFacts kUnknown;
        const AgentFacts& facts = found == parts_.agents.end() ? kUnknown : found->second;
        AgentLine& line = line_of(machine, state, facts);
        line.states.push_back(state.definition->name);
        const bool repairs = facts.program.empty() && !facts.output.empty();
        Bounds calls = runs.visits * calls_of_visit(*state.definition, repairs);
        const Part part = part_of(runs.site, state, facts, line.history, calls);
        const auto items = static_cast<double>(parts_.items);
        calls = calls * Bounds{items, items, items * parts_.max_attempts};
        line.bounds = line.bounds + calls;
        // Sums until the line is finished.
        line.input_tokens += part.input_tokens * part.calls * items;
        line.calls += part.calls * items;
        line.calls_from = std::max(line.calls_from, part.calls_from);
        line.input_from = std::max(line.input_from, part.input_from);
    }

    AgentLine& line_of(const engine::Machine& machine, const engine::State& state,
                       const AgentFacts& facts) {
        const std::string& agent = *state.definition->agent;
        for (AgentLine& line : lines_) {
            if (line.stage == state.stage && line.agent == agent &&
                line.machine == machine.definition->name) {
                return line;
            }
        }
        AgentLine line;
        line.stage = state.stage;
        line.agent = agent;
        line.machine = machine.definition->name;
        line.provider = facts.provider;
        line.program = facts.program;
        line.trouble = facts.trouble;
        line.calls_from = CallsFrom::history;
        line.input_from = InputFrom::trial;
        if (const auto known = parts_.calls.find({facts.provider, state.stage});
            known != parts_.calls.end() && !facts.provider.empty()) {
            line.history = known->second;
            line.output_tokens = known->second.output_tokens;
            line.output_from = OutputFrom::history;
        } else {
            line.output_tokens = static_cast<double>(facts.most_output_tokens);
            line.output_from = facts.says_most ? OutputFrom::max_tokens : OutputFrom::default_most;
        }
        prices_.push_back(facts.prices);
        lines_.push_back(std::move(line));
        return lines_.back();
    }

    [[nodiscard]] Part part_of(const Site& site, const engine::State& state,
                               const AgentFacts& facts, const std::optional<CallHistory>& history,
                               const Bounds& calls) const {
        Part part;
        const auto trial = parts_.trials.sites.find(site);
        const bool is_tried = trial != parts_.trials.sites.end() && parts_.trials.items > 0;
        const auto known = parts_.machine.calls.find(state.definition->name);
        if (site.machine == parts_.entry && parts_.machine.executions > 0) {
            part.calls = known == parts_.machine.calls.end() ? 0 : known->second;
            part.calls_from = CallsFrom::history;
        } else if (calls.is_exact()) {
            part.calls = calls.least;
            part.calls_from = CallsFrom::graph;
        } else if (parts_.trials.items > 0) {
            const double tried = is_tried ? static_cast<double>(trial->second.calls) /
                                                static_cast<double>(parts_.trials.items)
                                          : 0;
            part.calls = std::max(calls.least, tried);
            part.calls_from = CallsFrom::trial;
        } else {
            part.calls = calls.least;
            part.calls_from = CallsFrom::at_least;
        }
        if (is_tried && trial->second.measured > 0) {
            part.input_tokens = static_cast<double>(trial->second.input_tokens) /
                                static_cast<double>(trial->second.measured);
            part.input_from = InputFrom::trial;
        } else if (history) {
            part.input_tokens = history->input_tokens;
            part.input_from = InputFrom::history;
        } else {
            constexpr double kBytes = 4;
            part.input_tokens = static_cast<double>(facts.prompt_bytes) / kBytes;
            part.input_from = InputFrom::prompt_text;
        }
        return part;
    }

    void finish(AgentLine& line) const {
        line.input_tokens = line.calls > 0 ? line.input_tokens / line.calls : 0;
        const auto& prices = prices_[static_cast<std::size_t>(&line - lines_.data())];
        if (prices) {
            line.cost_micros =
                line.calls *
                (line.input_tokens * prices->input + line.output_tokens * prices->output) *
                (kMicros / kTokensOfAPrice);
        }
    }

    static void add_to(ProviderLine& sum, const AgentLine& line) {
        const bool is_first = sum.provider.empty();
        sum.provider = line.provider;
        sum.calls += line.calls;
        sum.input_tokens += line.calls * line.input_tokens;
        sum.output_tokens += line.calls * line.output_tokens;
        sum.is_at_most = sum.is_at_most || (line.calls > 0 && line.is_at_most());
        if (!line.cost_micros || (!is_first && !sum.cost_micros)) {
            sum.cost_micros.reset();
        } else {
            sum.cost_micros = sum.cost_micros.value_or(0) + *line.cost_micros;
        }
    }

    const EstimateParts& parts_;
    std::vector<AgentLine> lines_;
    std::vector<std::optional<agents::Prices>> prices_;  ///< of the lines
};

}  // namespace

std::string_view to_text(CallsFrom source) {
    constexpr std::array<std::string_view, 4> kNames{"history", "graph", "trial", "at_least"};
    return kNames.at(static_cast<std::size_t>(source));
}

std::string_view to_text(InputFrom source) {
    constexpr std::array<std::string_view, 3> kNames{"trial", "history", "prompt_text"};
    return kNames.at(static_cast<std::size_t>(source));
}

std::string_view to_text(OutputFrom source) {
    constexpr std::array<std::string_view, 3> kNames{"history", "max_tokens", "default_max_tokens"};
    return kNames.at(static_cast<std::size_t>(source));
}

Estimate make_estimate(const EstimateParts& parts) {
    return Maker(parts).make();
}

}  // namespace fleet::estimate
