#include <optional>

#include "common/base/errors.hpp"
#include "common/contracts/trigger.hpp"
#include "common/store/sqlite/lookup.hpp"
#include "common/store/sqlite/next_step.hpp"
#include "common/store/sqlite/payloads.hpp"
#include "common/store/sqlite/rank.hpp"
#include "common/store/sqlite/work.hpp"

namespace fleet::store::sqlite {

namespace {

using contracts::PushedExecution;
using contracts::PushRequest;
using contracts::PushResult;

/// Bytes that a row gives back when it is claimed: the claim and the end add about as much (owner,
/// three times, commit id, a short output), so that the row is rewritten in its place.
constexpr int kReserveBytes = 48;

void check_limits(const PushRequest& request) {
    if (request.executions.size() > contracts::kMaxPush) {
        throw base::StoreError(base::StoreError::Kind::internal,
                               "pushing " + std::to_string(request.executions.size()) +
                                   " executions: at most " + std::to_string(contracts::kMaxPush) +
                                   " go into one push",
                               "push in chunks");
    }
    for (const auto& execution : request.executions) {
        if (!execution.channel.empty() && execution.snapshot.empty()) {
            throw base::StoreError(base::StoreError::Kind::internal,
                                   "pushing item " + std::to_string(execution.item_number) +
                                       " as waiting on channel " + execution.channel +
                                       ": it has no resume point");
        }
        if (execution.input.size() > contracts::kMaxInputBytes) {
            throw base::StoreError(base::StoreError::Kind::internal,
                                   "pushing item " + std::to_string(execution.item_number) +
                                       ": its input has " + std::to_string(execution.input.size()) +
                                       " bytes, at most " +
                                       std::to_string(contracts::kMaxInputBytes) + " are allowed",
                                   "put large data into a file and pass its path");
        }
    }
}

class Push {
  public:
    Push(WriteTransaction& transaction, const PushRequest& request, base::UuidGenerator& ids,
         base::WallTime wall)
        : transaction_(transaction), request_(request), ids_(ids), wall_(wall) {}

    PushResult run() {
        PushResult result;
        const auto pool = find_pool(transaction_.connection(), request_.pool);
        if (!pool) {
            result.outcome = PushResult::Outcome::unknown_pool;
            return result;
        }
        pool_ = pool->number;
        if (!request_.batch.empty()) {
            batch_ = find_batch(transaction_.connection(), request_.batch);
            result.outcome = batch_outcome();
            if (result.outcome != PushResult::Outcome::pushed) {
                return result;
            }
        }
        lane_ = lane_for(transaction_.connection(), pool_, request_.stage, request_.stage_rank,
                         batch_ && batch_->private_lane ? batch_->number : 0);
        result.executions.reserve(request_.executions.size());
        bool any_ready = false;
        for (const auto& execution : request_.executions) {
            result.executions.push_back(push_one(execution));
            any_ready = any_ready || execution.delay.count() <= 0;
        }
        note_batch();
        if (!request_.executions.empty()) {
            // A delayed execution changes when the idle have to look again.
            transaction_.notify(contracts::pool_topic(request_.pool));
            transaction_.notify(contracts::scaler_topic());
        }
        return result;
    }

  private:
    [[nodiscard]] PushResult::Outcome batch_outcome() const {
        if (!batch_) {
            return PushResult::Outcome::unknown_batch;
        }
        switch (batch_->state) {
            case model::BatchState::cancelled:
                return PushResult::Outcome::batch_cancelled;
            case model::BatchState::sealed:
                return PushResult::Outcome::batch_sealed;
            case model::BatchState::loading:
                break;
        }
        return PushResult::Outcome::pushed;
    }

