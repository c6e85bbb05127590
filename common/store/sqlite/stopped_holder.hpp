// A process that was stopped (SIGSTOP) inside a write transaction stops the whole box: finds it and
// ends it, so that the others go on.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include <sys/types.h>

namespace fleet::store::sqlite {

/// Who holds the write lock of the WAL of `file`. Asked by a child process, because closing a
/// database file in this one would drop its own locks (POSIX). nullopt: nobody, or not to be known.
[[nodiscard]] std::optional<pid_t> write_lock_holder(const std::filesystem::path& file);

/// For one wait for the write lock: fed with how long it has lasted, it looks at the holder now and
/// then. Not thread-safe.
class StoppedHolder {
  public:
    /// The first look, and how long the holder must have been stopped since: a quarter of the
    /// shortest lease TTL (2 s).
    static constexpr std::chrono::milliseconds kPatience{500};

    explicit StoppedHolder(std::filesystem::path file) : file_(std::move(file)) {}

    /// Call repeatedly while waiting. Kills the holder (SIGKILL) when it is one of this project's
    /// programs and was found stopped at two looks that far apart.
    void waited(std::chrono::milliseconds so_far);
    /// A new wait begins.
    void reset();

    /// What was found out about who holds the lock, for the error: "worker (pid 12, stopped)".
    [[nodiscard]] const std::string& description() const { return description_; }
    struct Killed {
        pid_t pid = 0;
        std::string why;
    };
    /// Set once after one was killed.
    [[nodiscard]] std::optional<Killed> take_killed();

  private:
    void look();

    std::filesystem::path file_;
    std::chrono::milliseconds next_look_ = kPatience;
    std::optional<pid_t> stopped_;  ///< found stopped at the last look
    std::string description_;
    std::optional<Killed> killed_;
};

}  // namespace fleet::store::sqlite
