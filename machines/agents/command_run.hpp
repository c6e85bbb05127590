// Runs one program with a given stdin and collects what it writes.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/time.hpp"
#include "common/process/child.hpp"

namespace fleet::agents {

struct CommandRun {
    const std::vector<std::string>& argv;
    const std::string& directory;                 ///< empty: the caller's own
    const std::vector<std::string>& environment;  ///< the whole of it
    std::string_view input;
    base::Millis timeout;
    std::size_t max_output_bytes;
};

struct CommandEnd {
    enum class How { by_itself, timeout, too_large, not_started };
    How how = How::by_itself;
    process::ExitStatus status;
    std::string output;
    std::string error_tail;     ///< the last kilobytes of stderr, or why it was not started
    bool is_transient = false;  ///< of not_started
};

/// Blocks until the program has ended; its process group is gone then. Throws base::Cancelled when
/// it is stopped, once the group was killed.
[[nodiscard]] CommandEnd run_command(const CommandRun& run, const base::Clock& clock,
                                     const std::stop_token& stop);

}  // namespace fleet::agents
