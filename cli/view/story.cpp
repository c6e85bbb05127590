#include "cli/view/story.hpp"

#include <algorithm>

#include "cli/core/output.hpp"
#include "cli/view/describe.hpp"
#include "cli/view/provider_wait.hpp"

namespace fleet::cli {
namespace {

using model::ErrorKind;
using model::Status;

std::string id_text(const CaseFile& file) {
    return file.execution.id.text();
}

std::string of_limit(int count, int limit) {
    return std::to_string(count) + " of " + std::to_string(limit);
}

std::string times(int count) {
    return count == 1 ? "once" : std::to_string(count) + " times";
}

/// What may run in parallel of this pool right now.
struct Supply {
    int workers = 0;
    int slots = 0;
    int busy = 0;
};

Supply supply_of(const CaseFile& file) {
    Supply supply;
    for (const model::WorkerRecord& worker : file.servers) {
        ++supply.workers;
        supply.slots += worker.slots;
        supply.busy += worker.busy;
    }
    return supply;
}

bool is_private(const CaseFile& file) {
    return file.batch && file.batch->private_lane;
}

std::string failed_headline(const model::Execution& execution) {
    if (!execution.error) {
        return "failed without a recorded error: the record is damaged, `fleet check` looks at it";
    }
    std::string text = "failed: " + describe_error(*execution.error);
    if (execution.poisoned) {
        text += ", after " + of_limit(execution.counters.failures, execution.max_attempts) +
                " allowed failures";
    }
    return text;
}

/// "3 of 10 children of step 4".
std::string open_children(const ChildrenWait& wait) {
    return with_commas(wait.open) + " of " + count_children(wait.all) + " of step " +
           std::to_string(wait.step);
}

std::string waiting_headline(const CaseFile& file) {
    if (file.wait) {
        return "waiting for " + open_children(*file.wait);
    }
    return file.execution.channel.empty()
               ? "waiting for a time"
               : "waiting for a signal on channel " + file.execution.channel;
}

std::string headline(const CaseFile& file) {
    const model::Execution& execution = file.execution;
    switch (execution.status) {
        case Status::failed:
            return failed_headline(execution);
        case Status::done:
            return execution.counters.attempt > 1
                       ? "done in attempt " + std::to_string(execution.counters.attempt)
                       : "done";
        case Status::cancelled:
            return execution.started_at ? "cancelled after it had begun"
                                        : "cancelled before it began";
        case Status::running:
            return std::string(execution.cancel_requested ? "being cancelled, " : "") +
                   describe_time(execution, file.now) +
                   (execution.worker_id.empty() ? "" : " on worker " + execution.worker_id);
        case Status::waiting:
            return waiting_headline(file);
        case Status::pending:
            break;
    }
    if (const std::string wait = provider_wait_headline(file); !wait.empty()) {
        return wait;
    }
    return execution.counters.attempt > 0
               ? "pending again after " + counted(execution.counters.attempt, "attempt")
               : "pending, it has not run yet";
}

void add_counters(const CaseFile& file, std::vector<std::string>& history) {
    const model::Counters& counters = file.execution.counters;
    if (counters.failures > 0) {
        history.push_back("failed " + times(counters.failures) + " in a way that counts (" +
                          std::to_string(file.execution.max_attempts) + " allowed)");
    }
    if (counters.transient > 0) {
        history.push_back("put back for a passing trouble " + times(counters.transient) + " (" +
                          std::to_string(model::kMaxTransientFailures) + " allowed)");
    }
    if (counters.rate_limited > 0) {
        history.push_back("put back for a provider's limit " + times(counters.rate_limited));
    }
    if (counters.lost_worker > 0) {
        history.push_back("lost with its worker " + times(counters.lost_worker) + " (" +
                          std::to_string(model::kMaxLostWorker) + " allowed)");
    }
    if (counters.takeovers > 0) {
        history.push_back("taken over from a dead or silent worker " + times(counters.takeovers));
    }
    if (counters.releases > 0) {
        history.push_back("handed back by a retiring worker " + times(counters.releases));
    }
}

/// Why nobody has taken an execution that is ready.
void explain_ready(const CaseFile& file, Story& story) {
    const model::Execution& execution = file.execution;
    const Supply supply = supply_of(file);
    const std::int64_t ready = file.pressure ? file.pressure->ready() : 0;
    if (supply.workers == 0 && is_private(file)) {
        story.waits.push_back("it belongs to the `fleet run` of batch " + execution.batch +
                              ", and no worker of that is alive");
        story.next.push_back({"go on with the batch", "fleet resume " + execution.batch});
    } else if (supply.workers == 0 && !file.scaler_hosts.empty()) {
        story.waits.push_back("no worker serves pool " + execution.pool + " yet; the scaler of " +
                              file.scaler_hosts.front() + " decides whether to start one");
        story.next.push_back(
            {"see what the scaler thinks", "fleet decisions --pool " + execution.pool});
        story.next.push_back({"see or raise the pool's limits", "fleet scale " + execution.pool});
    } else if (supply.workers == 0) {
        story.waits.push_back("no worker serves pool " + execution.pool +
                              ", and no scaler is there to start one");
        story.next.push_back(
            {"start the workers of this box", "scaler --store " + file.store_text});
    } else if (supply.busy >= supply.slots) {
        story.waits.push_back("all " + counted(supply.slots, "slot") + " of " +
                              counted(supply.workers, "worker") + " are busy, and " +
                              counted(ready, "execution") + (ready == 1 ? " is" : " are") +
                              " ready in the pool");
        story.next.push_back({"allow more workers", "fleet scale " + execution.pool + " --max N"});
        story.next.push_back({"see what they do", "fleet ps --status running"});
    } else {
        story.waits.push_back(
            "a worker takes it in a moment: " + counted(supply.slots - supply.busy, "slot") +
            " of " + counted(supply.workers, "worker") + " are free, " +
            counted(ready, "execution") + (ready == 1 ? " is" : " are") + " ready");
        story.next.push_back({"look again; if it does not move, look for damage", "fleet check"});
    }
}

void explain_pending(const CaseFile& file, Story& story) {
    const model::Execution& execution = file.execution;
    if (execution.cancel_requested ||
        (file.batch && file.batch->state == model::BatchState::cancelled)) {
        story.waits.emplace_back("its cancelling was asked for: it does not start any more");
        story.next.push_back({"finish the cancelling",
                              execution.batch.empty() ? "fleet cancel " + id_text(file)
                                                      : "fleet cancel --batch " + execution.batch});
        return;
    }
    const bool paused = file.pool && file.pool->paused;
    if (paused) {
        story.waits.push_back("pool " + execution.pool + " is paused: nothing of it starts");
        story.next.push_back({"let the pool go on", "fleet unpause " + execution.pool});
    }
    if (explain_provider_wait(file, story)) {
        return;
    }
    if (execution.due_in && execution.due_in->count() > 0) {
        story.waits.push_back("it is delayed, due in " + base::human_duration(*execution.due_in) +
                              (execution.counters.failures + execution.counters.transient > 0
                                   ? ": the pause after its last failure"
                                   : ""));
        if (!paused) {
            story.next.push_back({"nothing to do: it becomes ready by itself", ""});
        }
    } else if (!paused) {
        explain_ready(file, story);
    }
}

void explain_running(const CaseFile& file, Story& story) {
    const model::Execution& execution = file.execution;
    if (!file.owner) {
        story.next.push_back(
            {"its worker's registration is gone; others take it over when its lease "
             "ends",
             "fleet why " + id_text(file)});
        return;
    }
    const model::WorkerRecord& owner = *file.owner;
    const bool gone = owner.status == model::WorkerStatus::lost ||
                      owner.status == model::WorkerStatus::terminated;
    if (gone || owner.stale) {
        story.waits.push_back("its worker " + owner.worker_id + " is " +
                              (gone ? std::string(model::to_text(owner.status))
                                    : "silent for " + base::human_duration(owner.heartbeat_age)) +
                              "; another worker takes it over when the lease has ended");
        story.next.push_back({"see whether workers are there to take it", "fleet workers --live"});
        return;
    }
    if (file.spec && file.spec->timeout && execution.started_at) {
        const base::Millis left = *file.spec->timeout - (file.now - *execution.started_at);
        story.next.push_back({left.count() > 0 ? "its time limit of " +
                                                     base::human_duration(*file.spec->timeout) +
                                                     " ends it in " + base::human_duration(left)
                                               : "its time limit is over, it is being ended",
                              ""});
    }
    story.next.push_back({"watch it", "fleet logs " + id_text(file) + " --follow"});
}

/// Since when, as the checkpoint of the wait tells, and until when.
std::string waiting_span(const CaseFile& file) {
    std::string text;
    if (file.checkpoint && file.checkpoint->event == "waiting") {
        if (const auto since = parse_utc(file.checkpoint->created_at)) {
            text += ", since " + describe_instant(*since, file.now);
        }
    }
    if (file.execution.due_in) {
        text += ", until " + base::iso8601(file.now + *file.execution.due_in) + " (in " +
                base::human_duration(*file.execution.due_in) + ")";
    }
    return text;
}

void explain_waiting(const CaseFile& file, Story& story) {
    const model::Execution& execution = file.execution;
    if (file.wait) {
        story.waits.push_back(open_children(*file.wait) + waiting_span(file));
        for (const model::Execution& child : file.wait->slowest) {
            story.waits.push_back("open: " + child.id.text() + " " +
                                  std::string(model::to_text(child.status)) + ", " +
                                  describe_time(child, file.now));
        }
        if (!file.wait->slowest.empty()) {
            story.next.push_back({"see what the slowest of them does",
                                  "fleet why " + file.wait->slowest.front().id.text()});
        }
        story.next.push_back({"see all of them", "fleet show " + id_text(file)});
    } else if (!execution.channel.empty()) {
        story.waits.push_back("a signal on channel " + execution.channel + waiting_span(file));
        story.next.push_back({"send it what it waits for",
                              "fleet signal " + execution.channel + " JSON --to " + id_text(file)});
    } else {
        story.waits.push_back("a time that was set" + waiting_span(file));
    }
    story.next.push_back({"nothing else to do, unless it should not wait any longer",
                          "fleet cancel " + id_text(file)});
}

Advice advice_for(ErrorKind kind, const CaseFile& file) {
    const std::string again = "fleet requeue " + id_text(file);
    switch (kind) {
        case ErrorKind::exit_code:
            return {"mend what the command complains of, then run it again", again};
        case ErrorKind::signal:
            return {
                "KILL often means that memory ran out (the kernel's log tells), SEGV and ABRT a "
                "crash of the command; then run it again",
                again};
        case ErrorKind::timeout:
            return {
                "if it only needs longer, submit it again with a larger --timeout; to try once "
                "more as it is",
                again};
        case ErrorKind::spawn:
            return {
                "see that the program is installed, executable and in the PATH of the worker, "
                "then run it again",
                again};
        case ErrorKind::rate_limit:
            return {"the provider kept refusing; wait, or ask it for more, then run it again",
                    again};
        case ErrorKind::config:
            return {"what was submitted cannot be run: mend it and submit it again", ""};
        case ErrorKind::agent:
            return {"run it again", again};
        case ErrorKind::lost_worker:
            return {
                "its workers die while it runs: look at their ends and at the memory of the box, "
                "then run it again",
                again};
        case ErrorKind::cancelled:
            return {"run it after all", again};
        case ErrorKind::machine:
            return {"look at the state and the error that the message names, then run it again",
                    again};
        case ErrorKind::internal:
            return {
                "this is a fault of the program: please report it with this output; run it again",
                again};
    }
    return {"run it again", again};
}

bool has_logs(const CaseFile& file) {
    return std::any_of(file.attempts.begin(), file.attempts.end(),
                       [](const model::Attempt& attempt) {
                           return !attempt.stderr_path.empty() || !attempt.stdout_path.empty();
                       });
}

void explain_failed(const CaseFile& file, Story& story) {
    const ErrorKind kind = file.execution.error ? file.execution.error->kind : ErrorKind::internal;
    if (has_logs(file)) {
        story.next.push_back({"read all that it wrote", "fleet logs " + id_text(file)});
    }
    if (kind == ErrorKind::lost_worker) {
        story.next.push_back({"see how its workers ended", "fleet workers --status lost"});
    }
    story.next.push_back(advice_for(kind, file));
}

}  // namespace

Story tell_story(const CaseFile& file) {
    Story story;
    story.headline = headline(file);
    add_counters(file, story.history);
    switch (file.execution.status) {
        case Status::pending:
            explain_pending(file, story);
            break;
        case Status::running:
            explain_running(file, story);
            break;
        case Status::waiting:
            explain_waiting(file, story);
            break;
        case Status::done:
            story.next.push_back({"read its result", "fleet result " + id_text(file)});
            break;
        case Status::failed:
            explain_failed(file, story);
            break;
        case Status::cancelled:
            story.next.push_back({"run it after all", "fleet requeue " + id_text(file)});
            break;
    }
    return story;
}

}  // namespace fleet::cli
