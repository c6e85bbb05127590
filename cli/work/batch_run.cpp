#include "cli/work/batch_run.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <poll.h>
#include <utility>

#include <system_error>

#include "cli/core/output.hpp"
#include "cli/view/provider_row.hpp"
#include "cli/work/host_scaler.hpp"
#include "cli/work/open_work.hpp"
#include "common/base/errors.hpp"
#include "common/process/identity.hpp"

namespace fleet::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A batch that ends many items a second is not looked at for each of them.
constexpr milliseconds kLooksApart{25};
constexpr milliseconds kShowsApart{200};
/// The net under the wake-ups.
constexpr milliseconds kLongestRest{1000};
/// The tempo of the clock in the block.
constexpr milliseconds kBlockRest{250};
constexpr milliseconds kSettle{10};
/// How long a scaler may take to kill its workers.
constexpr seconds kKillTime{10};
constexpr std::size_t kLastWords = 5;

std::string ending_text(const process::ExitStatus& status) {
    return status.signal ? "was killed by signal " + std::to_string(*status.signal)
                         : "ended with exit code " + std::to_string(status.exit_code.value_or(-1));
}

}  // namespace

BatchRun::BatchRun(CommandContext& context, contracts::Store& store, Interrupts& interrupts,
                   model::Batch batch, BatchRunOptions options)
    : context_(context),
      store_(store),
      interrupts_(interrupts),
      batch_(std::move(batch)),
      options_(std::move(options)),
      began_(context.clock.boot_now()),
      counts_at_start_(batch_.counts),
      watch_(store.triggers(), is_shared_work(batch_) ? contracts::scaler_topic()
                                                      : contracts::batch_topic(batch_.name)) {
    if (batch_.state == model::BatchState::loading && !options_.resume_only) {
        loader_.emplace(store_, batch_, spool_folder(store_) / options_.batch.spool,
                        options_.batch.load);
    }
    if (context_.terminal.err_is_terminal() && !options_.quiet) {
        block_.emplace(context_.err, context_.terminal);
    }
}

BatchRun::~BatchRun() = default;

int BatchRun::run() {
    choose_scaler();
    for (;;) {
        load_chunk();
        look();
        if (is_over()) {
            break;
        }
        fail_fast();
        look_after_scaler();
        take_signals();
        if (phase_ != Phase::running && !scaler_) {
            break;
        }
        if (cancelled_here_ && scaler_ && scaler_->ended()) {
            break;
        }
        show();
        rest();
    }
    end_scaler();
    return finish();
}

ScalerOptions BatchRun::scaler_options() const {
    ScalerOptions options;
    options.store_url = store_.url().text();
    options.pool = batch_.pool;
    options.batch = batch_.private_lane ? batch_.name : "";
    options.workers = options_.batch.workers;
    options.workers.max = most_workers(options.workers);
    options.slots = options_.batch.slots;
    if (!is_shared_work(batch_)) {
        const auto spec = store_.work().spec(batch_.spec);
        const bool command = !spec || spec->machine == "builtin:command";
        const auto pool = store_.scaling().pool(batch_.pool);
        options.slots =
            slots_of_worker(options_.batch, pool.value_or(model::PoolPolicy{}), command);
    }
    options.resume_only = options_.resume_only;
    options.grace = options_.batch.grace;
    options.verbose = options_.verbose;
    const std::string name = is_shared_work(batch_) ? "pool-" + batch_.pool : batch_.name;
    options.log = store_.data_folder() / "logs" / ("scaler-" + name + ".log");
    return options;
}

void BatchRun::start_scaler() {
    const ScalerOptions options = scaler_options();
    scaler_.emplace(options);
    if (options_.verbose) {
        const std::int64_t items = std::max(options_.batch.items, batch_.counts.total());
        say(title_of(batch_) + ": " + with_commas(items) + " items, pool " + batch_.pool +
            ", workers " + std::to_string(options.workers.min) + ".." +
            std::to_string(options.workers.max) +
            (options.slots > 0 ? " with " + std::to_string(options.slots) + " slots" : "") +
            ", store " + store_.url().text_without_secrets() + ", scaler's log " +
            options.log.string());
    }
}

