// Changes of one execution that keep the indexes, the counters and its batch true.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/contracts/work.hpp"
#include "common/store/memory/transaction.hpp"

namespace fleet::store::memory {

/// nullptr: not there.
[[nodiscard]] Row* find_row(State& state, const model::ExecutionId& id);
[[nodiscard]] bool is_owned_by(const Row& row, const model::Lease& lease);
/// A person cancelled it or its batch.
[[nodiscard]] bool is_cancel_requested(const State& state, const Row& row);

/// The lane's number; the lane is made if it is not there, with this rank.
[[nodiscard]] LaneNumber lane_number(State& state, const std::string& pool,
                                     const std::string& stage, const std::string& private_batch,
                                     std::optional<int> stage_rank);
[[nodiscard]] std::int64_t ready_in_pool(const State& state, const std::string& pool);

/// running, or pending and not ready -> waiting as `next` says; -> pending when a signal is kept.
void park_on_channel(Transaction& transaction, Row& row, const model::NextWaiting& next);

Row& insert_row(Transaction& transaction, Row row);
void remove_row(Transaction& transaction, std::int64_t sequence);
/// Takes the row out of indexes and counters, lets `change` alter it, and puts it where it belongs.
void alter_row(Transaction& transaction, Row& row, const std::function<void(Row&)>& change);

/// Pending, without an owner; ready when `delay` is not above 0.
void make_pending(Transaction& transaction, Row& row, base::Millis delay);
void make_terminal(Transaction& transaction, Row& row, model::Status status,
                   std::optional<model::ExecutionError> error);
/// Waiting -> pending, resume-first, for the reason given; cancelled if that was asked for.
void wake(Transaction& transaction, Row& row, model::Woken woken);
/// Ends the owner's lease for the reason given; the execution is pending (resume-first when its
/// attempt had begun), failed when it was lost too often, or cancelled when that was asked for.
void hand_back(Transaction& transaction, Row& row, contracts::ReleaseReason reason);
/// The owner's attempt starts now, unless it did before.
void begin_attempt(Transaction& transaction, Row& row);
/// Kept in the place of an earlier record of the same attempt.
void record_attempt(Row& row, const model::Attempt& record);
/// The end of its delay or wait has passed, whether or not anybody has looked since.
[[nodiscard]] bool is_late(const Transaction& transaction, const Row& row);
/// Delays and deadlines that have passed make their executions ready.
void promote_due(Transaction& transaction);

}  // namespace fleet::store::memory
