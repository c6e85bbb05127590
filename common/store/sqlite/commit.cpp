#include "common/store/sqlite/commit.hpp"

#include <array>
#include <cstdio>
#include <variant>

#include "common/store/sqlite/checkpoints.hpp"
#include "common/store/sqlite/children.hpp"
#include "common/store/sqlite/execution_row.hpp"
#include "common/store/sqlite/next_step.hpp"
#include "common/store/sqlite/payloads.hpp"
#include "common/store/sqlite/signals.hpp"
#include "common/store/sqlite/usage.hpp"

namespace fleet::store::sqlite {

namespace {

using model::CommitResult;

/// Names the step inside an execution: two commits of one step under one token are a conflict.
std::string step_name(const model::StepCommit& commit) {
    std::string name = std::to_string(commit.snapshot->step) + "/" + commit.snapshot->event;
    if (commit.turn > 0) {
        name += "/" + std::to_string(commit.turn);
    }
    return name;
}

/// Nothing but the end and what belongs to every attempt.
bool only_ends(const model::StepCommit& commit) {
    return !commit.snapshot && commit.history.empty() && commit.children.empty() &&
           commit.in_place.empty();
}

/// Everything of a commit but its next status.
class Application {
  public:
    Application(WriteTransaction& transaction, Database& database, const PreparedCommit& prepared,
                ExecutionRow row)
        : transaction_(transaction),
          database_(database),
          prepared_(prepared),
          commit_(*prepared.commit),
          row_(std::move(row)) {}

    CommitResult run() {
        const bool cancelled = is_cancelled(transaction_, row_);
        if (commit_.service_time.count() > 0) {
            transaction_.counters().service(row_.lane, commit_.service_time);
        }
        if (!commit_.usage.empty()) {
            add_usage(transaction_, commit_.usage, database_.clock().wall_now());
        }
        const auto* const done = std::get_if<model::NextDone>(&commit_.next);
        if (done != nullptr && !cancelled && only_ends(commit_) && !row_.has_record) {
            for (const auto& signal : commit_.signals) {
                send_signal(transaction_, signal.channel, signal.payload);
            }
            end_as_done(*done);
            return CommitResult::applied;
        }
        begin_attempt(transaction_, row_);
        if (commit_.attempt_record) {
            keep_attempt(transaction_, row_, *commit_.attempt_record);
        }
        if (cancelled) {
            to_cancelled(transaction_, row_);
            return CommitResult::cancelled;
        }
        keep_step();
        keep_family();
        for (const auto& signal : commit_.signals) {
            send_signal(transaction_, signal.channel, signal.payload);
        }
        std::visit([this](const auto& next) { apply(next); }, commit_.next);
        return CommitResult::applied;
    }

  private:
    void keep_step() {
        if (!commit_.snapshot) {
            set_commit_id();
            save_snapshots(transaction_, commit_.history, nullptr);
            return;
        }
        const auto& snapshot = *commit_.snapshot;
        const auto step = step_name(commit_);
        const auto text = put_resume_point(transaction_, row_.seq, snapshot.json);
        transaction_
            .prepare(
                "UPDATE executions SET commit_id = ?2, resume_step = ?3, snapshot = ?4, "
                "signal = NULL, woken = 0 WHERE seq = ?1")
            .bind(1, row_.seq)
            .bind(2, commit_.commit_id)
            .bind(3, step)
            .bind(4, text)
            .run();
        save_snapshots(transaction_, commit_.history, commit_.keep_history ? &snapshot : nullptr);
    }

    void keep_family() {
        if (commit_.children.empty() && commit_.in_place.empty()) {
            return;
        }
        insert_children(transaction_, commit_);
        detach_children(transaction_, commit_);
        if (const auto row = find_row(transaction_.connection(), row_.seq)) {
            row_.kin = row->kin;
        }
        for (std::size_t i = 0; i < commit_.in_place.size(); ++i) {
            apply_in_place(transaction_, commit_.in_place[i], prepared_.in_place_files.at(i));
        }
    }

    void set_commit_id() {
        // A wake-up and its payload are told until the resume point is replaced or left: a retried
        // attempt begins there.
        const bool used = !std::holds_alternative<model::NextRunning>(commit_.next) &&
                          !std::holds_alternative<model::NextFailed>(commit_.next);
        transaction_
            .prepare(
                "UPDATE executions SET commit_id = ?2, signal = iif(?3, NULL, signal), "
                "woken = iif(?3, 0, woken) WHERE seq = ?1")
            .bind(1, row_.seq)
            .bind(2, commit_.commit_id)
            .bind(3, used)
            .run();
    }

    template <class Parked>
    void apply(const Parked& next) {
        go_on(transaction_, row_, next);
    }

    void apply(const model::NextDone& next) { end_as_done(next); }