std::string BatchRun::idle_note() const {
    return options_.resume_only ? "beginning nothing new" : "";
}

void BatchRun::choose_scaler() {
    note_ = idle_note();
    other_.reset();
    const auto other = find_host_scaler(store_);
    if (!other) {
        start_scaler();
        return;
    }
    if (!other->batch.empty()) {
        // A host has one scaler a store: this batch has its turn when that one has ended.
        if (auto process = process::open_process(other->process)) {
            other_ = std::move(*process);
        }
        note_ = other->batch == batch_.name
                    ? "another fleet process runs this batch (" + other->owner + ")"
                    : "waiting for batch " + other->batch + ", which this host runs now";
        if (!block_ && !options_.quiet) {
            say(note_);
        }
        return;
    }
    if (batch_.private_lane) {
        throw base::ConfigError(
            "batch " + batch_.name + " has workers of its own, but the scaler " + other->owner +
                " (host:pid:run) serves this host",
            "stop that scaler, then `" + command_with_store("resume " + batch_.name) + "`");
    }
    if (options_.resume_only) {
        throw base::ConfigError(
            "resuming only what was begun of " + title_of(batch_) + ": the scaler " + other->owner +
                " (host:pid:run) serves this host, and its workers take what they find",
            "stop that scaler first, or start it anew as `scaler --resume-only`");
    }
    service_ = true;
}

void BatchRun::load_chunk() {
    if (!loader_) {
        return;
    }
    if (loader_->step() != BatchLoader::Step::more) {
        loader_.reset();
    }
}

void BatchRun::look() {
    watch_.arm();
    batch_ = look_again(store_, batch_);
    only_new_is_open_ = options_.resume_only && only_new_is_open(store_, batch_);
    const base::BootTime now = context_.clock.boot_now();
    next_look_ = now + kLooksApart;
    rate_.add(now, batch_.counts.terminal());
}

bool BatchRun::is_over() const {
    return !loader_ && (only_new_is_open_ || batch_.is_over());
}

void BatchRun::look_after_scaler() {
    if (!scaler_) {
        if (!service_ && phase_ == Phase::running) {
            // The scaler that was in the way may have ended.
            pollfd other{.fd = other_.get(), .events = POLLIN, .revents = 0};
            if (!other_ || ::poll(&other, 1, 0) == 1) {
                choose_scaler();
            }
        }
        return;
    }
    if (phase_ == Phase::killing && context_.clock.boot_now() >= kill_at_) {
        say("the scaler does not end; killing it");
        scaler_->kill();
    }
    if (!scaler_->ended() || cancelled_here_) {
        return;
    }
    if (phase_ == Phase::running) {
        look();
        if (!is_over()) {
            explain_scaler_end();
        }
        return;
    }
    scaler_.reset();
}

void BatchRun::explain_scaler_end() {
    if (find_host_scaler(store_)) {
        // Another one was faster to take this host: wait for it.
        scaler_.reset();
        choose_scaler();
        return;
    }
    std::string text = "the scaler " + ending_text(*scaler_->ended()) + " before " +
                       title_of(batch_) + " was finished";
    const std::vector<std::string> words = scaler_->last_words(kLastWords);
    if (!words.empty()) {
        text += "; it said last:";
        for (const std::string& line : words) {
            text += "\n    " + printable(line);
        }
        text += "\n ";
    }
    throw base::Error(text, "its log is " + scaler_->log().string() + "; " + go_on_with(true));
}

