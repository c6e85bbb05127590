#include "worker/machine_steps.hpp"

#include <algorithm>
#include <poll.h>
#include <utility>

#include "common/base/errors.hpp"
#include "common/base/ids.hpp"
#include "machines/engine/failure.hpp"
#include "worker/retry.hpp"

namespace fleet::worker {
namespace {

constexpr int kPauseMs = 20;
constexpr std::size_t kMebi = std::size_t{1} << 20U;

}  // namespace

MachineSteps::MachineSteps(contracts::Store& store, const base::Clock& clock,
                           const contracts::Claimed& claimed, std::stop_token stop,
                           const std::atomic<bool>& leaving)
    : store_(store), clock_(clock), claimed_(claimed), stop_(std::move(stop)), leaving_(leaving) {
    root_.run = claimed.lease.execution;
}

MachineSteps::Part& MachineSteps::part_of(const model::ExecutionId& run) {
    if (run == root_.run) {
        return root_;
    }
    const auto found = std::ranges::find(in_place_, run, &Part::run);
    if (found != in_place_.end()) {
        return *found;
    }
    in_place_.push_back({run, {}, {}, {}, {}});
    return in_place_.back();
}

model::Snapshot MachineSteps::encode(const engine::MachineSnapshot& snapshot) const {
    engine::MachineSnapshot dated = snapshot;
    dated.created_at = base::iso8601(store_.now());
    model::Snapshot result;
    result.json = engine::to_json_text(dated);
    if (result.json.size() > kMaxSnapshotBytes) {
        throw engine::MachineError(
            engine::FailureClass::limit, "LimitError",
            "the machine's checkpoint in the state `" + snapshot.current_state + "` has " +
                std::to_string(result.json.size() / kMebi) + " MiB, more than " +
                std::to_string(kMaxSnapshotBytes / kMebi) +
                "; keep large data in files and their names in the context");
    }
    result.execution_id = std::move(dated.execution_id);
    result.machine_name = std::move(dated.machine_name);
    result.event = engine::name_of(dated.event);
    result.current_state = std::move(dated.current_state);
    result.waiting_channel = std::move(dated.waiting_channel);
    result.step = dated.step;
    return result;
}

void MachineSteps::put(Part& part, const engine::MachineSnapshot& snapshot, bool kept) {
    if (kept) {
        part.kept = encode(snapshot);
        part.latest.reset();
        pending_bytes_ += part.kept->json.size();
    } else {
        part.latest = snapshot;
    }
}

void MachineSteps::checkpoint(const model::ExecutionId& run,
                              const engine::MachineSnapshot& snapshot, bool kept) {
    Part& part = part_of(run);
    if (part.kept) {
        part.history.push_back(std::move(*part.kept));
        part.kept.reset();
    }
    put(part, snapshot, kept);
    if (pending_++ == 0) {
        pending_since_ = clock_.boot_now();
    } else if (is_due() && snapshot.event != engine::Event::machine_end) {
        flush();  // an end is not final before its hook has seen it
    }
    if (leaving_.load(std::memory_order_relaxed) && snapshot.event == engine::Event::state_exit &&
        run == root_.run) {
        throw base::Cancelled("the worker leaves between two steps of execution " +
                              claimed_.lease.execution.text());
    }
}

void MachineSteps::amend(const model::ExecutionId& run, const engine::MachineSnapshot& snapshot,
                         bool kept) {
    Part& part = part_of(run);
    if (!kept && part.kept) {
        part.history.push_back(std::move(*part.kept));
    }
    part.kept.reset();
    put(part, snapshot, kept);
}

bool MachineSteps::is_due() const {
    return pending_ >= kMostPending || pending_bytes_ >= kMostPendingBytes ||
           clock_.boot_now() - pending_since_ >= kLongestPending;
}

void MachineSteps::add_child(model::NewChild child) {
    if (child.input.size() > kMaxSnapshotBytes) {
        throw engine::MachineError(engine::FailureClass::limit, "LimitError",
                                   "the input of the machine `" + child.label + "` has " +
                                       std::to_string(child.input.size() / kMebi) +
                                       " MiB, more than " +
                                       std::to_string(kMaxSnapshotBytes / kMebi));
    }
    children_.push_back(std::move(child));
    ++pending_;
    if (children_.size() == model::kMaxChildren) {
        flush();
    }
}

void MachineSteps::set_next(const model::ExecutionId& run, model::Next next) {
    part_of(run).next = std::move(next);
}

std::optional<model::Snapshot> MachineSteps::take_snapshot(Part& part, bool& keep_history) {
    keep_history = part.kept.has_value();
    std::optional<model::Snapshot> snapshot;
    if (part.kept) {
        snapshot = std::move(part.kept);
    } else if (const auto latest = std::exchange(part.latest, std::nullopt)) {
        snapshot = encode(*latest);  // may refuse it: it is not there any more then
    }
    part.kept.reset();
    return snapshot;
}

model::StepCommit MachineSteps::build(model::Next next) {
    model::StepCommit commit;
    if (is_held_) {
        // A snapshot would tell the store that what woke the execution was used.
        root_.kept.reset();
        root_.latest.reset();
        root_.history.clear();
    }
    commit.snapshot = take_snapshot(root_, commit.keep_history);
    commit.history = std::exchange(root_.history, {});
    commit.children = std::exchange(children_, {});
    for (Part& part : in_place_) {
        model::InPlaceStep step;
        step.id = part.run;
        step.snapshot = take_snapshot(part, step.keep_history);
        step.history = std::move(part.history);
        step.next = part.next ? std::move(*part.next) : model::Next(model::NextRunning{});
        commit.in_place.push_back(std::move(step));
    }
    in_place_.clear();
    commit.turn = ++turn_;
    commit.next = std::move(next);
    pending_ = 0;
    pending_bytes_ = 0;
    return commit;
}

void MachineSteps::flush() {
    if (pending_ == 0 || is_held_ || !stop_.stop_possible()) {
        return;
    }
    model::StepCommit commit = build(model::NextRunning{});
    commit.lease = claimed_.lease;
    commit.commit_id = base::random_positive_int64();
    commit.attempt = claimed_.attempt;
    write(commit);
}

void MachineSteps::write(const model::StepCommit& commit) {
    for (;;) {
        try {
            const auto results = store_.commit(std::span(&commit, 1));
            if (results.front() != model::CommitResult::applied &&
                results.front() != model::CommitResult::already_applied) {
                throw RunLost(results.front());
            }
            return;
        } catch (const base::StoreError& error) {
            if (!may_be_repeated(error)) {
                throw;
            }
        }
        if (stop_.stop_requested()) {
            throw base::Cancelled("recording a step of execution " +
                                  claimed_.lease.execution.text());
        }
        ::poll(nullptr, 0, kPauseMs);
    }
}

void MachineSteps::flush_if_possible() noexcept {
    try {
        flush();
    } catch (const std::exception&) {
        // The steps since the last commit are done again by whoever goes on: nothing left the
        // process since then.
        pending_ = 0;
    }
}

model::StepCommit MachineSteps::take(model::Next next) {
    return build(std::move(next));
}

void MachineSteps::drop() {
    root_.history.clear();
    root_.kept.reset();
    root_.latest.reset();
    root_.next.reset();
    in_place_.clear();
    children_.clear();
}

model::StepCommit MachineSteps::take_parked() {
    return build(root_.next ? std::move(*root_.next) : model::Next(model::NextRunning{}));
}

}  // namespace fleet::worker
