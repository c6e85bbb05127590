// The store: where everything lives, and the one write that matters.
//
// `open_store(url)` (common/store/open.hpp) makes one; it hands out the backends, which live as
// long as it does. Thread-safe as a whole. Methods block for the time of a few transactions and
// throw base::StoreError when the store cannot do its work. Every process opens the store once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/base/store_url.hpp"
#include "common/base/time.hpp"
#include "common/contracts/lock.hpp"
#include "common/contracts/persistence.hpp"
#include "common/contracts/registration.hpp"
#include "common/contracts/result.hpp"
#include "common/contracts/scaling.hpp"
#include "common/contracts/signal.hpp"
#include "common/contracts/trigger.hpp"
#include "common/contracts/usage.hpp"
#include "common/contracts/work.hpp"
#include "common/model/step_commit.hpp"

namespace fleet::contracts {

struct CheckFinding {
    bool ok = true;
    std::string what;    ///< "integrity", "wal size", "orphaned leases", ...
    std::string detail;  ///< figures, or what is wrong and what to do
};

struct PruneRequest {
    base::Millis older_than{0};  ///< since the terminal commit
    bool keep_failed = true;
    bool keep_done = false;
};
struct PruneResult {
    std::int64_t executions = 0;
    std::int64_t checkpoints = 0;
    std::int64_t decisions = 0;
    std::int64_t registrations = 0;
    std::int64_t result_files = 0;
    bool more = false;  ///< bounded batches: call again
};

struct CommitAndBegin {
    std::vector<model::CommitResult> results;  ///< in the order of the commits
    std::vector<model::Lease> lost;            ///< what could not begin: not owned any more
};

class Store {
  public:
    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    virtual ~Store() = default;

    /// Each commit is atomic (all of it or nothing, across `kill -9`), fenced by its lease, and
    /// idempotent by its commit_id. Results are in the order of the commits. When this returns, the
    /// commits are durable at the store's level: `durability=full` survives power loss,
    /// `durability=normal` (default) survives any crash of processes. Commits of several threads
    /// are merged into one transaction. A StoreError of kind `unknown` or `busy`: repeat with the
    /// same commit ids.
    virtual std::vector<model::CommitResult> commit(std::span<const model::StepCommit> commits) = 0;

    /// What a slot does between two items: `commit`, and WorkBackend::begin for what comes next, in
    /// one write where the store can. A StoreError: neither or both may have happened; repeat.
    virtual CommitAndBegin commit_and_begin(std::span<const model::StepCommit> commits,
                                            std::span<const model::Lease> begin) {
        auto results = commit(commits);
        return {std::move(results), work().begin(begin)};
    }

    /// The store's clock: the only one that leases, delays and windows are compared with.
    [[nodiscard]] virtual base::StoreTime now() = 0;

    /// Grows whenever another process may have changed the store; cheap enough to call once a
    /// second. Equal answers mean: nothing changed.
    [[nodiscard]] virtual std::uint64_t change_counter() = 0;

    [[nodiscard]] virtual const base::StoreUrl& url() const = 0;
    /// Where logs, large results and sockets live; empty for a store without files.
    [[nodiscard]] virtual std::filesystem::path data_folder() const = 0;

    [[nodiscard]] virtual WorkBackend& work() = 0;
    [[nodiscard]] virtual RegistrationBackend& registration() = 0;
    [[nodiscard]] virtual ExecutionLock& locks() = 0;
    [[nodiscard]] virtual PersistenceBackend& checkpoints() = 0;
    [[nodiscard]] virtual ResultBackend& results() = 0;
    [[nodiscard]] virtual SignalBackend& signals() = 0;
    [[nodiscard]] virtual TriggerBackend& triggers() = 0;
    [[nodiscard]] virtual UsageBackend& usage() = 0;
    [[nodiscard]] virtual ScalingBackend& scaling() = 0;

    /// Looks for damage and leftovers: integrity, leases without a live owner, counters that do not
    /// match the rows, WAL size, clock, free disk. Read-only.
    [[nodiscard]] virtual std::vector<CheckFinding> check() = 0;
    /// Removes terminal executions and what belongs to them, one bounded batch a call; skips what
    /// something live still needs. Old decisions, final registrations and unreferenced result files
    /// go as well.
    virtual PruneResult prune(const PruneRequest& request) = 0;
    /// A consistent copy of the store in `file`, which must not exist (ConfigError).
    virtual void backup(const std::filesystem::path& file) = 0;
};

}  // namespace fleet::contracts
