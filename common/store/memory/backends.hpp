// The backends of the `memory:` store, each in a file of its own. The state must outlive them.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "common/contracts/store.hpp"
#include "common/store/memory/transaction.hpp"

namespace fleet::store::memory {

[[nodiscard]] std::unique_ptr<contracts::TriggerBackend> make_triggers();
[[nodiscard]] std::unique_ptr<contracts::WorkBackend> make_work(State& state);
[[nodiscard]] std::unique_ptr<contracts::RegistrationBackend> make_registration(State& state);
[[nodiscard]] std::unique_ptr<contracts::ExecutionLock> make_locks(State& state);
[[nodiscard]] std::unique_ptr<contracts::PersistenceBackend> make_checkpoints(State& state);
[[nodiscard]] std::unique_ptr<contracts::ResultBackend> make_results(State& state);
[[nodiscard]] std::unique_ptr<contracts::SignalBackend> make_signals(State& state);
[[nodiscard]] std::unique_ptr<contracts::UsageBackend> make_usage(State& state);
[[nodiscard]] std::unique_ptr<contracts::ScalingBackend> make_scaling(State& state);

// What a commit and several backends share.
[[nodiscard]] model::CommitResult apply_commit(Transaction& transaction,
                                               const model::StepCommit& commit);
contracts::SendResult send_signal(Transaction& transaction, const std::string& channel,
                                  const base::JsonText& payload);
/// The oldest kept for this execution alone, else for whoever comes; removed.
[[nodiscard]] std::optional<model::Signal> take_signal_for(State& state,
                                                           const model::ExecutionId& execution,
                                                           const std::string& channel);
/// The oldest kept signal, removed.
[[nodiscard]] std::optional<model::Signal> take_signal(State& state, const std::string& channel);
void save_checkpoint(State& state, const model::Snapshot& snapshot);
std::size_t delete_checkpoints(State& state, const std::string& execution_id);
void add_usage(State& state, const model::UsageRecord& usage);
/// Seats that were not ready in time are gone.
void drop_void_seats(Transaction& transaction);
std::int64_t forget_final_workers(Transaction& transaction, base::Millis age);

// The parts of the work backend.
contracts::PushResult push(Transaction& transaction, const contracts::PushRequest& request);
contracts::ClaimAnswer claim(Transaction& transaction, const contracts::ClaimRequest& request);
contracts::RenewAnswer renew(Transaction& transaction, const std::string& worker_id,
                             std::span<const model::Lease> leases, base::Millis ttl);
contracts::BulkResult requeue(Transaction& transaction, const contracts::BulkSelection& selection);
contracts::BulkResult cancel(Transaction& transaction, const contracts::BulkSelection& selection);
[[nodiscard]] model::PoolPressure pressure_of(Transaction& transaction, const std::string& pool,
                                              const std::string& batch);
[[nodiscard]] model::Execution execution_of(Transaction& transaction, const Row& row,
                                            bool with_payloads);
[[nodiscard]] contracts::ExecutionPage find(Transaction& transaction,
                                            const contracts::ExecutionFilter& filter);
[[nodiscard]] std::vector<contracts::ErrorGroup> group_errors(Transaction& transaction,
                                                              const std::string& batch,
                                                              std::size_t limit);

// Maintenance.
[[nodiscard]] std::vector<contracts::CheckFinding> check(Transaction& transaction);
contracts::PruneResult prune(Transaction& transaction, const contracts::PruneRequest& request);
void backup(Transaction& transaction, const std::filesystem::path& file);

/// A caller broke the contract: StoreError internal.
[[noreturn]] void refuse_call(const std::string& what);
/// ConfigError unless the name has 1..`limit` letters, digits, '.', '_' or '-'.
void check_name(std::string_view what, const std::string& name, std::size_t limit);

}  // namespace fleet::store::memory