    /// The common end, in one write of the row.
    void end_as_done(const model::NextDone& next) {
        auto update = transaction_.prepare(
            "UPDATE executions SET status = 3, last_owner = owner, owner = NULL, begun = 1, "
            "attempt = ?2, started_at_ms = coalesce(started_at_ms, claimed_at_ms), "
            "finished_at_ms = ?3, output = ?4, commit_id = ?5, "
            "attempt_record = coalesce(?6, attempt_record) WHERE seq = ?1");
        update.bind(1, row_.seq).bind(2, row_.begun ? row_.attempt : row_.attempt + 1);
        update.bind(3, transaction_.now_ms()).bind(5, commit_.commit_id);
        std::string record;
        if (commit_.attempt_record && !row_.has_record) {
            record = to_json_text(*commit_.attempt_record);
            update.bind(6, record);
        }
        if (put_output(transaction_, row_.seq, next.output, prepared_.output_file)) {
            update.bind_text_or_null(4, next.output);
        }
        update.run();
        transaction_.counters().move(row_.lane, row_.counted_batch(), row_.count(), Count::done);
        finish(transaction_, row_, model::Status::done);
    }

    void apply(const model::NextFailed& next) {
        using model::FailureClass;
        bool ends = false;
        bool poisoned = false;
        switch (next.failure) {
            case FailureClass::counting:
                ends = ++row_.failures >= row_.max_attempts;
                poisoned = ends;
                break;
            case FailureClass::transient:
                ends = ++row_.transient > model::kMaxTransientFailures;
                break;
            case FailureClass::rate_limited:
                ends = ++row_.rate_limited > model::kMaxRateLimited;
                break;
            case FailureClass::permanent:
                ends = true;
                break;
        }
        transaction_
            .prepare(
                "UPDATE executions SET failures = ?2, transient = ?3, rate_limited = ?4 "
                "WHERE seq = ?1")
            .bind(1, row_.seq)
            .bind(2, row_.failures)
            .bind(3, row_.transient)
            .bind(4, row_.rate_limited)
            .run();
        if (ends) {
            to_failed(transaction_, row_, next.error, poisoned);
        } else {
            keep_error(transaction_, row_, next.error);
            to_pending(transaction_, row_,
                       {.lane = row_.lane, .rank = row_.rank, .delay = next.retry_delay});
        }
    }

    WriteTransaction& transaction_;
    Database& database_;
    const PreparedCommit& prepared_;
    const model::StepCommit& commit_;
    ExecutionRow row_;
};

}  // namespace

namespace {

/// The most common commit, an attempt that is done in its first step, as one statement: fence and
/// change together. False: it is not that simple, or the fence does not hold, and nothing was done.
bool end_in_one_write(WriteTransaction& transaction, Database& database,
                      const PreparedCommit& prepared) {
    const auto& commit = *prepared.commit;
    const auto* const done = std::get_if<model::NextDone>(&commit.next);
    if (done == nullptr || !only_ends(commit) || commit.lease.handle == 0 ||
        done->output.size() > kInlineBytes) {
        return false;
    }
    std::string record;
    {
        auto update = transaction.prepare(
            "UPDATE executions SET status = note(lane, batch, 3), last_owner = owner, "
            "owner = NULL, begun = 1, attempt = attempt + 1 - begun, "
            "started_at_ms = coalesce(started_at_ms, claimed_at_ms), finished_at_ms = ?5, "
            "output = ?6, commit_id = ?7, attempt_record = ?8 "
            "WHERE seq = ?1 AND id = ?2 AND token = ?3 AND owner = ?4 AND status = 1 "
            "AND cancel = 0 AND commit_id IS NOT ?7 AND attempt_record IS NULL "
            "AND unique_key IS NULL AND kin = 0 AND NOT EXISTS (SELECT 1 FROM batches AS own "
            "WHERE own.batch = executions.batch AND own.state = 2)");
        update.bind(1, commit.lease.handle).bind(2, commit.lease.execution);
        update.bind(3, commit.lease.token);
        update.bind(4, transaction.names().owner(commit.lease.owner));
        update.bind(5, transaction.now_ms()).bind_text_or_null(6, done->output);
        update.bind(7, commit.commit_id);
        if (commit.attempt_record) {
            record = to_json_text(*commit.attempt_record);
            update.bind(8, record);
        }
        if (update.run() == 0) {
            return false;
        }
    }
    const auto [lane, batch] = transaction.connection().noted();
    if (commit.service_time.count() > 0) {
        transaction.counters().service(lane, commit.service_time);
    }
    if (!commit.usage.empty()) {
        add_usage(transaction, commit.usage, database.clock().wall_now());
    }
    for (const auto& signal : commit.signals) {
        send_signal(transaction, signal.channel, signal.payload);
    }
    transaction.counters().move(lane, batch, Count::running, Count::done);
    announce_end(transaction, batch);
    return true;
}

}  // namespace

CommitResult apply_commit(WriteTransaction& transaction, Database& database,
                          const PreparedCommit& prepared) {
    if (end_in_one_write(transaction, database, prepared)) {
        return CommitResult::applied;
    }
    const auto& commit = *prepared.commit;
    auto row = find_row(transaction.connection(), commit.lease.execution, commit.lease.handle);
    if (!row) {
        return CommitResult::not_found;
    }
    if (row->commit_id == commit.commit_id && commit.commit_id != 0) {
        return CommitResult::already_applied;
    }
    if (row->status != model::Status::running || row->token != commit.lease.token ||
        row->owner != transaction.names().owner(commit.lease.owner)) {
        return CommitResult::lease_lost;
    }
    if (commit.snapshot && step_name(commit) == row->resume_step) {
        return CommitResult::conflict;
    }
    check_children(transaction, commit);
    return Application{transaction, database, prepared, std::move(*row)}.run();
}

}  // namespace fleet::store::sqlite
