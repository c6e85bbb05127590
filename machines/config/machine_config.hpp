// A machine as its file defines it (FlatMachines 4.2), checked and typed. Templates and expressions
// are kept as their text with its position; who runs a machine compiles them once. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/config/diagnostic.hpp"
#include "machines/config/node.hpp"

namespace fleet::config {

/// The specification that this program follows.
inline constexpr std::string_view kSpecVersion = "4.2.1";

/// A template or an expression.
struct SourceText {
    std::string text;
    Position at;
};

enum class ExpressionEngine { simple, cel };
enum class StateType { ordinary, initial, final_state };
enum class Mode { settled, any };
enum class Sampling { single, multi };
enum class ExecutionType { once, retry, parallel, mdap_voting };  ///< `once` is written `default`
enum class ParallelFallback { sequential, error };
enum class PersistenceKind { local, sqlite, memory };

/// Absent members have the engine's defaults.
struct Execution {
    ExecutionType type = ExecutionType::once;
    std::optional<std::vector<double>> backoffs_s;
    std::optional<double> jitter;
    std::optional<std::int64_t> n_samples;
    std::optional<std::int64_t> k_margin;
    std::optional<std::int64_t> max_candidates;
};

/// Either a number or a template that gives one.
struct NumberOrTemplate {
    std::optional<double> number;
    SourceText text;  ///< used when there is no number
};

struct ToolLoop {
    std::optional<NumberOrTemplate> max_tool_calls;
    std::optional<NumberOrTemplate> max_turns;
    std::optional<NumberOrTemplate> tool_timeout_s;
    std::optional<NumberOrTemplate> total_timeout_s;
    std::optional<NumberOrTemplate> max_cost;
    std::optional<std::vector<std::string>> allowed_tools;
    std::vector<std::string> denied_tools;
};

struct HooksReference {
    std::string name;
    std::optional<Node> args;
    Position at;
};

struct Transition {
    /// Absent: always true. A boolean in the file is its text.
    std::optional<SourceText> condition;
    /// Empty when the file names none; such an entry is never taken.
    std::string to;
    Position at;
};

/// Where an error of that type leads; "default" stands for all others.
struct ErrorRoute {
    std::string type;
    std::string state;
    Position at;
};

/// One machine of `machine:` or `launch:`, by its name in `machines`.
struct MachineCall {
    std::string name;
    std::optional<Node> input;  ///< overrides the state's input, key by key
    Position at;
};

struct State {
    std::string name;
    Position at;
    StateType type = StateType::ordinary;
    std::optional<std::string> agent;
    std::vector<MachineCall> machines;
    bool is_machine_list = false;  ///< `[a]` gives results by name, `a` the result itself
    std::optional<SourceText> foreach;
    std::string as = "item";
    std::optional<SourceText> key;
    Mode mode = Mode::settled;
    std::optional<double> timeout_s;  ///< 0: none
    std::vector<MachineCall> launch;
    std::optional<Node> launch_input;
    std::optional<std::string> action;
    std::vector<HooksReference> hooks;
    std::optional<SourceText> wait_for;
    std::optional<SourceText> session_id;
    std::optional<Execution> execution;
    std::optional<Sampling> sampling;
    std::optional<ToolLoop> tool_loop;
    std::vector<ErrorRoute> on_error;
    std::optional<Node> input;  ///< these four are maps
    std::optional<Node> output;
    std::optional<Node> output_to_context;
    std::optional<Node> metadata;
    std::string stage;  ///< metadata.stage; empty: the machine's
    std::vector<Transition> transitions;
};

enum class AgentForm {
    file,       ///< a path; `document` is what it holds
    in_place,   ///< a whole flatagent in the machine's file: `document`
    adapter,    ///< type, ref and config; `document` is the file of `ref` where it is one
    malformed,  ///< none of these: calling it is an error
};

struct AgentDefinition {
    std::string name;
    Position at;
    AgentForm form = AgentForm::malformed;
    std::string file;  ///< by the name of MachineBundle
    std::string type;
    std::string ref;
    std::optional<Node> config;
    std::optional<Node> document;
};

struct MachineReference {
    std::string name;
    Position at;
    std::string file;  ///< by the name of MachineBundle; empty for a machine in place
    /// Into MachineBundle::machines; nullopt when the file is missing.
    std::optional<std::size_t> index;
};

struct Settings {
    /// nullopt: not stated; 0: unlimited.
    std::optional<std::int64_t> max_steps;
    std::optional<std::int64_t> max_depth;
    std::optional<ParallelFallback> parallel_fallback;
    /// `any: cancel`: when one child of `mode: any` has ended, the others are cancelled.
    bool any_cancels = false;
    std::optional<Node> all;  ///< the whole map
};

struct Persistence {
    bool enabled = true;
    PersistenceKind backend = PersistenceKind::local;
    std::string db_path;
    std::optional<std::vector<std::string>> checkpoint_on;
};

struct MachineDefinition {
    std::string file;  ///< for messages; "FILE" also for a machine in place
    Position at;
    std::string name;
    std::string spec_version;
    ExpressionEngine expression_engine = ExpressionEngine::simple;
    std::optional<Node> context;
    std::vector<AgentDefinition> agents;
    std::vector<MachineReference> machines;
    std::vector<State> states;
    std::size_t initial = 0;  ///< into `states`
    Settings settings;
    std::optional<Persistence> persistence;
    std::vector<HooksReference> lifecycle_hooks;
    std::optional<Node> metadata;
    std::string stage;
    /// Why it cannot be started: its first load_error. The rest is incomplete then.
    std::optional<Diagnostic> refusal;

    [[nodiscard]] const State* find_state(std::string_view state) const;
    [[nodiscard]] const AgentDefinition* find_agent(std::string_view agent) const;
    [[nodiscard]] const MachineReference* find_machine(std::string_view machine) const;
};

}  // namespace fleet::config
