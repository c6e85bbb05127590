#include "common/store/sqlite/sqlite_store.hpp"

#include <cerrno>
#include <mutex>
#include <utility>

#include <sys/stat.h>

#include "common/base/errors.hpp"
#include "common/store/sqlite/backup.hpp"
#include "common/store/sqlite/check.hpp"
#include "common/store/sqlite/checkpoints.hpp"
#include "common/store/sqlite/commit.hpp"
#include "common/store/sqlite/database.hpp"
#include "common/store/sqlite/large_files.hpp"
#include "common/store/sqlite/locks.hpp"
#include "common/store/sqlite/prune.hpp"
#include "common/store/sqlite/registration.hpp"
#include "common/store/sqlite/results.hpp"
#include "common/store/sqlite/scaling.hpp"
#include "common/store/sqlite/schema.hpp"
#include "common/store/sqlite/signals.hpp"
#include "common/store/sqlite/usage.hpp"
#include "common/store/sqlite/wake_table.hpp"
#include "common/store/sqlite/work.hpp"

namespace fleet::store::sqlite {

namespace {

class SqliteStore final : public contracts::Store {
  public:
    SqliteStore(const base::StoreUrl& url, const base::Clock& clock)
        : database_(url, clock, make_wake_table(base::data_folder(url))),
          work_(database_),
          registration_(database_),
          locks_(database_),
          checkpoints_(database_),
          results_(database_),
          signals_(database_),
          usage_(database_),
          scaling_(database_) {}

    std::vector<model::CommitResult> commit(std::span<const model::StepCommit> commits) override {
        const auto prepared = prepare_all(commits);
        return database_.writer().write(
            [&](WriteTransaction& transaction) { return apply_all(transaction, prepared); });
    }

    contracts::CommitAndBegin commit_and_begin(std::span<const model::StepCommit> commits,
                                               std::span<const model::Lease> begin) override {
        const auto prepared = prepare_all(commits);
        return database_.writer().write([&](WriteTransaction& transaction) {
            auto results = apply_all(transaction, prepared);
            return contracts::CommitAndBegin{std::move(results),
                                             begin_attempts(transaction, begin)};
        });
    }

    base::StoreTime now() override { return database_.now(); }

    std::uint64_t change_counter() override {
        // Comparable only when it comes from one and the same connection.
        const std::lock_guard lock{watch_mutex_};
        if (!watch_) {
            watch_ = std::make_unique<Connection>(database_.url().path, Access::read_only,
                                                  database_.durability());
        }
        auto row = watch_->prepare("PRAGMA data_version");
        row.step();
        return static_cast<std::uint64_t>(row.integer(0));
    }

    const base::StoreUrl& url() const override { return database_.url(); }
    std::filesystem::path data_folder() const override { return database_.data_folder(); }

    contracts::WorkBackend& work() override { return work_; }
    contracts::RegistrationBackend& registration() override { return registration_; }
    contracts::ExecutionLock& locks() override { return locks_; }
    contracts::PersistenceBackend& checkpoints() override { return checkpoints_; }
    contracts::ResultBackend& results() override { return results_; }
    contracts::SignalBackend& signals() override { return signals_; }
    contracts::TriggerBackend& triggers() override { return database_.triggers(); }
    contracts::UsageBackend& usage() override { return usage_; }
    contracts::ScalingBackend& scaling() override { return scaling_; }

    std::vector<contracts::CheckFinding> check() override { return check_store(database_); }
    contracts::PruneResult prune(const contracts::PruneRequest& request) override {
        return prune_store(database_, request);
    }
    void backup(const std::filesystem::path& file) override { backup_store(database_, file); }

  private:
    /// A very long output is a file before the transaction that refers to it begins.
    PreparedCommit prepare(const model::StepCommit& commit) {
        PreparedCommit prepared{
            .commit = &commit, .output_file = large_output(commit.next), .in_place_files = {}};
        for (const auto& step : commit.in_place) {
            prepared.in_place_files.push_back(large_output(step.next));
        }
        return prepared;
    }

    /// The file's name; empty when the output needs none.
    std::string large_output(const model::Next& next) {
        const auto* const done = std::get_if<model::NextDone>(&next);
        if (done == nullptr || done->output.size() <= contracts::kInlineResultBytes) {
            return {};
        }
        return write_large_file(database_, done->output);
    }

    std::vector<PreparedCommit> prepare_all(std::span<const model::StepCommit> commits) {
        std::vector<PreparedCommit> prepared;
        prepared.reserve(commits.size());
        for (const auto& commit : commits) {
            prepared.push_back(prepare(commit));
        }
        return prepared;
    }

    std::vector<model::CommitResult> apply_all(WriteTransaction& transaction,
                                               const std::vector<PreparedCommit>& prepared) {
        std::vector<model::CommitResult> results;
        results.reserve(prepared.size());
        for (const auto& one : prepared) {
            results.push_back(apply_commit(transaction, database_, one));
        }
        return results;
    }

    Database database_;
    SqliteWork work_;
    SqliteRegistration registration_;
    SqliteLocks locks_;
    SqliteCheckpoints checkpoints_;
    SqliteResults results_;
    SqliteSignals signals_;
    SqliteUsage usage_;
    SqliteScaling scaling_;

    std::mutex watch_mutex_;  ///< guards watch_
    std::unique_ptr<Connection> watch_;
};

void make_data_folder(const base::StoreUrl& url) {
    const auto folder = base::data_folder(url);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        throw base::ConfigError(
            base::describe_errno("making the store's data folder " + folder.string(), errno),
            "check that its parent folder may be written");
    }
}

}  // namespace

std::unique_ptr<contracts::Store> make_sqlite_store(const base::StoreUrl& url,
                                                    const base::Clock& clock, bool create) {
    prepare_file(url, create);
    make_data_folder(url);
    return std::make_unique<SqliteStore>(url, clock);
}

}  // namespace fleet::store::sqlite