    PushedExecution push_one(const contracts::NewExecution& execution) {
        if (!execution.unique_key.empty()) {
            if (const auto holder = key_holder(execution)) {
                const bool same = *holder == execution.id;
                return {*holder, same ? PushedExecution::Outcome::already_there
                                      : PushedExecution::Outcome::duplicate_key};
            }
        }
        const auto id = execution.id.is_nil() ? ids_.next(wall_) : execution.id;
        if (!insert(execution, id)) {
            return {id, PushedExecution::Outcome::already_there};
        }
        const auto seq = transaction_.connection().last_insert_rowid();
        first_seq_ = first_seq_ == 0 ? seq : first_seq_;
        last_seq_ = seq;
        if (execution.input.size() > kInlineBytes) {
            put_payload(transaction_.connection(), seq, Payload::input, execution.input);
        }
        if (!execution.unique_key.empty()) {
            transaction_.prepare("INSERT INTO unique_keys (pool, key, seq) VALUES (?1, ?2, ?3)")
                .bind(1, pool_)
                .bind(2, execution.unique_key)
                .bind(3, seq)
                .run();
        }
        transaction_.counters().add(lane_, batch_ ? batch_->number : 0,
                                    is_ready(execution) ? Count::ready : Count::delayed);
        if (!execution.snapshot.empty()) {
            resume(execution, id, seq);
        }
        return {id, PushedExecution::Outcome::inserted};
    }

    static bool is_ready(const contracts::NewExecution& execution) {
        return execution.delay.count() <= 0 && execution.channel.empty();
    }

    void resume(const contracts::NewExecution& execution, const model::ExecutionId& id,
                std::int64_t seq) {
        const auto text = put_resume_point(transaction_, seq, execution.snapshot);
        transaction_.prepare("UPDATE executions SET snapshot = ?2, rank = ?3 WHERE seq = ?1")
            .bind(1, seq)
            .bind(2, text)
            .bind(3, rank_of(execution.priority, true))
            .run();
        if (execution.channel.empty()) {
            return;
        }
        if (const auto row = find_row(transaction_.connection(), id, seq)) {
            go_on(transaction_, *row, model::NextWaiting{execution.channel, execution.deadline});
        }
    }

    std::optional<model::ExecutionId> key_holder(const contracts::NewExecution& execution) {
        auto row = transaction_.prepare(
            "SELECT id FROM unique_keys JOIN executions USING (seq) WHERE pool = ?1 AND key = ?2");
        if (!row.bind(1, pool_).bind(2, execution.unique_key).step()) {
            return std::nullopt;
        }
        return row.uuid(0);
    }

    bool insert(const contracts::NewExecution& execution, const model::ExecutionId& id) {
        auto row = transaction_.prepare(
            "INSERT INTO executions (id, lane, batch, spec, status, ready, rank, item, "
            "max_attempts, token, begun, attempt, created_at_ms, due_at_ms, unique_key, input, "
            "reserve) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, 0, 0, 0, ?9, ?10, ?11, ?12, "
            "zeroblob(?13)) ON CONFLICT (id) DO NOTHING");
        const bool delayed = execution.delay.count() > 0 && execution.channel.empty();
        row.bind(1, id).bind(2, lane_).bind(3, batch_ ? batch_->number : 0).bind(4, request_.spec);
        row.bind(5, is_ready(execution)).bind(6, rank_of(execution.priority, false));
        row.bind(7, execution.item_number).bind(8, request_.max_attempts);
        row.bind(9, transaction_.now_ms());
        if (delayed) {
            row.bind(10, transaction_.now_ms() + execution.delay.count());
        }
        row.bind_text_or_null(11, execution.unique_key);
        if (execution.input.size() <= kInlineBytes) {
            row.bind(12, execution.input);
        }
        return row.bind(13, kReserveBytes).run() > 0;
    }

    void note_batch() {
        if (!batch_) {
            return;
        }
        transaction_
            .prepare(
                "UPDATE batches SET loaded_lines = coalesce(?2, loaded_lines), "
                "first_seq = iif(first_seq = 0, ?3, first_seq), last_seq = max(last_seq, ?4) "
                "WHERE batch = ?1")
            .bind(1, batch_->number)
            .bind(2, request_.loaded_lines)
            .bind(3, first_seq_)
            .bind(4, last_seq_)
            .run();
    }

    WriteTransaction& transaction_;
    const PushRequest& request_;
    base::UuidGenerator& ids_;
    base::WallTime wall_;
    std::int64_t pool_ = 0;
    std::int64_t lane_ = 0;
    std::optional<BatchRow> batch_;
    std::int64_t first_seq_ = 0;
    std::int64_t last_seq_ = 0;
};

}  // namespace

PushResult SqliteWork::push(const PushRequest& request) {
    check_limits(request);
    const auto wall = database_.clock().wall_now();
    return database_.writer().write([&](WriteTransaction& transaction) {
        return Push{transaction, request, ids_, wall}.run();
    });
}

}  // namespace fleet::store::sqlite
