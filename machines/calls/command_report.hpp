// What is told about a command that has ended: its result, or its error. Pure.
#pragma once

#include <optional>
#include <string>

#include "common/base/json_text.hpp"
#include "common/base/time.hpp"
#include "common/model/execution.hpp"
#include "common/process/child.hpp"
#include "common/process/log_files.hpp"

namespace fleet::calls {

/// So much of the end of each output stands in a result; the files hold all of it.
inline constexpr std::size_t kInlineOutputBytes = 64U << 10U;

enum class Ending {
    by_itself,
    timeout,         ///< it ended after TERM, within the grace
    timeout_killed,  ///< it did not, and was killed
    aborted,         ///< the worker's stop token
};

struct EndedCommand {
    Ending ending = Ending::by_itself;
    process::ExitStatus status;
    process::Tail standard_output;
    process::Tail standard_error;
    std::optional<base::Millis> timeout;
    base::Millis grace{0};
};

struct Failure {
    model::FailureClass failure = model::FailureClass::counting;
    model::ExecutionError error;
};

/// nullopt: it succeeded (exit code 0, in time). The message begins with what happened and goes on
/// with the last line of standard error; the evidence is `attempt.stderr_path`.
[[nodiscard]] std::optional<Failure> failure_of(const EndedCommand& ended,
                                                const model::Attempt& attempt);

/// `exit_code signal stdout stderr stdout_path stderr_path duration_ms cpu_ms max_rss_bytes`, and
/// where they apply: `stdout_lossy` (not UTF-8), `stdout_bytes` (there is more in the file),
/// `stdout_truncated` (the file was shortened), and the same for stderr.
[[nodiscard]] base::JsonText output_json(const EndedCommand& ended, const model::Attempt& attempt);

/// The last line that is not blank, without surrounding space, cut to a sentence's length.
[[nodiscard]] std::string last_line(const std::string& text);

}  // namespace fleet::calls
