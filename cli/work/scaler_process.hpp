// The scaler that `fleet run` starts for the time of a batch. It notices through a pipe when this
// process dies and retires its workers then. Used from one thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/work/batch_options.hpp"
#include "common/base/fd.hpp"
#include "common/base/time.hpp"
#include "common/process/child.hpp"

namespace fleet::cli {

struct ScalerOptions {
    std::string store_url;
    std::string pool;
    std::string batch;  ///< empty: all of the pool's shared work
    WorkerRange workers;
    int slots = 1;             ///< of a worker; 0: the scaler chooses
    bool resume_only = false;  ///< its workers begin nothing new
    base::Millis grace{30'000};
    bool verbose = false;
    std::filesystem::path log;  ///< its output, appended
};

class ScalerProcess {
  public:
    /// Throws ConfigError when the program is not there or cannot be started.
    explicit ScalerProcess(const ScalerOptions& options);
    ScalerProcess(const ScalerProcess&) = delete;
    ScalerProcess& operator=(const ScalerProcess&) = delete;
    /// A scaler that still runs is left to the closed pipe: it retires its workers and ends.
    ~ScalerProcess();

    /// Readable when it has ended.
    [[nodiscard]] int fd() const { return child_.pidfd(); }
    /// nullopt while it runs.
    [[nodiscard]] const std::optional<process::ExitStatus>& ended();
    /// Asks it to retire its workers and to end.
    void retire();
    /// Ends it at once.
    void kill();
    [[nodiscard]] const std::filesystem::path& log() const { return log_; }
    /// What it wrote last, at most `lines` lines.
    [[nodiscard]] std::vector<std::string> last_words(std::size_t lines) const;

  private:
    std::filesystem::path log_;
    base::UniqueFd life_line_;  ///< write end of the pipe; closed when this process ends
    process::Child child_;
    std::optional<process::ExitStatus> ended_;
};

/// A program of ours beside this one. Throws ConfigError when it is not there.
[[nodiscard]] std::string sibling_program(const std::string& name);

}  // namespace fleet::cli
