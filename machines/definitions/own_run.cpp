#include "machines/definitions/own_run.hpp"

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

#include "common/base/errors.hpp"
#include "machines/engine/inline_runner.hpp"

namespace fleet::definitions {
namespace {

using engine::RunIdentity;
using expression::Value;

/// What the hooks of all states share.
struct Shared {
    const Actions& actions;
    /// Actions run one at a time: it is held while one runs.
    std::mutex turn;
    /// What an action threw that the engine may make a failure of.
    std::exception_ptr thrown;
};

class OwnHooks final : public calls::Hooks {
  public:
    explicit OwnHooks(Shared& shared) : shared_(shared) {}

    Value on_action(const calls::CallScope& /*scope*/, const std::string& action,
                    Value context) override {
        const auto found = shared_.actions.find(action);
        if (found == shared_.actions.end()) {
            return context;  // of other hooks of the state
        }
        const std::scoped_lock lock(shared_.turn);
        try {
            found->second(context);
        } catch (const base::ConfigError&) {
            shared_.thrown = std::current_exception();
            throw;
        }
        return context;
    }

  private:
    Shared& shared_;
};

/// A process of its own: nothing is kept, nobody signals.
class OwnSurroundings final : public engine::Surroundings {
  public:
    OwnSurroundings(Shared& shared, calls::HooksRegistry* more, std::string id, base::Log& log)
        : shared_(shared), more_(more), id_(std::move(id)), log_(log) {}

    void checkpoint(const RunIdentity& /*run*/, const engine::MachineSnapshot& /*snapshot*/,
                    bool /*kept*/) override {}
    void amend(const RunIdentity& /*run*/, const engine::MachineSnapshot& /*snapshot*/,
               bool /*kept*/) override {}
    std::unique_ptr<calls::Hooks> hooks(const RunIdentity& /*run*/, const std::string& name,
                                        const Value& args) override {
        if (name == kOwnHooks) {
            return std::make_unique<OwnHooks>(shared_);
        }
        auto hooks = more_ == nullptr ? nullptr : more_->make(name, args);
        if (!hooks) {
            throw engine::MachineError(engine::FailureClass::unknown_hook, "ValueError",
                                       "there are no hooks `" + name + "`");
        }
        return hooks;
    }
    std::shared_ptr<calls::Agent> agent(const RunIdentity& /*run*/,
                                        const config::AgentDefinition& /*definition*/) override {
        throw engine::MachineError(engine::FailureClass::unknown_agent_type, "ValueError",
                                   "a program's own machine has no agents");
    }
    std::optional<Value> receive(const RunIdentity& /*run*/, const std::string& /*channel*/,
                                 std::optional<base::Millis> /*timeout*/) override {
        return std::nullopt;
    }
    std::string new_execution_id() override { return id_ + "." + std::to_string(++children_); }
    void warn(const RunIdentity& run, const std::string& message) override {
        log_.warn(message, {{"machine", run.machine->definition->name}});
    }

  private:
    Shared& shared_;
    calls::HooksRegistry* const more_;
    const std::string id_;
    base::Log& log_;
    std::atomic<std::uint64_t> children_ = 0;
};

/// The action's own exception if it is the one that ended the machine: it knows more.
void rethrow_if_same(const std::exception_ptr& thrown, const engine::Failure& failure) {
    if (!thrown) {
        return;
    }
    try {
        std::rethrow_exception(thrown);
    } catch (const base::ConfigError& error) {
        if (failure.message == error.what()) {
            throw;
        }
    }
}

}  // namespace

void run_own_machine(const OwnMachine& machine, const Actions& actions, const std::string& id,
                     base::Log& log) {
    Shared shared{actions, {}, {}};
    OwnSurroundings surroundings(shared, machine.hooks.get(), id, log);
    engine::InlineRunner runner(machine.program, surroundings);
    engine::RunOptions options;
    options.execution_id = id;
    const engine::Outcome outcome = runner.start(0, std::move(options), Value::dict({}));
    runner.wait();
    if (const auto* failure = std::get_if<engine::Failure>(&outcome)) {
        rethrow_if_same(shared.thrown, *failure);
        const std::string& file = machine.program->machines().front().definition->file;
        throw base::ConfigError(
            "running the machine " + file + ": " + failure->type + ": " + failure->message,
            "without --machine the program runs its built-in one");
    }
}

}  // namespace fleet::definitions
