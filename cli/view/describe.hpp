// Words for values of the model, as all the commands that show something say them.
#pragma once

#include <string>

#include "cli/core/terminal.hpp"
#include "common/base/json_text.hpp"
#include "common/base/time.hpp"
#include "common/model/execution.hpp"
#include "common/model/work_spec.hpp"
#include "common/model/worker.hpp"

namespace fleet::cli {

[[nodiscard]] Colour colour_of(model::Status status);
[[nodiscard]] Colour colour_of(const model::WorkerRecord& worker);
/// The item of {"item": "..."} as it is, else the JSON; at most about 300 bytes.
[[nodiscard]] std::string describe_input(const base::JsonText& input);
/// "running for 3m20s", "done in 12ms", "due in 5s", "ready for 2h05m".
[[nodiscard]] std::string describe_time(const model::Execution& execution, base::StoreTime now);
/// "exit code 3", "killed by signal 9 (KILL)", "took longer than allowed", "running".
[[nodiscard]] std::string describe_end(const model::Attempt& attempt);
/// "KILL" for 9; "number 99" for one without a name.
[[nodiscard]] std::string signal_name(int signal);
/// The command as one might type it, or the machine's name.
[[nodiscard]] std::string describe_work(const model::WorkSpec& spec);
/// "2026-11-21T07:50:30.123Z (5m00s ago)".
[[nodiscard]] std::string describe_instant(base::StoreTime at, base::StoreTime now);
/// "ValueError: no such row", or the message alone.
[[nodiscard]] std::string describe_error(const model::ExecutionError& error);
/// "1 child", "3 children".
[[nodiscard]] std::string count_children(std::int64_t count);
/// "1 worker", "3 workers".
[[nodiscard]] std::string counted(std::int64_t count, const std::string& noun);

}  // namespace fleet::cli
