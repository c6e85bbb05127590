// A machine's checkpoint in the FlatMachines family's layout (MachineSnapshot of the runtime
// specification 4.2): everything that a run needs to go on elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json_text.hpp"
#include "machines/expression/value.hpp"

namespace fleet::engine {

enum class Event {
    machine_start,
    state_enter,
    execute,
    tool_call,
    waiting,
    state_exit,
    machine_end
};
[[nodiscard]] std::string_view name_of(Event event);
[[nodiscard]] std::optional<Event> parse_event(std::string_view name);

/// A machine that was or is to be launched by this one.
struct LaunchIntent {
    std::string execution_id;
    std::string machine;
    expression::Value input;
    bool launched = false;
};

struct MachineSnapshot {
    std::string execution_id;
    std::string machine_name;
    std::string spec_version;
    /// "start" in machine_start and "end" in machine_end, whatever the states are called.
    std::string current_state;
    expression::Value context;  ///< an object
    std::int64_t step = 0;
    std::string created_at;  ///< ISO 8601, UTC
    Event event = Event::machine_start;
    expression::Value output;  ///< of a final state's exit and of machine_end; else null
    expression::Value total_api_calls = expression::Value::integer(0);
    double total_cost = 0;
    std::string parent_execution_id;  ///< empty: none
    std::vector<LaunchIntent> pending_launches;
    std::string waiting_channel;        ///< empty: none
    expression::Value tool_loop_state;  ///< {chain, turns, tool_calls_count, loop_cost} or null
    std::string config_hash;            ///< empty: none
};

/// Compact, with all keys, absent ones as null: the family's readers refuse unknown keys. Numbers
/// that are not finite are written as expression::to_kept_json does.
[[nodiscard]] base::JsonText to_json_text(const MachineSnapshot& snapshot);
/// Accepts what any member of the family wrote: absent keys have their defaults, unknown ones are
/// ignored. Throws base::ProtocolError naming what is wrong.
[[nodiscard]] MachineSnapshot snapshot_from_json(std::string_view text);

}  // namespace fleet::engine
