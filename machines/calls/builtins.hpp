// The machines that are part of the program. `builtin:command` starts a process (command.hpp), the
// others run inside the worker:
//
//   builtin:noop    its output is null
//   builtin:echo    its output is its input
//   builtin:sleep   {"seconds": S}: waits so long; its output is null
//
// Thread-safe: no state.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/json_text.hpp"
#include "common/model/step_commit.hpp"

namespace fleet::calls {

enum class Machine { command, noop, echo, sleep };

/// Names as a person writes them: "builtin:command", ...
[[nodiscard]] const std::vector<std::string>& machine_names();
[[nodiscard]] std::optional<Machine> parse_machine(std::string_view name);
/// "unknown machine X; did you mean Y?" or, if none is near, all known ones.
[[nodiscard]] std::string unknown_machine(std::string_view name);

/// True for those that run in the worker itself and start no process.
[[nodiscard]] bool is_in_process(Machine machine);

/// The longest that `builtin:sleep` takes: 366 days.
inline constexpr double kLongestSleepSeconds = 366.0 * 86'400.0;

/// Runs a machine that is in-process. nullopt: the stop token ended it. Bad input is a permanent
/// failure of kind config.
[[nodiscard]] std::optional<model::Next> run_in_process(Machine machine,
                                                        const base::JsonText& input,
                                                        const base::Clock& clock,
                                                        const std::stop_token& stop);

}  // namespace fleet::calls
