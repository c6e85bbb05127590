// Child processes of a benchmark: itself with other arguments, or a program beside it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace fleet::bench {

/// The folder of this program; its siblings are `worker`, `scaler`, `fleet`.
[[nodiscard]] std::filesystem::path program_folder();

/// A running child; killed and reaped when it goes out of scope.
class OwnProcess {
  public:
    /// argv[0] is the program's path. Standard output and error go to /dev/null if `quiet`.
    explicit OwnProcess(const std::vector<std::string>& argv, bool quiet = true);
    OwnProcess(OwnProcess&& other) noexcept;
    OwnProcess& operator=(OwnProcess&& other) noexcept;
    ~OwnProcess();
    [[nodiscard]] pid_t pid() const { return pid_; }
    void signal(int number) const;
    /// True from its end on, whether or not it was waited for.
    [[nodiscard]] bool has_ended() const;
    /// The exit code, or 128 + signal.
    int wait();

  private:
    void end() noexcept;

    pid_t pid_ = -1;
};

/// A folder that is removed with all that is in it.
class ScratchFolder {
  public:
    ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder();
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace fleet::bench
