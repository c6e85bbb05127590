// A child process that we spawned, and how it ended.
#pragma once

#include <cstdint>
#include <optional>

#include <sys/types.h>

#include "common/base/clock.hpp"
#include "common/base/fd.hpp"
#include "common/base/time.hpp"

struct rusage;

namespace fleet::process {

struct ExitStatus {
    std::optional<int> exit_code;
    /// That ended it. One of the two is set, unless somebody else collected the child (a process
    /// that ignores SIGCHLD loses its children's ends; become_subreaper sees to that).
    std::optional<int> signal;
    bool core_dumped = false;
    base::Millis cpu_time{0};  ///< user and system, with the descendants it waited for
    /// Peak memory. A new process starts with its spawner's figure: at or below it nothing is
    /// known.
    std::optional<std::int64_t> max_rss_bytes;
};

/// One owner; reaped exactly once, by `finish` or by the destructor, which kills first. Not
/// thread-safe, but `signal_group` may be called from another thread while the owner is in `wait`.
class Child {
  public:
    /// Takes over a child of this process that nobody else waits for. `leads_group`: its process
    /// group has its pid.
    Child(pid_t pid, base::UniqueFd pidfd, bool leads_group) noexcept;
    Child(Child&& other) noexcept;
    Child& operator=(Child&& other) noexcept;
    ~Child();

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    /// Readable (poll) when the process has ended.
    [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }

    enum class Wait { exited, deadline, stopped };
    /// Blocks until it has ended, until `deadline` (if given) by `clock`, or until `stop_fd` (if
    /// not -1) is readable. When several are true, `exited` wins, then `stopped`.
    [[nodiscard]] Wait wait(const base::Clock& clock, std::optional<base::BootTime> deadline,
                            int stop_fd) const;

    /// To the whole group (or to the process alone, if it leads none). Nothing after `finish`.
    void signal_group(int signal) const noexcept;

    /// Waits for its end, kills what is left of its group while the leader is an unreaped zombie
    /// (later the group's id might be a stranger's), reaps it. Once only.
    ExitStatus finish();

    /// Gives up ownership without touching the process: it must be reaped by its pid elsewhere.
    pid_t release() noexcept;

  private:
    void kill_and_reap() noexcept;

    pid_t pid_ = -1;  ///< -1: reaped, released or moved from
    base::UniqueFd pidfd_;
    bool leads_group_ = false;
};

/// The form `wait4` answers in, made ours.
[[nodiscard]] ExitStatus exit_status(int wait_status, const struct rusage& usage);

}  // namespace fleet::process
