#include "common/store/sqlite/next_step.hpp"

#include <utility>
#include <variant>

#include "common/contracts/newer_snapshot.hpp"
#include "common/store/sqlite/checkpoints.hpp"
#include "common/store/sqlite/payloads.hpp"
#include "common/store/sqlite/rank.hpp"
#include "common/store/sqlite/signals.hpp"
#include "common/store/sqlite/waits.hpp"

namespace fleet::store::sqlite {

void go_on(WriteTransaction& transaction, const ExecutionRow& row, const model::NextPending& next) {
    const auto lane = transaction.names().lane(row.lane);
    std::int64_t target = row.lane;
    if (next.stage != lane.stage) {
        auto own = transaction.prepare("SELECT batch, stage_rank FROM lanes WHERE lane = ?1");
        own.bind(1, row.lane).step();
        // A stage that is first entered from another one comes later.
        target = lane_for(transaction.connection(), lane.pool_number, next.stage,
                          static_cast<int>(own.integer(1)) + 1, own.integer(0));
    }
    to_pending(transaction, row,
               {.lane = target, .rank = resumed_rank(row.rank), .delay = next.delay});
}

void go_on(WriteTransaction& transaction, const ExecutionRow& row, const model::NextWaiting& next) {
    if (!next.channel.empty()) {
        if (auto payload = take_kept_signal(transaction, row, next.channel)) {
            transaction.prepare("UPDATE executions SET signal = ?2 WHERE seq = ?1")
                .bind(1, row.seq)
                .bind(2, *payload)
                .run();
            to_pending(transaction, row,
                       {.lane = row.lane,
                        .rank = resumed_rank(row.rank),
                        .delay = {},
                        .woken = model::Woken::signal});
            return;
        }
    }
    to_waiting(transaction, row, next.channel, next.deadline);
}

void go_on(WriteTransaction& transaction, const ExecutionRow& row,
           const model::NextChildren& next) {
    park_on_children(transaction, row, next);
}

std::string_view put_resume_point(WriteTransaction& transaction, std::int64_t seq,
                                  std::string_view json) {
    if (json.size() > kInlineBytes) {
        put_payload(transaction.connection(), seq, Payload::snapshot, json);
        return "";
    }
    remove_payload(transaction.connection(), seq, Payload::snapshot);
    return json;
}

void adopt_newer(WriteTransaction& transaction, contracts::Claimed& claimed) {
    auto row = transaction.prepare(
        "SELECT snapshot_json FROM machine_latest l JOIN machine_checkpoints c "
        "ON c.checkpoint_key = l.latest_key WHERE l.execution_id = ?1");
    const auto id = claimed.lease.execution.text();
    if (!row.bind(1, id).step() || row.view(0) == claimed.snapshot) {
        return;
    }
    base::JsonText latest = row.text(0);
    row.reset();
    if (!contracts::is_newer_snapshot(latest, claimed.snapshot)) {
        return;
    }
    claimed.snapshot = std::move(latest);
    const auto text = put_resume_point(transaction, claimed.lease.handle, claimed.snapshot);
    transaction.prepare("UPDATE executions SET snapshot = ?2 WHERE seq = ?1")
        .bind(1, claimed.lease.handle)
        .bind(2, text)
        .run();
}

bool put_output(WriteTransaction& transaction, std::int64_t seq, const std::string& output,
                const std::string& output_file) {
    if (!output_file.empty()) {
        put_payload_file(transaction.connection(), seq, Payload::output, output_file);
        return false;
    }
    if (output.size() > kInlineBytes) {
        put_payload(transaction.connection(), seq, Payload::output, output);
        return false;
    }
    return true;
}

namespace {

void end_in_place_as_done(WriteTransaction& transaction, const ExecutionRow& row,
                          const model::NextDone& done, const std::string& output_file) {
    auto update = transaction.prepare(
        "UPDATE executions SET status = 3, finished_at_ms = ?2, output = ?3 WHERE seq = ?1");
    update.bind(1, row.seq).bind(2, transaction.now_ms());
    if (put_output(transaction, row.seq, done.output, output_file)) {
        update.bind_text_or_null(3, done.output);
    }
    update.run();
    transaction.counters().move(row.lane, row.counted_batch(), row.count(), Count::done);
    finish(transaction, row, model::Status::done);
}

}  // namespace

void apply_in_place(WriteTransaction& transaction, const model::InPlaceStep& step,
                    const std::string& output_file) {
    const auto row = find_row(transaction.connection(), step.id, 0);
    if (!row || row->status != model::Status::waiting) {
        throw base::StoreError(
            base::StoreError::Kind::internal,
            "committing a step of in-place child " + step.id.text() + ": it is not open");
    }
    if (step.snapshot) {
        const auto text = put_resume_point(transaction, row->seq, step.snapshot->json);
        transaction.prepare("UPDATE executions SET snapshot = ?2 WHERE seq = ?1")
            .bind(1, row->seq)
            .bind(2, text)
            .run();
    }
    save_snapshots(transaction, step.history,
                   step.snapshot && step.keep_history ? &*step.snapshot : nullptr);
    if (const auto* const done = std::get_if<model::NextDone>(&step.next)) {
        end_in_place_as_done(transaction, *row, *done, output_file);
    } else if (const auto* const failed = std::get_if<model::NextFailed>(&step.next)) {
        to_failed(transaction, *row, failed->error, false);
    } else if (const auto* const pending = std::get_if<model::NextPending>(&step.next)) {
        go_on(transaction, *row, *pending);
    } else if (const auto* const waiting = std::get_if<model::NextWaiting>(&step.next)) {
        go_on(transaction, *row, *waiting);
    } else if (const auto* const children = std::get_if<model::NextChildren>(&step.next)) {
        go_on(transaction, *row, *children);
    }
}

}  // namespace fleet::store::sqlite
