// The end of a BatchRun: the workers leave, the results are written, the summary is printed.
#include <algorithm>
#include <chrono>
#include <ostream>
#include <poll.h>

#include "cli/core/output.hpp"
#include "cli/work/batch_run.hpp"
#include "cli/work/open_work.hpp"
#include "cli/work/results_writer.hpp"

namespace fleet::cli {
namespace {

using std::chrono::milliseconds;

/// How long a scaler whose batch is over may take to notice it by itself.
constexpr milliseconds kNoticeTime{500};
constexpr milliseconds kLongestRest{1000};

}  // namespace

void BatchRun::end_scaler() {
    if (!scaler_) {
        return;
    }
    note_ = "the workers leave";
    const base::BootTime began = context_.clock.boot_now();
    bool asked = cancelled_here_ || phase_ != Phase::running;
    while (!scaler_->ended()) {
        const base::BootTime now = context_.clock.boot_now();
        // Nobody tells it that only new work is left.
        const bool by_itself =
            batch_.private_lane && !options_.resume_only && now - began < kNoticeTime;
        if (!asked && !by_itself) {
            asked = true;
            scaler_->retire();
        }
        show();
        pollfd watched[2] = {{interrupts_.fd(), POLLIN, 0}, {scaler_->fd(), POLLIN, 0}};
        ::poll(watched, 2, static_cast<int>(asked ? kLongestRest.count() : kNoticeTime.count()));
        if (interrupts_.take() != 0) {
            // The results are in; the closed pipe ends the workers.
            return;
        }
    }
}

std::string BatchRun::command_with_store(const std::string& command) const {
    return "fleet " + command +
           (context_.store_option.empty() ? "" : " --store " + context_.store_option);
}

std::string BatchRun::go_on_with(bool as_now) const {
    const std::string only = options_.resume_only && as_now ? " --resume-only" : "";
    if (!is_shared_work(batch_)) {
        return "go on with `" + command_with_store("resume " + batch_.name + only) + "`";
    }
    const std::string pool = " --pool " + batch_.pool;
    return as_now ? "go on with `" + command_with_store("run --resume-only" + pool) + "`"
                  : "a scaler begins them: `" +
                        (context_.store_option.empty()
                             ? "scaler" + pool
                             : "scaler" + pool + " --store " + context_.store_option) +
                        "`";
}

/// Items that no worker has taken yet, those that are not loaded included.
std::int64_t BatchRun::not_begun() const {
    const bool is_loaded = batch_.state != model::BatchState::loading;
    return batch_.counts.pending +
           (is_loaded ? 0
                      : std::max<std::int64_t>(0, options_.batch.items - batch_.counts.total()));
}

std::string BatchRun::how_to_go_on() const {
    if (cancelled_here_ || batch_.is_over()) {
        return "";
    }
    if (is_over()) {
        return with_commas(not_begun()) + " not begun; " + go_on_with(false);
    }
    if (service_ && batch_.state == model::BatchState::sealed) {
        return "the batch goes on without this command: `" +
               command_with_store("wait --batch " + batch_.name) + "`, `" +
               command_with_store("cancel --batch " + batch_.name) + "`";
    }
    return go_on_with(true);
}

int BatchRun::finish() {
    look();
    Summary summary;
    summary.batch = batch_;
    if (is_shared_work(batch_)) {
        // Of what has ended there, only what ended now is of this command.
        summary.batch.counts.done -= counts_at_start_.done;
        summary.batch.counts.failed -= counts_at_start_.failed;
        summary.batch.counts.cancelled -= counts_at_start_.cancelled;
    }
    const model::StatusCounts& counts = summary.batch.counts;
    summary.only_new_is_open = only_new_is_open_ && !batch_.is_over();
    summary.empty_lines = options_.empty_lines;
    summary.finished_here = batch_.counts.terminal() - counts_at_start_.terminal();
    summary.elapsed = elapsed();
    summary.interrupted = !is_over() && phase_ != Phase::running;
    summary.how_to_go_on = how_to_go_on();
    if (counts.failed > 0 && !is_shared_work(batch_)) {
        summary.errors = store_.work().errors(batch_.name, kSummaryGroups + 1);
    }
    const bool all_done = counts.failed + counts.cancelled == 0;
    summary.exit_code = summary.interrupted     ? kExitInterrupted
                        : is_over() && all_done ? kExitDone
                                                : kExitSomeFailed;
    contracts::ExecutionFilter of_batch;
    of_batch.batch = batch_.name;
    if (batch_.counts.total() == 1 && !is_shared_work(batch_)) {
        of_batch.limit = 1;
        of_batch.with_payloads = false;
        const auto page = store_.work().find(of_batch);
        summary.single_id = page.executions.empty() ? "" : page.executions.front().id.text();
        of_batch.with_payloads = true;
    }
    if (block_) {
        block_->clear();
        block_.reset();
    }
    if (!options_.batch.output.empty() && !summary.interrupted) {
        of_batch.statuses = {model::Status::done, model::Status::failed, model::Status::cancelled};
        if (options_.batch.output == "-") {
            write_results(store_.work(), of_batch, context_.out);
        } else {
            write_results_file(store_.work(), of_batch, options_.batch.output);
        }
        summary.output = options_.batch.output == "-" ? "standard output" : options_.batch.output;
    }
    print(summary);
    return summary.exit_code;
}

void BatchRun::print(const Summary& summary) {
    if (options_.json) {
        context_.out << summary_json(summary) << std::endl;
        return;
    }
    if (options_.quiet && summary.exit_code == kExitDone) {
        return;
    }
    // Standard output belongs to the results when they go there.
    const bool to_err = options_.quiet || options_.batch.output == "-";
    std::ostream& stream = to_err ? context_.err : context_.out;
    const Terminal plain(Terminal::Facts{});
    for (const std::string& line : summary_lines(summary, to_err ? plain : context_.terminal)) {
        stream << line << '\n';
    }
    stream << std::flush;
}

}  // namespace fleet::cli
