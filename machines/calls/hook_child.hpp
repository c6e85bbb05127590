// One started process of a hook command with its three pipes, as the thread that owns it sees them:
// nothing here blocks but the start and `end`. Not thread-safe; the thread that starts it must live
// as long as it does, because the kernel ties the process's death signal to that thread.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/fd.hpp"
#include "common/process/child.hpp"
#include "common/process/spawn.hpp"

namespace fleet::calls {

/// Where a hook command's stderr goes: to the end of a file, and its last bytes into memory. What
/// cannot be written (a full disk) is only in memory. Not thread-safe.
class HookErrorOutput {
  public:
    /// From now on to this file; an empty path: to none.
    void set_path(const std::string& path);
    void add(std::string_view bytes);
    /// The last lines, valid UTF-8, at most 2 KiB.
    [[nodiscard]] std::string excerpt() const;

  private:
    std::string path_;
    base::UniqueFd file_;
    std::string last_;
};

class HookChild {
  public:
    struct Start {
        const std::vector<std::string>& argv;
        const std::string& directory;
        const std::vector<std::string>& environment;
    };
    [[nodiscard]] static std::variant<HookChild, process::SpawnFailure> start(const Start& start);

    /// What to poll for: pidfd, stdout, stderr, stdin while something is to be written.
    void add_polled(std::vector<pollfd>& polled) const;

    /// Queued; written by `write_pending` as the command reads.
    void send(std::string line);
    void write_pending();
    /// stderr first: what was written before an answer belongs to its call. At most about a MiB.
    void read_available(HookErrorOutput& errors);
    /// The next whole line without its end.
    [[nodiscard]] std::optional<std::string_view> next_line();
    /// What came after the last whole line.
    [[nodiscard]] std::string_view unfinished_line() const;
    /// It has ended. Everything that it wrote is still to be read.
    [[nodiscard]] bool has_exited() const;
    /// It closed its stdout.
    [[nodiscard]] bool is_closed() const { return !stdout_; }

    /// Kills it and its group, and waits for the end.
    process::ExitStatus kill();
    /// Politely: end of its stdin, after `grace` SIGTERM, after `grace` SIGKILL.
    process::ExitStatus end(const base::Clock& clock, base::Millis grace, HookErrorOutput& errors);

    [[nodiscard]] pid_t pid() const { return child_.pid(); }

  private:
    HookChild(process::Child child, base::UniqueFd in, base::UniqueFd out, base::UniqueFd err);
    bool wait_for_exit(const base::Clock& clock, base::Millis limit, HookErrorOutput& errors);

    process::Child child_;
    base::UniqueFd stdin_;
    base::UniqueFd stdout_;
    base::UniqueFd stderr_;
    std::string pending_;
    std::size_t written_ = 0;  ///< of `pending_`
    std::string input_;
    std::size_t consumed_ = 0;  ///< lines of `input_` that were handed out
    std::size_t searched_ = 0;  ///< of `input_`: no line's end before it but those
};

/// "exited with code 3", "was ended by signal 9 (Killed)".
[[nodiscard]] std::string describe(const process::ExitStatus& status);

}  // namespace fleet::calls
