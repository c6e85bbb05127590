// The benchmark's end of the FIFO into which started processes write their StartMark.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "bench/support/start_mark.hpp"
#include "common/base/fd.hpp"

namespace fleet::bench {

/// For one thread.
class StartMarks {
  public:
    /// Makes the FIFO. It stays open for writing here, so that no writer's end closes it.
    explicit StartMarks(const std::filesystem::path& file);
    [[nodiscard]] std::string path() const { return file_.string(); }
    /// The next mark, if one comes in time.
    [[nodiscard]] std::optional<StartMark> wait(std::chrono::milliseconds limit);
    /// The next mark; throws std::runtime_error naming `what` when none comes in time.
    [[nodiscard]] StartMark next(const std::string& what,
                                 std::chrono::milliseconds limit = std::chrono::seconds{30});

    /// The next mark of a first attempt, or of a later one; others are dropped.
    [[nodiscard]] StartMark next_attempt(bool first, const std::string& what);

  private:
    std::filesystem::path file_;
    base::UniqueFd fifo_;
};

}  // namespace fleet::bench
