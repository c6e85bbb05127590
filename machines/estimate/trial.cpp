#include "machines/estimate/trial.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stop_token>
#include <utility>
#include <variant>

#include "machines/agents/standard_agents.hpp"
#include "machines/engine/inline_runner.hpp"
#include "machines/estimate/stand_in.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace fleet::estimate {
namespace {

using calls::AgentRequest;
using calls::AgentResult;
using expression::Value;

/// Where a machine sets no limit itself.
constexpr std::int64_t kMostSteps = 1'000;

/// Thrown in place of a call, when all that is to be known of it is known.
struct Measured {
    model::CallEstimate estimate;
};

/// Lets nothing pass: tells how large the call would be.
class MeasuringGate final : public agents::ProviderGate {
  public:
    std::unique_ptr<agents::CallPermit> enter(const agents::CallPlan& plan,
                                              const std::stop_token& /*stop*/) override {
        throw Measured{plan.estimate};
    }
};

/// Without their keys: nothing is sent, so that a box without keys can tell as much.
agents::ProviderTable without_keys(agents::ProviderTable providers, const AllAgents& all) {
    for (const auto& [key, agent] : all) {
        providers[agent.provider.substr(0, agent.provider.find('/'))];
    }
    for (auto& [name, settings] : providers) {
        settings.api_key_file.clear();
        settings.api_key_env.clear();
        settings.needs_key = false;
    }
    return providers;
}

/// What the runs of one estimate count together; safe from any thread.
class Tally {
  public:
    void add(const Site& site, const std::optional<model::CallEstimate>& estimate) {
        const std::scoped_lock lock(mutex_);
        SiteTrial& trial = sites_[site];
        ++trial.calls;
        ++calls_;
        if (estimate) {
            ++trial.measured;
            trial.input_tokens += estimate->input_tokens;
        }
        if (calls_ >= kMostTrialCalls) {
            stop_.request_stop();
        }
    }
    [[nodiscard]] std::map<Site, SiteTrial> sites() const {
        const std::scoped_lock lock(mutex_);
        return sites_;
    }
    [[nodiscard]] std::stop_token stop() const { return stop_.get_token(); }
    void end() { stop_.request_stop(); }

  private:
    mutable std::mutex mutex_;
    std::map<Site, SiteTrial> sites_;
    std::int64_t calls_ = 0;
    std::stop_source stop_;
};

/// The agent up to the moment at which it would be asked, and an invented answer.
class TrialAgent final : public calls::Agent {
  public:
    TrialAgent(std::shared_ptr<calls::Agent> real, const AgentFacts& facts,
               const engine::Machine& machine, const TrialParts& parts, Tally& tally)
        : real_(std::move(real)), facts_(facts), machine_(machine), parts_(parts), tally_(tally) {}

    AgentResult call(const calls::CallScope& scope, const AgentRequest& request) override {
        if (scope.stop.stop_requested() || tally_.stop().stop_requested()) {
            throw base::Cancelled("the trial run of " + scope.machine_name);
        }
        const auto state = machine_.find_state(scope.state).value_or(0);
        tally_.add({machine_.index, state}, measure(scope, request));
        const std::int64_t tokens = parts_.answer_tokens(facts_, machine_.states[state].stage);
        return request.in_tool_loop ? stand_in({}, tokens) : stand_in(facts_.output, tokens);
    }
    [[nodiscard]] Value metadata() const override { return real_ ? real_->metadata() : Value(); }

  private:
    /// nullopt: it is no model, or its prompt cannot be written with invented answers.
    std::optional<model::CallEstimate> measure(const calls::CallScope& scope,
                                               const AgentRequest& request) {
        if (!real_) {
            return std::nullopt;
        }
        try {
            (void)real_->call(scope, request);
        } catch (const Measured& measured) {
            return measured.estimate;
        } catch (const calls::CallError&) {
            return std::nullopt;
        }
        return std::nullopt;
    }

    const std::shared_ptr<calls::Agent> real_;
    const AgentFacts& facts_;
    const engine::Machine& machine_;
    const TrialParts& parts_;
    Tally& tally_;
};

}  // namespace

class TrialRuns::Impl final : public engine::Surroundings {
  public:
    explicit Impl(TrialParts parts)
        : parts_(std::move(parts)),
          agents_({.gate = gate_,
                   .clock = parts_.clock,
                   .providers = without_keys(parts_.providers, parts_.agents)}),
          ends_at_(parts_.clock.boot_now() + kLongestTrials) {}

