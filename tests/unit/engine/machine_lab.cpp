#include "tests/unit/engine/machine_lab.hpp"

#include <condition_variable>
#include <fstream>
#include <utility>

#include "machines/config/machine_bundle.hpp"
#include "machines/expression/operators.hpp"
#include "machines/expression/print.hpp"

namespace fleet::test {
namespace {

using expression::Value;

class LabHooks final : public calls::Hooks {
  public:
    Value on_action(const calls::CallScope& scope, const std::string& action,
                    Value context) override {
        if (action == "increment") {
            const Value* n = context.find("n");
            context.set("n", Value::integer(n->as_integer() + 1));
        } else if (action == "fail_at_two") {
            if (expression::equal(*context.find("x"), Value::integer(2))) {
                throw calls::CallError("ValueError", "two is refused");
            }
        } else if (action == "wait_for_stop") {
            std::mutex mutex;
            std::unique_lock lock(mutex);
            std::condition_variable_any nobody_notifies;
            nobody_notifies.wait(lock, scope.stop, [] { return false; });
            throw base::Cancelled("waiting in a test");
        }
        return context;
    }
};

}  // namespace

class MachineLab::Surroundings final : public engine::Surroundings {
  public:
    void checkpoint(const engine::RunIdentity& run, const engine::MachineSnapshot& snapshot,
                    bool kept) override {
        const std::scoped_lock lock(mutex);
        if (run.depth > 0 || !kept) {
            return;
        }
        latest = snapshot;
        events.push_back(std::string(engine::name_of(snapshot.event)) + " " +
                         snapshot.current_state + " " + std::to_string(snapshot.step));
        if (events.back() == tear_down) {
            tear_down.clear();
            throw TornDown("torn down");
        }
    }
    void amend(const engine::RunIdentity& /*run*/, const engine::MachineSnapshot& snapshot,
               bool /*kept*/) override {
        const std::scoped_lock lock(mutex);
        latest = snapshot;
    }
    std::unique_ptr<calls::Hooks> hooks(const engine::RunIdentity& /*run*/,
                                        const std::string& /*name*/,
                                        const Value& /*args*/) override {
        return std::make_unique<LabHooks>();
    }
    std::shared_ptr<calls::Agent> agent(const engine::RunIdentity& /*run*/,
                                        const config::AgentDefinition& definition) override {
        throw engine::MachineError(engine::FailureClass::unknown_agent_type, "KeyError",
                                   "no agents here: " + definition.name);
    }
    std::optional<Value> receive(const engine::RunIdentity& /*run*/, const std::string& channel,
                                 std::optional<base::Millis> /*timeout*/) override {
        const std::scoped_lock lock(mutex);
        auto& queue = signals[channel];
        if (queue.empty()) {
            return std::nullopt;
        }
        auto data = std::make_optional(queue.front());
        queue.pop_front();
        return data;
    }
    std::string new_execution_id() override { return "child-" + std::to_string(++ids); }

    std::mutex mutex;
    std::vector<std::string> events;
    std::optional<engine::MachineSnapshot> latest;
    std::map<std::string, std::deque<Value>> signals;
    std::string tear_down;
    std::atomic<int> ids = 0;
};

MachineLab::MachineLab(const std::string& definition)
    : surroundings_(std::make_unique<Surroundings>()) {
    const auto file = folder_.path() / "machine.yml";
    std::ofstream(file) << definition;
    auto loaded = config::load_machine(file);
    if (!loaded.bundle) {
        throw std::runtime_error(loaded.diagnostics.front().line());
    }
    program_ = engine::Program::compile(std::move(*loaded.bundle));
}

MachineLab::~MachineLab() = default;

engine::Outcome MachineLab::run(const std::string& input) {
    engine::InlineRunner runner(program_, *surroundings_);
    engine::RunOptions options;
    options.execution_id = "exec-main";
    return runner.start(0, options, expression::from_json(input));
}

engine::Outcome MachineLab::resume() {
    engine::InlineRunner runner(program_, *surroundings_);
    engine::RunOptions options;
    options.execution_id = "exec-main";
    const std::string stored = engine::to_json_text(surroundings_->latest.value());
    return runner.resume(0, options, engine::snapshot_from_json(stored));
}

void MachineLab::send(const std::string& channel, const std::string& data) {
    surroundings_->signals[channel].push_back(expression::from_json(data));
}

void MachineLab::tear_down_after(const std::string& point) {
    surroundings_->tear_down = point;
}

std::vector<std::string> MachineLab::events() const {
    return surroundings_->events;
}

}  // namespace fleet::test
