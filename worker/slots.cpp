#include "worker/slots.hpp"

#include <limits>
#include <poll.h>
#include <span>
#include <utility>

#include "common/base/errors.hpp"
#include "common/base/ids.hpp"
#include "worker/retry.hpp"

namespace fleet::worker {
namespace {

constexpr int kBeginPauseMs = 20;

model::StepCommit named(WorkItem& item, model::StepCommit&& commit, CommitIds& ids) {
    commit.lease = std::move(item.claimed.lease);
    commit.commit_id = ids.next();
    commit.attempt = item.claimed.attempt;
    return std::move(commit);
}

}  // namespace

CommitIds::CommitIds() : last_(base::random_positive_int64()) {}

std::int64_t CommitIds::next() {
    last_ = last_ == std::numeric_limits<std::int64_t>::max() ? 1 : last_ + 1;
    return last_;
}

Slots::Slots(std::size_t count, Ports ports) : ports_(std::move(ports)) {
    threads_.reserve(count);
    for (std::size_t slot = 0; slot < count; ++slot) {
        threads_.emplace_back([this, slot] { run(slot); });
    }
}

Slots::~Slots() {
    ports_.queue.close();
    ports_.attempts.close();
}

void Slots::run(std::size_t slot) {
    std::vector<WorkItem> items;
    try {
        CommitIds ids;
        while (ports_.queue.take(items)) {
            if (items.front().is_instant()) {
                run_instant(items, ids);
            } else {
                run_others(slot, items.front(), ids);
            }
        }
    } catch (const std::exception& error) {
        const std::string what =
            items.empty() ? "an item" : items.front().claimed.lease.execution.text();
        ports_.fatal("slot " + std::to_string(slot) + ", running " + what + ": " + text_of(error),
                     kind_of(error));
    }
}

ItemOutcome Slots::run_item(const WorkItem& item, const std::stop_token& stop) {
    if (const auto* machine =
            std::get_if<std::shared_ptr<const PreparedMachine>>(item.spec.get())) {
        return run_machine(item, **machine, stop);
    }
    ItemOutcome done;
    if (const auto* prepared = std::get_if<calls::PreparedSpec>(item.spec.get())) {
        calls::StepOutcome outcome = ports_.runner.run(item.claimed, *prepared, stop);
        done.kind = outcome.aborted ? ItemOutcome::Kind::aborted : ItemOutcome::Kind::commit;
        done.commit.attempt_record = std::move(outcome.record);
        done.commit.service_time = outcome.service_time;
        done.commit.next = std::move(outcome.next);
        return done;
    }
    const auto& error = std::get<model::ExecutionError>(*item.spec);
    done.commit.next = model::NextFailed{model::FailureClass::permanent, error, base::Millis{0}};
    done.commit.attempt_record = ports_.empty_record(item.claimed);
    done.commit.attempt_record->error = error;
    return done;
}

ItemOutcome Slots::run_machine(const WorkItem& item, const PreparedMachine& machine,
                               const std::stop_token& stop) {
    const base::BootTime start = ports_.clock.boot_now();
    ItemOutcome done = ports_.machines.runner().run(item.claimed, machine, stop);
    done.commit.service_time = std::chrono::round<base::Millis>(ports_.clock.boot_now() - start);
    return done;
}

void Slots::run_instant(std::vector<WorkItem>& items, CommitIds& ids) {
    std::vector<model::StepCommit> commits;
    commits.reserve(items.size());
    for (WorkItem& item : items) {
        commits.push_back(named(item, run_item(item, {}).commit, ids));
    }
    ports_.pipe.commit(std::move(commits));
}

void Slots::run_others(std::size_t slot, WorkItem& item, CommitIds& ids) {
    // Known before anything is asked, so that whoever ends attempts meets this one, too.
    std::stop_token stop = ports_.attempts.start(slot, item.claimed.lease);
    for (;;) {
        auto commit = run_one(slot, item, stop, ids);
        if (!commit) {
            return;
        }
        auto next = ports_.queue.take_unbegun();
        if (!next) {
            ports_.pipe.commit({std::move(*commit)});
            return;
        }
        item = std::move(*next);
        stop = ports_.attempts.start(slot, item.claimed.lease);
        switch (ports_.pipe.commit_and_begin(*commit, item.claimed.lease)) {
            case CommitPipe::Begun::yes:
                item.claimed.begun = true;
                break;
            case CommitPipe::Begun::lost:
                ports_.attempts.end(slot);
                return;
            case CommitPipe::Begun::unknown:
                ports_.pipe.commit({std::move(*commit)});
                break;
        }
    }
}

std::optional<model::StepCommit> Slots::run_one(std::size_t slot, WorkItem& item,
                                                const std::stop_token& stop, CommitIds& ids) {
    if (!prepare(item)) {
        ports_.attempts.end(slot);
        return std::nullopt;
    }
    const base::BootTime start = ports_.clock.boot_now();
    ItemOutcome done = run_item(item, stop);
    ports_.attempts.end(slot);
    if (done.kind == ItemOutcome::Kind::aborted) {
        give_up(item);
        return std::nullopt;
    }
    if (done.kind == ItemOutcome::Kind::lost) {
        ports_.pipe.forget(item.claimed.lease);
        return std::nullopt;
    }
    ports_.claim_size.served(ports_.clock.boot_now() - start);
    return named(item, std::move(done.commit), ids);
}

bool Slots::prepare(const WorkItem& item) {
    if (!item.claimed.begun && !begin(item)) {
        return false;
    }
    if (!ports_.keeper.may_start() || !ports_.keeper.holds(item.claimed.lease)) {
        give_up(item);
        return false;
    }
    return true;
}

bool Slots::begin(const WorkItem& item) {
    for (;;) {
        try {
            // Slots that begin at the same time share one transaction: the store merges them.
            if (ports_.work.begin(std::span(&item.claimed.lease, 1)).empty()) {
                return true;
            }
            ports_.pipe.forget(item.claimed.lease);
            return false;
        } catch (const base::StoreError& error) {
            if (!may_be_repeated(error)) {
                throw;
            }
        }
        if (!ports_.keeper.may_start()) {
            give_up(item);
            return false;
        }
        ::poll(nullptr, 0, kBeginPauseMs);
    }
}

void Slots::give_up(const WorkItem& item) {
    if (ports_.keeper.holds(item.claimed.lease)) {
        ports_.pipe.give_back({item.claimed.lease});
    } else {
        ports_.pipe.forget(item.claimed.lease);
    }
}

}  // namespace fleet::worker