void BatchRun::fail_fast() {
    if (!options_.batch.fail_fast || cancelled_here_ ||
        batch_.counts.failed <= counts_at_start_.failed) {
        return;
    }
    cancelled_here_ = true;
    if (loader_) {
        loader_.reset();
        std::error_code ignored;  // A stale spool is removed a day later.
        std::filesystem::remove(spool_folder(store_) / options_.batch.spool, ignored);
    }
    contracts::BulkSelection all;
    all.batch = batch_.name;
    while (store_.work().cancel(all).more) {
    }
    if (!options_.quiet) {
        say("an item failed: the rest is cancelled (--fail-fast)");
    }
    note_ = "cancelled; running items end";
    if (scaler_) {
        scaler_->retire();
    }
}

void BatchRun::take_signals() {
    while (interrupts_.take() != 0) {
        switch (phase_) {
            case Phase::running:
                phase_ = Phase::retiring;
                loader_.reset();
                note_ = "interrupted: the workers retire";
                if (scaler_) {
                    say("interrupted: the workers retire, what runs has " +
                        base::human_duration(options_.batch.grace) +
                        " to finish; once more stops at once");
                    scaler_->retire();
                }
                break;
            case Phase::retiring:
                phase_ = Phase::killing;
                kill_at_ = context_.clock.boot_now() + kKillTime;
                note_ = "stopping at once";
                if (scaler_) {
                    scaler_->retire();  // The second time it kills its workers.
                }
                break;
            case Phase::killing:
                kill_at_ = context_.clock.boot_now();
                break;
        }
    }
}

base::Millis BatchRun::elapsed() const {
    return std::chrono::duration_cast<base::Millis>(context_.clock.boot_now() - began_);
}

ProgressView BatchRun::view() const {
    ProgressView view;
    view.is_pool = is_shared_work(batch_);
    view.batch = view.is_pool ? batch_.pool : batch_.name;
    view.counts = batch_.counts;
    view.items = std::max(options_.batch.items, batch_.counts.total());
    view.loaded = batch_.counts.total();
    view.loading = loader_.has_value();
    view.workers =
        count_workers(store_, batch_.pool, batch_.private_lane ? batch_.name : std::string());
    view.per_second = rate_.per_second();
    const auto providers = store_.usage().providers();
    view.refused_share = refused_share(providers, store_.now());
    view.elapsed = elapsed();
    view.note = note_;
    if (note_.empty() && view.per_second == 0 && batch_.counts.pending > 0) {
        view.note = wait_note(providers, {store_.now(), context_.clock.wall_now()});
    }
    return view;
}

void BatchRun::show() {
    const base::BootTime now = context_.clock.boot_now();
    if (options_.quiet || now < next_show_) {
        return;
    }
    next_show_ = now + kShowsApart;
    if (block_) {
        block_->show(progress_block(view(), context_.terminal));
        return;
    }
    ProgressView shown;
    shown.counts = batch_.counts;
    shown.items = std::max(options_.batch.items, batch_.counts.total());
    if (pace_.is_due(now, shown.percent())) {
        say(progress_line(view()));
    }
}

void BatchRun::say(const std::string& line) {
    if (block_) {
        block_->print_above(line);
    } else {
        context_.err << line << std::endl;
    }
}

void BatchRun::rest() {
    if (loader_) {
        return;
    }
    std::array<pollfd, 4> watched{{{interrupts_.fd(), POLLIN, 0},
                                   {scaler_ ? scaler_->fd() : -1, POLLIN, 0},
                                   {other_ ? other_.get() : -1, POLLIN, 0},
                                   {-1, POLLIN, 0}}};
    auto limit = std::chrono::ceil<milliseconds>(next_look_ - context_.clock.boot_now());
    if (limit.count() > 0 &&
        ::poll(watched.data(), watched.size(), static_cast<int>(limit.count())) != 0) {
        return;
    }
    watched.back().fd = watch_.fd();
    const milliseconds longest = block_ ? kBlockRest : kLongestRest;
    ::poll(watched.data(), watched.size(), static_cast<int>(longest.count()));
    if (watched.back().revents != 0) {
        // An item has ended just now: its slot takes the next one in a moment.
        watched.back().fd = -1;
        ::poll(watched.data(), watched.size(), static_cast<int>(kSettle.count()));
    }
}

}  // namespace fleet::cli
