// How the progress of a batch looks. Pure: figures in, lines out.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/core/terminal.hpp"
#include "common/base/time.hpp"
#include "common/model/batch.hpp"

namespace fleet::cli {

/// Items a second, over the last seconds. Not thread-safe.
class RateMeter {
  public:
    void add(base::BootTime at, std::int64_t finished);
    /// 0 before two figures that lie apart.
    [[nodiscard]] double per_second() const;

  private:
    std::deque<std::pair<base::BootTime, std::int64_t>> figures_;
};

struct ProgressView {
    std::string batch;
    bool is_pool = false;  ///< `batch` names a pool: of what its workers share
    model::StatusCounts counts;
    std::int64_t items = 0;  ///< expected in all, also those that are not loaded yet
    std::int64_t loaded = 0;
    bool loading = false;
    int workers = 0;
    double per_second = 0;
    /// 429 density: of the calls to all providers in the last seconds; nullopt: none is called.
    std::optional<double> refused_share;
    base::Millis elapsed{0};
    std::string note;  ///< what is going on besides; empty: nothing

    /// 0..100, of the items that ended.
    [[nodiscard]] int percent() const;
    /// nullopt while nobody can know.
    [[nodiscard]] std::optional<base::Millis> remaining() const;
};

/// The block that is redrawn on a terminal.
[[nodiscard]] std::vector<std::string> progress_block(const ProgressView& view,
                                                      const Terminal& terminal);
/// One plain line.
[[nodiscard]] std::string progress_line(const ProgressView& view);

/// When a plain line is due: every 10 seconds, and at steps of 10 % that are not closer than one
/// second. Not thread-safe.
class LinePace {
  public:
    [[nodiscard]] bool is_due(base::BootTime now, int percent);

  private:
    std::optional<base::BootTime> last_;
    int last_step_ = 0;
};

}  // namespace fleet::cli
