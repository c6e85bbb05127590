#include "worker/commit_pipe.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "common/base/ids.hpp"
#include "worker/retry.hpp"

namespace fleet::worker {
namespace {

using base::Millis;
using model::CommitResult;

constexpr Millis kFirstPause{5};
constexpr Millis kLongestPause{1000};
/// Tries to hand something back; without success the next renewals do it, which do not name it.
constexpr int kReleaseTries = 5;

std::vector<LeaseId> leases_of(std::span<const model::StepCommit> group) {
    std::vector<LeaseId> ids;
    ids.reserve(group.size());
    for (const model::StepCommit& commit : group) {
        ids.emplace_back(commit.lease);
    }
    return ids;
}

bool is_transient(const base::Error& error) {
    const auto* of_store = dynamic_cast<const base::StoreError*>(&error);
    return of_store != nullptr && may_be_repeated(*of_store);
}

}  // namespace

CommitPipe::CommitPipe(std::size_t slots, Ports ports)
    : limit_(slots * kPerSlot), ports_(std::move(ports)), thread_([this] { run(); }) {}

CommitPipe::~CommitPipe() {
    {
        const std::scoped_lock lock(mutex_);
        closed_ = true;
    }
    filled_.notify_all();
    emptied_.notify_all();
}

void CommitPipe::commit(std::vector<model::StepCommit> commits) {
    if (commits.empty()) {
        return;
    }
    {
        std::unique_lock lock(mutex_);
        emptied_.wait(lock, [this] { return in_flight_ < limit_ || closed_; });
        in_flight_ += commits.size();
        commits_.push_back(std::move(commits));
    }
    filled_.notify_one();
}

CommitPipe::Begun CommitPipe::commit_and_begin(const model::StepCommit& commit,
                                               const model::Lease& next) {
    try {
        const auto group = std::span(&commit, 1);
        const auto answer = ports_.store.commit_and_begin(group, std::span(&next, 1));
        report(group, answer.results);
        finish(leases_of(group));
        if (answer.lost.empty()) {
            return Begun::yes;
        }
        forget(next);
        return Begun::lost;
    } catch (const base::Error&) {
        // The pipe meets it again and deals with it: commit ids make repeating harmless.
        return Begun::unknown;
    }
}

void CommitPipe::give_back(std::vector<model::Lease> leases) {
    {
        const std::scoped_lock lock(mutex_);
        std::move(leases.begin(), leases.end(), std::back_inserter(returned_));
    }
    filled_.notify_one();
}

void CommitPipe::forget(const model::Lease& lease) {
    const LeaseId id(lease);
    finish(std::span(&id, 1));
}

void CommitPipe::run() {
    for (;;) {
        std::vector<model::StepCommit> group;
        std::vector<model::Lease> returned;
        {
            std::unique_lock lock(mutex_);
            filled_.wait(lock,
                         [this] { return closed_ || !commits_.empty() || !returned_.empty(); });
            if (commits_.empty() && returned_.empty()) {
                return;
            }
            returned.swap(returned_);
            while (!commits_.empty() &&
                   (group.empty() || group.size() + commits_.front().size() <= kLargestGroup)) {
                if (group.empty()) {
                    group = std::move(commits_.front());
                } else {
                    std::move(commits_.front().begin(), commits_.front().end(),
                              std::back_inserter(group));
                }
                commits_.pop_front();
            }
        }
        if (!group.empty()) {
            write(std::move(group));
        }
        if (!returned.empty()) {
            release(returned);
        }
    }
}

void CommitPipe::write(std::vector<model::StepCommit> group) {
    const std::size_t count = group.size();
    try {
        write_patiently(group);
    } catch (const std::exception& error) {
        ports_.fatal("recording " + std::to_string(count) + " results: " + text_of(error),
                     kind_of(error));
    }
    {
        const std::scoped_lock lock(mutex_);
        in_flight_ -= count;
    }
    emptied_.notify_all();
}

void CommitPipe::write_patiently(std::span<model::StepCommit> group) {
    for (Millis pause = kFirstPause;;) {
        try {
            const auto results = ports_.store.commit(group);
            if (!std::exchange(store_answers_, true)) {
                ports_.log.info("the store takes results again");
            }
            report(group, results);
            settle(group, results);
            return;
        } catch (const base::Error& error) {
            if (handle(group, error)) {
                return;
            }
        }
        if (!back_off(pause)) {
            drop(group, "the worker ends");
            return;
        }
    }
}

bool CommitPipe::handle(std::span<model::StepCommit> group, const base::Error& error) {
    if (is_transient(error)) {
        tell_trouble("results cannot be recorded, it is tried again", error);
        return false;
    }
    if (is_ruined(kind_of(error))) {
        drop(group, error.full_text());
        ports_.fatal("recording results: " + error.full_text(), kind_of(error));
        return true;
    }
    // One of them is not to the store's liking; the others must not suffer for it.
    for (model::StepCommit& commit : group) {
        if (group.size() > 1) {
            write_patiently(std::span(&commit, 1));
        } else {
            replace(commit, error);
        }
    }
    return true;
}

void CommitPipe::replace(model::StepCommit& commit, const base::Error& error) {
    const std::string id = commit.lease.execution.text();
    ports_.log.error("a result cannot be recorded, the execution fails",
                     {{"execution", id}, {"error", error.full_text()}});
    const auto* failed = std::get_if<model::NextFailed>(&commit.next);
    if (failed != nullptr && failed->error.kind == model::ErrorKind::internal) {
        drop(std::span(&commit, 1), error.full_text());
        ports_.fatal("recording the failure of execution " + id + ": " + error.full_text(),
                     kind_of(error));
        return;
    }
    commit.next = model::NextFailed{
        model::FailureClass::permanent,
        {model::ErrorKind::internal, "its result cannot be recorded: " + error.full_text(), {}},
        Millis{0}};
    commit.commit_id = base::random_positive_int64();
    write_patiently(std::span(&commit, 1));
}

void CommitPipe::drop(std::span<const model::StepCommit> group, const std::string& why) {
    ports_.log.warn("results are not recorded, their executions will run again",
                    {{"executions", std::to_string(group.size())},
                     {"first", group.front().lease.execution.text()},
                     {"reason", why}});
    finish(leases_of(group));
}

void CommitPipe::report(std::span<const model::StepCommit> group,
                        std::span<const CommitResult> results) {
    std::size_t lost = 0;
    std::string first_lost;
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (results[i] == CommitResult::applied || results[i] == CommitResult::already_applied) {
            continue;
        }
        const std::string id = group[i].lease.execution.text();
        if (results[i] == CommitResult::cancelled) {
            ports_.log.debug("the execution was cancelled", {{"execution", id}});
        } else if (results[i] == CommitResult::lease_lost) {
            first_lost = lost++ == 0 ? id : first_lost;
        } else {
            ports_.log.error(
                "the result was refused",
                {{"execution", id}, {"answer", std::string(model::to_text(results[i]))}});
        }
    }
    if (lost > 0) {
        ports_.log.warn("leases were lost before their results came, they are not recorded",
                        {{"executions", std::to_string(lost)}, {"first", first_lost}});
    }
}

