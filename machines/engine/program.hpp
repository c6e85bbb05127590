// A machine bundle made ready to run: every template and expression compiled once. Immutable, so it
// is shared by threads. A text that cannot be compiled is an error only for those who evaluate it.
#pragma once

#include <bitset>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/time.hpp"
#include "machines/cel/cel.hpp"
#include "machines/config/machine_bundle.hpp"
#include "machines/engine/failure.hpp"
#include "machines/engine/snapshot.hpp"
#include "machines/expression/expression.hpp"
#include "machines/template/render_value.hpp"

namespace fleet::engine {

/// A compiled text, or why it is none.
template <typename T>
class Compiled {
  public:
    Compiled() = default;
    explicit Compiled(T value) : value_(std::move(value)) {}
    explicit Compiled(Failure failure) : failure_(std::move(failure)) {}
    /// Throws MachineError. Only when there is something.
    [[nodiscard]] const T& get() const {
        if (failure_) {
            throw MachineError(*failure_);
        }
        return *value_;
    }
    [[nodiscard]] bool is_present() const { return value_.has_value() || failure_.has_value(); }

  private:
    std::optional<T> value_;
    std::optional<Failure> failure_;
};

using Text = Compiled<templates::ValueTemplate>;

struct CompiledTransition {
    enum class Kind { always, never, simple, cel };
    Kind kind = Kind::always;
    Compiled<expression::Expression> simple;
    Compiled<cel::CelExpression> cel;
    std::size_t target = 0;  ///< into Machine::states
};

struct NamedText {
    std::string name;
    Text text;
};

struct HookUse {
    std::string name;
    expression::Value args;  ///< null: none
};

/// One machine of a `machine` or `launch` list.
struct CompiledCall {
    std::string name;
    std::size_t machine = 0;
    std::optional<Failure> failure;  ///< why it cannot be started
    Text input;                      ///< absent: none of its own
};

struct State {
    const config::State* definition = nullptr;
    expression::Value name;  ///< as context.machine.current_state has it
    bool is_final = false;
    std::vector<HookUse> hooks;
    Text wait_for;
    Text session_id;
    Text foreach;
    Text key;
    Text input;  ///< absent: empty. For `foreach` it may name the item
    Text output;
    Text launch_input;
    std::vector<NamedText> output_to_context;
    std::vector<CompiledCall> machines;
    std::vector<CompiledCall> launches;
    std::vector<CompiledTransition> transitions;
    std::optional<base::Millis> timeout;
    std::string stage;
};

struct Machine {
    const config::MachineDefinition* definition = nullptr;
    std::size_t index = 0;  ///< into Program::machines
    std::vector<State> states;
    Text context;  ///< absent: empty
    std::vector<HookUse> lifecycle_hooks;
    std::bitset<8> checkpoint_on;  ///< by Event
    bool persists = true;
    bool computes_only = false;  ///< no calls, no children, no signals
    bool has_children = false;
    std::vector<std::string> stages;  ///< in the order in which its states name them
    std::int64_t max_steps = 1000;    ///< 0: unlimited
    std::int64_t max_depth = 64;

    /// nullopt: there is none.
    [[nodiscard]] std::optional<std::size_t> find_state(std::string_view name) const;
    /// Its place among the machine's stages; 0 for a stage that it does not name.
    [[nodiscard]] int stage_rank(std::string_view stage) const;
    [[nodiscard]] bool keeps(Event event) const {
        return checkpoint_on.test(static_cast<std::size_t>(event));
    }
};

class Program {
    struct OwnKey {};

  public:
    /// Never fails: what cannot be compiled fails where it is evaluated.
    [[nodiscard]] static std::shared_ptr<const Program> compile(config::MachineBundle bundle,
                                                                std::string config_hash = {});
    /// For `compile` alone.
    Program(OwnKey key, config::MachineBundle bundle, std::string config_hash);
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    [[nodiscard]] const std::vector<Machine>& machines() const { return machines_; }
    [[nodiscard]] const config::MachineBundle& bundle() const { return bundle_; }
    [[nodiscard]] const std::string& config_hash() const { return config_hash_; }
    /// Why the machine cannot be started at all.
    [[nodiscard]] std::optional<Failure> refusal(std::size_t machine) const;

  private:
    const config::MachineBundle bundle_;
    const std::string config_hash_;
    std::vector<Machine> machines_;
};

}  // namespace fleet::engine
