// Who is there: workers and hosts, their heartbeats and their status.
//
// Thread safety and errors as in work.hpp. Times are judged by the store's clock only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/json_text.hpp"
#include "common/base/time.hpp"
#include "common/model/worker.hpp"

namespace fleet::contracts {

struct Registered {
    bool already = false;  ///< the same process had registered this id before
};
/// Another process holds this id and is alive, or the id is final, or the seat does not hold.
struct RegistrationRefused {
    std::string reason;
};
using RegisterAnswer = std::variant<Registered, RegistrationRefused>;

struct Heartbeat {
    std::string worker_id;
    int slots = 0;
    int busy = 0;
    std::int64_t rss_bytes = 0;
    int open_fds = 0;
    base::JsonText metadata;  ///< object, merged key by key into the stored one; may be empty
};

struct WorkerFilter {
    std::vector<model::WorkerStatus> statuses;  ///< empty: all
    std::optional<model::WorkerKind> kind;
    std::string host;
    std::string pool;
    std::string capability;
    std::optional<bool> stale;
};

struct StatusChange {
    enum class Outcome { changed, unchanged, illegal, not_found };
    Outcome outcome = Outcome::changed;
    std::string message;  ///< for illegal: names both statuses
};

class RegistrationBackend {
  public:
    RegistrationBackend() = default;
    RegistrationBackend(const RegistrationBackend&) = delete;
    RegistrationBackend& operator=(const RegistrationBackend&) = delete;
    virtual ~RegistrationBackend() = default;

    /// Idempotent for the same worker id and process identity. Refused: another live (not stale)
    /// process under this id, a final id, a seat that is not requested or starting or whose launch
    /// token differs (a seat that holds becomes `ready`). Ids are never reused:
    /// a lost or terminated worker comes back under a new id.
    /// A worker with seat 0 takes a seat of its own, if the pool's maximum allows.
    virtual RegisterAnswer register_worker(const model::WorkerRecord& worker) = 0;
    /// Refreshes the time, merges the data, returns the status to obey. nullopt: not registered.
    virtual std::optional<model::WorkerStatus> heartbeat(const Heartbeat& beat) = 0;
    /// Wakes the worker's pool, so that it learns at once. `reason` is kept and listed.
    virtual StatusChange update_status(const std::string& worker_id, model::WorkerStatus to,
                                       const std::string& reason) = 0;
    [[nodiscard]] virtual std::optional<model::WorkerRecord> get(const std::string& worker_id) = 0;
    /// Sorted by start time, then id.
    [[nodiscard]] virtual std::vector<model::WorkerRecord> list(const WorkerFilter& filter) = 0;
    /// -> terminated (from active through terminating), its seat is gone. False: not registered.
    virtual bool deregister(const std::string& worker_id) = 0;
    /// Marks every stale active or terminating registration `lost` and returns it; one transaction,
    /// so that exactly one caller gets each. After a gap in which nobody ticked the store's clock
    /// for half a TTL, nobody is judged for one full TTL. Seats of the lost are gone.
    virtual std::vector<model::WorkerRecord> expire() = 0;
    /// A worker that is proven dead becomes `lost` at once. False: not registered or final.
    virtual bool mark_dead(const std::string& worker_id, const std::string& reason) = 0;
    /// Removes registrations that are final for longer than `age`; returns how many.
    virtual std::size_t forget_final(base::Millis age) = 0;
};

}  // namespace fleet::contracts
