// Starts a program: argument vector in, a `Child` out. Standard streams are descriptors that the
// child gets as they are, so its output goes straight to its files.
//
// Safe in a process with threads: the child is made by vfork through Boost.Process, and between
// vfork and exec it makes plain system calls only. All signals are back to their defaults in it and
// none is blocked; no descriptor but the three standard ones and `keep_fds` reaches it.
// Thread-safe: no state.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/process/child.hpp"

namespace fleet::process {

struct SpawnOptions {
    /// The first is the program: a path, or a name without a slash that is looked up in the PATH of
    /// `environment` (relative folders in it count from `directory`).
    std::span<const std::string> argv;
    std::string directory{};  ///< working directory; empty: the caller's own
    /// "NAME=value". Both together are the whole environment; no name may be in both. (Two,
    /// because the first is the same for all attempts and need not be copied.)
    std::span<const std::string> environment{};
    std::span<const std::string> more_environment{};
    int stdin_fd = -1;   ///< -1: /dev/null
    int stdout_fd = -1;  ///< -1: the caller's own
    int stderr_fd = -1;  ///< -1: the caller's own
    /// More descriptors that stay open in the child, under the same numbers (from 3).
    std::vector<int> keep_fds{};
    /// The kernel kills it when the *thread* that spawned it ends. Only the child itself: what it
    /// starts must be found through its group or the process mark.
    bool die_with_parent = true;
    bool new_group = true;  ///< leader of a process group of its own
};

struct SpawnFailure {
    int error = 0;        ///< errno
    std::string message;  ///< "starting NAME: ...", names the program and says why
    /// The machine lacks something for the moment (descriptors, memory, processes); the same
    /// command may start later. False: it will not start until somebody changes it.
    bool transient = false;
};

/// Blocks until the child has executed the program (or failed to). Never throws for what is wrong
/// with the program.
[[nodiscard]] std::variant<Child, SpawnFailure> spawn(const SpawnOptions& options);

/// This process's environment as "NAME=value".
[[nodiscard]] std::vector<std::string> own_environment();

/// /dev/null open for reading, closed on exec. Throws base::StoreError internal.
[[nodiscard]] base::UniqueFd open_null();

}  // namespace fleet::process
