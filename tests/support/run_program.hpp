// Programs as tests run them: an argument vector, text in, text out, always with a deadline.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "common/base/fd.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fleet::test_support {

struct Program {
    /// The first is the program: a path, or a name looked up in PATH.
    std::vector<std::string> argv;
    /// Added to the test's own environment, from which all FLEET_* variables are removed.
    std::vector<std::pair<std::string, std::string>> environment{};
    std::optional<std::string> stdin_text{};  ///< unset: /dev/null
    std::filesystem::path directory{};        ///< empty: the test's own
};

struct ProgramEnd {
    std::optional<int> exit_code;
    std::optional<int> signal;  ///< that ended it
};

struct ProgramResult {
    std::optional<int> exit_code;
    std::optional<int> signal;
    bool timed_out =
        false;  ///< it was killed at the deadline; the output is what it wrote until then
    std::string out;
    std::string err;
};

/// A running program, leader of a process group of its own. Its output goes to files, so it never
/// waits for its reader. Killed with its group, and reaped, by the destructor. Not thread-safe.
class ChildProgram {
  public:
    /// Throws when the program cannot be started.
    explicit ChildProgram(const Program& program);
    ChildProgram(const ChildProgram&) = delete;
    ChildProgram& operator=(const ChildProgram&) = delete;
    ~ChildProgram();

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Does nothing once the program was reaped.
    void kill(int signal);
    void kill_group(int signal);
    /// Reaps it if it ends within the limit; nullopt if it did not. May be repeated.
    std::optional<ProgramEnd> wait(std::chrono::milliseconds limit);
    /// What it has written so far.
    [[nodiscard]] std::string out() const;
    [[nodiscard]] std::string err() const;

  private:
    TemporaryFolder folder_;
    pid_t pid_ = -1;
    base::UniqueFd pidfd_;
    std::optional<ProgramEnd> end_;
};

/// Runs it to its end.
[[nodiscard]] ProgramResult run_program(const Program& program,
                                        std::chrono::milliseconds limit = std::chrono::seconds(30));

}  // namespace fleet::test_support
