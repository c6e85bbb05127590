// The one writer of a process: whatever waits is merged into one transaction (group commit).
//
// There is no writer thread. The first caller that finds nobody writing becomes the leader, runs
// the requests of all who queue behind it until its end on the process's only writing connection,
// commits once, and hands the results out; so a lone write costs no thread switch. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/base/clock.hpp"
#include "common/contracts/trigger.hpp"
#include "common/store/sqlite/connection.hpp"
#include "common/store/sqlite/counters.hpp"
#include "common/store/sqlite/lookup.hpp"

namespace fleet::store::sqlite {

class StoreTimeSource;

/// What an operation may use while it runs inside the group's transaction. The operation must not
/// commit or roll back; if it throws, only its own changes are undone.
class WriteTransaction {
  public:
    WriteTransaction(Connection& connection, base::StoreTime now)
        : connection_(connection), now_(now), names_(connection) {}
    WriteTransaction(const WriteTransaction&) = delete;
    WriteTransaction& operator=(const WriteTransaction&) = delete;

    [[nodiscard]] Statement prepare(const char* sql) { return connection_.prepare(sql); }
    [[nodiscard]] Connection& connection() { return connection_; }
    /// The store's clock, sampled once after the transaction began.
    [[nodiscard]] base::StoreTime now() const { return now_; }
    [[nodiscard]] std::int64_t now_ms() const { return base::count_ms(now_); }
    /// Notified after the commit, each topic once.
    void notify(std::string topic);
    /// Names and numbers as this operation looked them up.
    [[nodiscard]] Names& names() { return names_; }
    /// Changes of counters, written once at the end of the group.
    [[nodiscard]] CounterDeltas& counters() { return counters_; }
    /// Waited-for children that ended in this operation: by parent and step, how many.
    using EndedChildren = std::map<std::int64_t, std::map<std::int64_t, std::int64_t>>;
    [[nodiscard]] EndedChildren& ended_children() { return ended_children_; }
    /// This operation has begun to sweep what is below a cancelled execution, and is not done.
    [[nodiscard]] bool swept() const { return swept_; }
    void set_swept(bool swept) { swept_ = swept; }

  private:
    friend class Writer;
    Connection& connection_;
    base::StoreTime now_;
    Names names_;
    std::vector<std::string> topics_;
    CounterDeltas counters_;
    EndedChildren ended_children_;
    bool swept_ = false;
};

class Writer {
  public:
    enum class Urgency { normal, first };
    enum class Sync {
        as_opened,  ///< as the store's durability says
        full,       ///< survives power loss in any case
    };

    Writer(const std::filesystem::path& file, Durability durability, const StoreTimeSource& time,
           const base::Clock& clock, contracts::TriggerBackend& triggers);
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer();

    /// Runs `operation(WriteTransaction&)` in the next group and returns what it returned, once the
    /// group is committed. An exception of the operation comes back to its caller only. When the
    /// commit fails, every member gets a StoreError.
    template <class Operation>
    auto write(Operation&& operation, Urgency urgency = Urgency::normal,
               Sync sync = Sync::as_opened) {
        using Result = std::invoke_result_t<Operation&, WriteTransaction&>;
        if constexpr (std::is_void_v<Result>) {
            run([&](WriteTransaction& transaction) { operation(transaction); }, urgency, sync);
        } else {
            std::optional<Result> result;
            run([&](WriteTransaction& transaction) { result.emplace(operation(transaction)); },
                urgency, sync);
            return std::move(*result);
        }
    }

  private:
    struct Request {
        Request(std::function<void(WriteTransaction&)> work, bool synced)
            : operation(std::move(work)), wants_sync(synced) {}
        std::function<void(WriteTransaction&)> operation;
        bool wants_sync;
        std::exception_ptr failure;
        bool taken = false;  ///< by the leader, for the group that it runs
        bool done = false;
        std::condition_variable wake;
    };

    void run(std::function<void(WriteTransaction&)> operation, Urgency urgency, Sync sync);
    /// The leader's part; returns whom it dealt with, itself among them.
    std::vector<Request*> run_group();
    void begin();
    /// Outside of a transaction: how the next group is written.
    void set_sync(bool wants_sync);
    [[nodiscard]] bool leader_wants_sync();
    void run_members(WriteTransaction& transaction, std::vector<Request*>& group);
    Request* take_next(std::vector<Request*>& group);
    void run_member(WriteTransaction& transaction, Request& member, bool first);
    void give_others_a_turn();

    const std::filesystem::path file_;
    const Durability durability_;
    const StoreTimeSource& time_;
    const base::Clock& clock_;
    contracts::TriggerBackend& triggers_;

    std::mutex mutex_;            ///< guards queue_ and every Request's `taken` and `done`
    std::deque<Request*> queue_;  ///< the front one is the leader

    // Used by the leader alone.
    std::unique_ptr<Connection> connection_;
    bool contended_ = false;
    bool is_synced_ = false;  ///< the current group survives power loss
    base::BootTime last_end_{};
};

}  // namespace fleet::store::sqlite
