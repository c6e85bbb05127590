// What tests of agents have in common: a gate that notes what passes it, agents made of texts, and
// an environment with a key.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"
#include "machines/agents/standard_agents.hpp"
#include "machines/config/document.hpp"
#include "machines/expression/print.hpp"

namespace fleet::agents_test {

inline constexpr const char* kKey = "sk-verysecret-0123456789";

class NotingGate final : public agents::ProviderGate {
  public:
    [[nodiscard]] std::unique_ptr<agents::CallPermit> enter(const agents::CallPlan& plan,
                                                            const std::stop_token& stop) override {
        if (stop.stop_requested()) {
            throw base::Cancelled("stopped");
        }
        const std::scoped_lock lock(mutex_);
        plans_.push_back(plan);
        return std::make_unique<Permit>(*this);
    }

    [[nodiscard]] std::vector<agents::CallPlan> plans() const {
        const std::scoped_lock lock(mutex_);
        return plans_;
    }
    [[nodiscard]] int begun() const {
        const std::scoped_lock lock(mutex_);
        return begun_;
    }
    [[nodiscard]] std::vector<model::CallOutcome> outcomes() const {
        const std::scoped_lock lock(mutex_);
        return outcomes_;
    }

  private:
    class Permit final : public agents::CallPermit {
      public:
        explicit Permit(NotingGate& gate) : gate_(gate) {}
        void begin() override {
            const std::scoped_lock lock(gate_.mutex_);
            ++gate_.begun_;
        }
        void report(const model::CallOutcome& outcome) override {
            const std::scoped_lock lock(gate_.mutex_);
            gate_.outcomes_.push_back(outcome);
        }

      private:
        NotingGate& gate_;
    };

    mutable std::mutex mutex_;  ///< guards all below
    std::vector<agents::CallPlan> plans_;
    int begun_ = 0;
    std::vector<model::CallOutcome> outcomes_;
};

/// A worker's agents, and files that agents refer to by name.
class Bench {
  public:
    explicit Bench(agents::ProviderTable providers = {})
        : agents_({.gate = gate,
                   .clock = clock_,
                   .providers = std::move(providers),
                   .classes = {},
                   .environment = {"PATH=/usr/bin:/bin", std::string("ACME_API_KEY=") + kKey}}) {}

    void add_file(const std::string& name, const std::string& text) {
        auto parsed = config::parse_document(text, name, config::syntax_of(name));
        if (!parsed.root) {
            throw std::runtime_error(parsed.diagnostics.front().line());
        }
        files_[name] = std::move(*parsed.root);
    }

    /// An agent in a file of its own.
    std::shared_ptr<calls::Agent> agent(const std::string& text,
                                        const std::string& name = "agent.yml") {
        add_file(name, text);
        config::AgentDefinition definition;
        definition.name = "writer";
        definition.form = config::AgentForm::file;
        definition.file = name;
        definition.document = files_[name];
        return make(definition);
    }
    /// `{type: ..., config: {...}}` in the machine's file.
    std::shared_ptr<calls::Agent> adapter(const std::string& type, const std::string& text) {
        auto parsed = config::parse_document(text, "machine.yml", config::Syntax::yaml);
        config::AgentDefinition definition;
        definition.name = "writer";
        definition.form = config::AgentForm::adapter;
        definition.type = type;
        definition.config = std::move(parsed.root);
        return make(definition);
    }
    std::shared_ptr<calls::Agent> make(const config::AgentDefinition& definition) {
        return agents_.make({.definition = definition,
                             .files = files_,
                             .machine_file = "machine.yml",
                             .phase = "expensive"});
    }

    NotingGate gate;

  private:
    base::SystemClock clock_;
    std::map<std::string, config::Node> files_;
    agents::StandardAgents agents_;
};

/// An agent of the provider "acme" at that URL. `more`: further lines of the model, `prompt`: of
/// the prompt.
inline std::string agent_at(const std::string& url, const std::string& more = {},
                            const std::string& prompt = "user: \"Say {{ input.word }}\"") {
    return "spec: flatagent\nspec_version: \"4.2.1\"\ndata:\n  prompt:\n    " + prompt +
           "\n  profile:\n    type: llm\n    model:\n      provider: acme\n      name: m1\n"
           "      base_url: " +
           url + "\n" + more;
}

inline calls::AgentRequest saying(const std::string& word) {
    calls::AgentRequest request;
    request.input = expression::from_json(R"({"word": ")" + word + "\"}");
    return request;
}

}  // namespace fleet::agents_test