void CommitPipe::settle(std::span<model::StepCommit> group, std::span<const CommitResult> results) {
    std::vector<LeaseId> finished;
    finished.reserve(group.size());
    for (std::size_t i = 0; i < group.size(); ++i) {
        const auto* failed = std::get_if<model::NextFailed>(&group[i].next);
        const bool was_replaced =
            failed != nullptr && failed->error.kind == model::ErrorKind::internal;
        if (results[i] != CommitResult::conflict || was_replaced) {
            finished.emplace_back(group[i].lease);
            continue;
        }
        // Still ours, and nobody else would end it.
        group[i].snapshot.reset();
        group[i].history.clear();
        group[i].children.clear();
        group[i].in_place.clear();
        replace(group[i], base::Error("another commit of the same step was recorded before it"));
    }
    finish(finished);
}

void CommitPipe::release(const std::vector<model::Lease>& leases) {
    Millis pause = kFirstPause;
    for (int tries = 1;; ++tries) {
        try {
            const auto lost = ports_.store.work().release(leases);
            break;
        } catch (const base::Error& error) {
            tell_trouble("work cannot be handed back", error);
        }
        if (tries == kReleaseTries || !back_off(pause)) {
            break;
        }
    }
    std::vector<LeaseId> ids;
    ids.reserve(leases.size());
    for (const model::Lease& lease : leases) {
        ids.emplace_back(lease);
    }
    finish(ids);
}

void CommitPipe::finish(std::span<const LeaseId> leases) {
    ports_.keeper.remove(leases);
    ports_.wake_up.finished(leases.size());
}

void CommitPipe::tell_trouble(const char* what, const base::Error& error) {
    if (std::exchange(store_answers_, false)) {
        ports_.log.warn(what, {{"error", error.full_text()}});
    }
}

bool CommitPipe::back_off(Millis& pause) {
    std::unique_lock lock(mutex_);
    const bool closed = filled_.wait_for(lock, pause, [this] { return closed_; });
    pause = std::min(pause * 2, kLongestPause);
    return !closed;
}

}  // namespace fleet::worker
