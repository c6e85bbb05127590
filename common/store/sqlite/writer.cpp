#include "common/store/sqlite/writer.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>

#include "common/store/sqlite/stop_delay.hpp"
#include "common/store/sqlite/store_time.hpp"
#include "common/store/sqlite/waits.hpp"

namespace fleet::store::sqlite {

namespace {

/// The most requests of one group.
constexpr std::size_t kGroupLimit = 64;
/// No transaction should hold the write lock longer than 20 ms: past this, the rest waits.
constexpr std::chrono::milliseconds kGroupTime{10};
/// After a transaction that others waited for, they get this long to take their turn.
constexpr std::chrono::microseconds kTurnPause{500};

/// Says in a killed worker's registration why; whoever hands its work back adds what it saw.
void record_killed_holder(Connection& connection) {
    if (const auto killed = connection.lock_holder().take_killed()) {
        connection
            .prepare(
                "UPDATE worker_registry SET reason = ?2 WHERE pid = ?1 AND final_at_ms IS NULL "
                "AND boot_id = (SELECT boot_id FROM clock)")
            .bind(1, std::int64_t{killed->pid})
            .bind(2, killed->why)
            .run();
    }
}

}  // namespace

void WriteTransaction::notify(std::string topic) {
    if (std::find(topics_.begin(), topics_.end(), topic) == topics_.end()) {
        topics_.push_back(std::move(topic));
    }
}

Writer::Writer(const std::filesystem::path& file, Durability durability,
               const StoreTimeSource& time, const base::Clock& clock,
               contracts::TriggerBackend& triggers)
    : file_(file), durability_(durability), time_(time), clock_(clock), triggers_(triggers) {}

Writer::~Writer() = default;

void Writer::run(std::function<void(WriteTransaction&)> operation, Urgency urgency, Sync sync) {
    Request request{std::move(operation), sync == Sync::full && durability_ != Durability::full};
    std::unique_lock lock{mutex_};
    if (urgency == Urgency::first && !queue_.empty()) {
        // Behind the leader, who may be at work already.
        queue_.insert(queue_.begin() + 1, &request);
    } else {
        queue_.push_back(&request);
    }
    request.wake.wait(lock, [&] { return request.done || queue_.front() == &request; });
    if (!request.done) {
        lock.unlock();
        const std::vector<Request*> group = run_group();
        lock.lock();
        // Newcomers of urgency `first` may stand between the members by now.
        for (Request* const member : group) {
            queue_.erase(std::find(queue_.begin(), queue_.end(), member));
            member->done = true;
            if (member != &request) {
                member->wake.notify_one();
            }
        }
        if (!queue_.empty()) {
            queue_.front()->wake.notify_one();
        }
    }
    if (request.failure) {
        std::rethrow_exception(request.failure);
    }
}

std::vector<Writer::Request*> Writer::run_group() {
    std::vector<Request*> group;
    std::vector<std::string> topics;
    try {
        give_others_a_turn();
        if (!connection_) {
            connection_ = std::make_unique<Connection>(file_, Access::read_write, durability_);
            is_synced_ = false;
        }
        set_sync(leader_wants_sync());
        const StopDelay delay;
        begin();
        contended_ = connection_->take_busy_waits() > 0;
        WriteTransaction transaction{*connection_, time_.now()};
        record_killed_holder(*connection_);
        run_members(transaction, group);
        if (transaction.counters_.flush(*connection_, transaction.now())) {
            transaction.notify(contracts::scaler_topic());
        }
        connection_->prepare("COMMIT").run();
        topics = std::move(transaction.topics_);
    } catch (...) {
        if (group.empty()) {
            // Whoever waits has waited for the same turn.
            const std::lock_guard lock{mutex_};
            group.assign(queue_.begin(), queue_.end());
        }
        for (Request* const member : group) {
            member->failure = std::current_exception();
        }
        // The state of the connection is not known: the next group opens a new one.
        connection_.reset();
        return group;
    }
    last_end_ = clock_.boot_now();
    for (const auto& topic : topics) {
        triggers_.notify(topic);
    }
    return group;
}

bool Writer::leader_wants_sync() {
    const std::lock_guard lock{mutex_};
    return queue_.front()->wants_sync;
}

void Writer::set_sync(bool wants_sync) {
    if (wants_sync != is_synced_) {
        connection_->execute(wants_sync ? "PRAGMA synchronous = FULL"
                                        : "PRAGMA synchronous = NORMAL");
        is_synced_ = wants_sync;
    }
}

void Writer::begin() {
    try {
        connection_->prepare("BEGIN IMMEDIATE").run();
    } catch (const base::StoreError& error) {
        const std::string& holder = connection_->lock_holder().description();
        if (error.kind() != base::StoreError::Kind::busy || holder.empty()) {
            throw;
        }
        throw base::StoreError(error.kind(), std::string(error.what()) + "; held by " + holder,
                               "end that process, or let it go on: " + error.advice());
    }
}

Writer::Request* Writer::take_next(std::vector<Request*>& group) {
    const std::lock_guard lock{mutex_};
    // Whoever wants more than this group gives leads the next one.
    const auto next = std::find_if(queue_.begin(), queue_.end(), [this](const Request* one) {
        return !one->taken && (!one->wants_sync || is_synced_);
    });
    if (next == queue_.end()) {
        return nullptr;
    }
    (*next)->taken = true;
    group.push_back(*next);
    return *next;
}

void Writer::run_members(WriteTransaction& transaction, std::vector<Request*>& group) {
    const auto start = clock_.boot_now();
    // The group is open until its end: who comes while others run is taken along.
    while (Request* const member = take_next(group)) {
        run_member(transaction, *member, group.size() == 1);
        if (group.size() == kGroupLimit || clock_.boot_now() - start > kGroupTime) {
            break;
        }
    }
}

void Writer::run_member(WriteTransaction& transaction, Request& member, bool first) {
    WriteTransaction own{transaction.connection_, transaction.now_};
    if (!first) {
        connection_->prepare("SAVEPOINT member").run();
    }
    try {
        member.operation(own);
        settle_families(own);
    } catch (...) {
        member.failure = std::current_exception();
        if (!connection_->in_transaction()) {
            // SQLite itself rolled everything back (full disk, I/O error).
            throw;
        }
        if (first) {
            // Nothing else is in this transaction: what it did must not be committed.
            connection_->prepare("ROLLBACK").run();
            connection_->prepare("BEGIN IMMEDIATE").run();
        } else {
            connection_->prepare("ROLLBACK TO member").run();
            connection_->prepare("RELEASE member").run();
        }
        return;
    }
    if (!first) {
        connection_->prepare("RELEASE member").run();
    }
    transaction.counters_.merge(own.counters_);
    for (auto& topic : own.topics_) {
        transaction.notify(std::move(topic));
    }
}

void Writer::give_others_a_turn() {
    if (!contended_) {
        return;
    }
    const auto pause = last_end_ + kTurnPause - clock_.boot_now();
    if (pause > pause.zero() && pause <= kTurnPause) {
        const timespec time{0, static_cast<long>(pause.count())};
        nanosleep(&time, nullptr);
    }
}

}  // namespace fleet::store::sqlite