    bool run(std::string_view input) {
        if (is_over()) {
            result_.is_cut = true;
            return false;
        }
        engine::RunOptions options;
        options.execution_id = new_execution_id();
        options.stop = tally_.stop();
        if (parts_.program->machines()[parts_.entry].max_steps == 0) {
            options.max_steps = kMostSteps;
        }
        try {
            engine::InlineRunner runner(parts_.program, *this);
            const engine::Outcome outcome =
                runner.start(parts_.entry, std::move(options),
                             input.empty() ? Value::dict({}) : expression::from_json(input));
            runner.wait();
            ++result_.items;
            if (const auto* const failure = std::get_if<engine::Failure>(&outcome)) {
                note(failure->message);
            } else if (const auto* const waiting = std::get_if<engine::Waiting>(&outcome)) {
                note("it waits for a signal of the channel " + waiting->channel);
            }
        } catch (const base::Cancelled&) {
            result_.is_cut = true;
        } catch (const engine::MachineError& error) {
            ++result_.items;
            note(error.failure().message);
        }
        result_.is_cut = result_.is_cut || tally_.stop().stop_requested();
        return !result_.is_cut;
    }

    [[nodiscard]] Trials result() const {
        Trials trials = result_;
        trials.sites = tally_.sites();
        return trials;
    }

    void checkpoint(const engine::RunIdentity& /*run*/, const engine::MachineSnapshot& /*snapshot*/,
                    bool /*kept*/) override {
        if (is_over()) {
            throw base::Cancelled("the trial runs have taken too long");
        }
    }
    void amend(const engine::RunIdentity& /*run*/, const engine::MachineSnapshot& /*snapshot*/,
               bool /*kept*/) override {}
    std::unique_ptr<calls::Hooks> hooks(const engine::RunIdentity& /*run*/,
                                        const std::string& /*name*/,
                                        const Value& /*args*/) override {
        return std::make_unique<calls::Hooks>();
    }
    std::shared_ptr<calls::Agent> agent(const engine::RunIdentity& run,
                                        const config::AgentDefinition& definition) override {
        const auto found = parts_.agents.find({run.machine->index, definition.name});
        static const AgentFacts kNothing;
        const AgentFacts& facts = found == parts_.agents.end() ? kNothing : found->second;
        const bool is_model = facts.program.empty() && facts.trouble.empty();
        std::shared_ptr<calls::Agent> real;
        if (is_model) {
            real = agents_.make({.definition = definition,
                                 .files = parts_.program->bundle().files,
                                 .machine_file = run.machine->definition->file});
        }
        return std::make_shared<TrialAgent>(std::move(real), facts, *run.machine, parts_, tally_);
    }
    std::optional<Value> receive(const engine::RunIdentity& /*run*/, const std::string& /*channel*/,
                                 std::optional<base::Millis> /*timeout*/) override {
        return Value::dict({});
    }
    void child_began(const engine::RunIdentity& /*child*/, const Value& /*input*/) override {
        if (++children_ > kMostTrialChildren) {
            tally_.end();
            throw base::Cancelled("the trial runs have too many children");
        }
    }
    void child_ended(const engine::RunIdentity& /*child*/,
                     const engine::Outcome& /*outcome*/) override {
        --children_;
    }
    std::string new_execution_id() override { return "trial-" + std::to_string(++ids_); }

  private:
    [[nodiscard]] bool is_over() const { return parts_.clock.boot_now() >= ends_at_; }
    void note(const std::string& why) {
        result_.why = result_.ended_early++ == 0 ? why : result_.why;
    }

    const TrialParts parts_;
    MeasuringGate gate_;
    agents::StandardAgents agents_;
    const base::BootTime ends_at_;
    Tally tally_;
    Trials result_;
    std::atomic<std::int64_t> ids_ = 0;
    std::atomic<int> children_ = 0;
};

TrialRuns::TrialRuns(TrialParts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}

TrialRuns::~TrialRuns() = default;

bool TrialRuns::run(std::string_view input) {
    return impl_->run(input);
}

Trials TrialRuns::result() const {
    return impl_->result();
}

}  // namespace fleet::estimate
