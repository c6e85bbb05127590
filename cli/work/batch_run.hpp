// Brings one batch to its end: finishes loading it, has workers run it, shows how it goes, and says
// how it went. What `run` and `resume` do once they know the batch. With `resume_only` the end is
// when what was begun has ended; the work may then also be what a pool's workers share
// (open_work.hpp). Used from one thread.
//
//   loading and running --all ended--> ending (the scaler's workers leave) --> summary
//        |  Ctrl-C                                     ^
//        +------> retiring --Ctrl-C--> killing --------+
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/core/context.hpp"
#include "cli/core/interrupts.hpp"
#include "cli/core/terminal.hpp"
#include "cli/items/batch_loader.hpp"
#include "cli/work/batch_options.hpp"
#include "cli/work/progress.hpp"
#include "cli/work/scaler_process.hpp"
#include "cli/work/summary.hpp"
#include "cli/work/topic_watch.hpp"
#include "common/contracts/store.hpp"

namespace fleet::cli {

struct BatchRunOptions {
    BatchOptions batch;
    std::int64_t empty_lines = 0;
    bool quiet = false;
    bool json = false;
    bool verbose = false;
    bool resume_only = false;  ///< go on with what was begun, begin and load nothing new
};

class BatchRun {
  public:
    /// All references must outlive it; `interrupts` was made before any thread was started.
    BatchRun(CommandContext& context, contracts::Store& store, Interrupts& interrupts,
             model::Batch batch, BatchRunOptions options);
    BatchRun(const BatchRun&) = delete;
    BatchRun& operator=(const BatchRun&) = delete;
    ~BatchRun();

    /// Blocks until the work is finished, somebody interrupts, or nothing can run it any more.
    /// Returns the exit code: 0 all done, 3 some not, 130 interrupted. Throws base::Error.
    int run();

  private:
    enum class Phase { running, retiring, killing };

    void choose_scaler();
    void start_scaler();
    void load_chunk();
    void look();
    void look_after_scaler();
    void explain_scaler_end();
    void fail_fast();
    void take_signals();
    void show();
    void say(const std::string& line);
    void rest();
    void end_scaler();
    int finish();
    void print(const Summary& summary);
    [[nodiscard]] bool is_over() const;
    [[nodiscard]] std::string idle_note() const;
    [[nodiscard]] std::int64_t not_begun() const;
    [[nodiscard]] std::string how_to_go_on() const;
    /// "go on with `fleet resume b1`"
    [[nodiscard]] std::string go_on_with(bool as_now) const;
    [[nodiscard]] std::string command_with_store(const std::string& command) const;
    [[nodiscard]] ScalerOptions scaler_options() const;
    [[nodiscard]] ProgressView view() const;
    [[nodiscard]] base::Millis elapsed() const;

    CommandContext& context_;
    contracts::Store& store_;
    Interrupts& interrupts_;
    model::Batch batch_;
    bool only_new_is_open_ = false;  ///< looked at with `resume_only`
    BatchRunOptions options_;
    const base::BootTime began_;
    const model::StatusCounts counts_at_start_;
    TopicWatch watch_;
    std::optional<BatchLoader> loader_;
    std::optional<ScalerProcess> scaler_;
    bool service_ = false;  ///< a scaler that serves the pool was there already
    std::string note_;      ///< shown with the progress
    base::UniqueFd other_;  ///< the process of this host's scaler while that serves a batch
    Phase phase_ = Phase::running;
    bool cancelled_here_ = false;  ///< by --fail-fast
    RateMeter rate_;
    LinePace pace_;
    std::optional<LiveBlock> block_;
    base::BootTime kill_at_{};  ///< while killing
    base::BootTime next_show_{};
    base::BootTime next_look_{};
};

}  // namespace fleet::cli
