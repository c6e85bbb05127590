// Checking, pruning and backing up.
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <set>
#include <unistd.h>

#include "common/base/errors.hpp"
#include "common/base/fd.hpp"
#include "common/base/json.hpp"
#include "common/store/memory/backends.hpp"
#include "common/store/memory/children.hpp"
#include "common/store/memory/executions.hpp"

namespace fleet::store::memory {
namespace {

constexpr std::int64_t kPruneBatch = 1'000;

contracts::CheckFinding check_counters(const State& state) {
    std::vector<Counts> lanes(state.lanes.size(), Counts{});
    std::map<std::string, Counts> batches;
    for (const auto& [sequence, row] : state.rows) {
        ++lanes[row.lane][index_of(place_of(row))];
        if (!row.batch.empty() && !row.kinship) {
            ++batches[row.batch][index_of(place_of(row))];
        }
    }
    std::int64_t wrong = 0;
    for (LaneNumber number = 0; number < lanes.size(); ++number) {
        wrong += lanes[number] == state.lanes[number].counts ? 0 : 1;
    }
    for (const auto& [name, row] : state.batches) {
        wrong += batches[name] == row.counts ? 0 : 1;
    }
    return {wrong == 0, "counters",
            wrong == 0 ? std::to_string(state.rows.size()) + " executions, all counted"
                       : std::to_string(wrong) + " lanes or batches are counted wrongly"};
}

contracts::CheckFinding check_leases(const State& state) {
    std::int64_t held = 0;
    std::string orphan;
    for (const auto& [id, worker] : state.workers) {
        held += static_cast<std::int64_t>(worker.owned.size());
        const model::WorkerStatus status = worker.record.status;
        const bool alive =
            status == model::WorkerStatus::active || status == model::WorkerStatus::terminating;
        if (!alive && !worker.owned.empty() && orphan.empty()) {
            orphan = id + " is " + std::string(to_text(status)) + " and holds " +
                     std::to_string(worker.owned.size()) +
                     "; a scaler or the next claim hands them back";
        }
    }
    return {orphan.empty(), "orphaned leases",
            orphan.empty() ? std::to_string(held) + " leases, all with a live owner" : orphan};
}

/// Parents wait for exactly the children that are open, and who waits can be woken.
contracts::CheckFinding check_families(const State& state) {
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> open;
    for (const auto& [sequence, row] : state.rows) {
        if (row.kinship && row.kinship->kind == model::ChildKind::waited_for &&
            !model::is_terminal(row.status)) {
            ++open[{row.kinship->parent, row.kinship->step}];
        }
    }
    std::int64_t parked = 0;
    std::string wrong;
    for (const auto& [sequence, row] : state.rows) {
        const bool waits_for_nothing = row.status == model::Status::waiting && !row.in_place() &&
                                       row.channel.empty() && !row.due_at && !row.wait;
        const bool miscounted = row.wait && (row.status != model::Status::waiting ||
                                             row.wait->open != open[{sequence, row.wait->step}]);
        parked += row.wait ? 1 : 0;
        if ((waits_for_nothing || miscounted) && wrong.empty()) {
            wrong =
                row.id.text() + (miscounted ? " waits for another number of children than are open"
                                            : " waits for nothing");
        }
    }
    return {wrong.empty(), "families",
            wrong.empty() ? std::to_string(parked) + " parents wait for children" : wrong};
}

bool may_be_pruned(const Row& row, const contracts::PruneRequest& request, base::StoreTime before) {
    if (!row.finished_at || *row.finished_at > before) {
        return false;
    }
    return (row.status == model::Status::done && !request.keep_done) ||
           (row.status == model::Status::failed && !request.keep_failed) ||
           row.status == model::Status::cancelled;
}

void write_new_file(const std::filesystem::path& file, std::string_view text) {
    const std::string doing = "backing up to " + file.string();
    const base::UniqueFd target(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!target) {
        throw base::ConfigError(base::describe_errno(doing, errno),
                                "name a file that does not exist, in a folder that does");
    }
    while (!text.empty()) {
        const ssize_t written = ::write(target.get(), text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            throw base::StoreError(base::StoreError::Kind::full,
                                   base::describe_errno(doing, errno));
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    if (::fsync(target.get()) != 0) {
        throw base::StoreError(base::StoreError::Kind::unavailable,
                               base::describe_errno(doing, errno));
    }
}

}  // namespace

std::vector<contracts::CheckFinding> check(Transaction& transaction) {
    const State& state = transaction.state();
    return {check_counters(state),
            check_leases(state),
            check_families(state),
            {true, "clock", "store time " + base::iso8601(transaction.now())}};
}

contracts::PruneResult prune(Transaction& transaction, const contracts::PruneRequest& request) {
    State& state = transaction.state();
    const base::StoreTime before = transaction.now() - request.older_than;
    contracts::PruneResult result;
    std::vector<std::int64_t> chosen;
    for (const auto& [sequence, row] : state.rows) {
        if (may_be_pruned(row, request, before) && !is_needed(state, row)) {
            if (static_cast<std::int64_t>(chosen.size()) == kPruneBatch) {
                result.more = true;
                break;
            }
            chosen.push_back(sequence);
        }
    }
    for (const std::int64_t sequence : chosen) {
        const std::string id = state.rows.at(sequence).id.text();
        result.checkpoints += static_cast<std::int64_t>(delete_checkpoints(state, id));
        // Its parent may be the next to go.
        result.more = result.more || state.rows.at(sequence).kinship.has_value();
        remove_row(transaction, sequence);
        ++result.executions;
    }
    while (!state.decisions.empty() && state.decisions.front().at <= before) {
        state.decisions.pop_front();
        ++result.decisions;
    }
    result.registrations = forget_final_workers(transaction, request.older_than);
    return result;
}

void backup(Transaction& transaction, const std::filesystem::path& file) {
    const State& state = transaction.state();
    base::Json copy;
    copy["store"] = "memory:";
    copy["now"] = base::iso8601(transaction.now());
    copy["executions"] = base::Json::array();
    for (const auto& [sequence, row] : state.rows) {
        copy["executions"].push_back(base::parse_json(
            model::to_json_text(execution_of(transaction, row, true)), "execution"));
    }
    write_new_file(file, base::dump_json(copy) + "\n");
}

}  // namespace fleet::store::memory
