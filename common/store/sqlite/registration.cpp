#include "common/store/sqlite/registration.hpp"

#include <algorithm>
#include <array>
#include <variant>

#include "common/contracts/seat_refusal.hpp"
#include "common/store/sqlite/lookup.hpp"
#include "common/store/sqlite/pool_policy.hpp"
#include "common/store/sqlite/seats.hpp"
#include "common/store/sqlite/worker_row.hpp"

namespace fleet::store::sqlite {

namespace {

using contracts::RegisterAnswer;
using contracts::RegistrationRefused;
using contracts::StatusChange;
using model::SeatState;
using model::WorkerStatus;

/// A seat that somebody launched the worker for: empty text, or why it does not hold.
std::string sit_down(WriteTransaction& transaction, const model::WorkerRecord& worker,
                     std::int64_t pool) {
    const auto name = "seat " + std::to_string(worker.seat);
    {
        auto row =
            transaction.prepare("SELECT pool, state, launch_token FROM seats WHERE seat = ?1");
        if (!row.bind(1, worker.seat).step()) {
            return name + " is gone";
        }
        if (row.integer(0) != pool) {
            return name + " is not of pool " + worker.pool;
        }
        if (row.view(2) != worker.launch_token) {
            return "the launch token is not that of " + name;
        }
        const auto state = static_cast<SeatState>(row.integer(1));
        if (state != SeatState::requested && state != SeatState::starting) {
            return name + " is " + std::string{to_text(state)} + " already";
        }
    }
    transaction.prepare("UPDATE seats SET state = ?2, worker_id = ?3 WHERE seat = ?1")
        .bind(1, worker.seat)
        .bind(2, static_cast<int>(SeatState::ready))
        .bind(3, worker.worker_id)
        .run();
    return {};
}

/// The number of the worker's seat, or why it has none.
std::variant<std::int64_t, std::string> take_seat(WriteTransaction& transaction,
                                                  const model::WorkerRecord& worker) {
    const auto pool = find_pool(transaction.connection(), worker.pool);
    if (!pool) {
        return unknown_pool_text(transaction.connection(), worker.pool);
    }
    drop_void_seats(transaction, pool->number);
    if (worker.seat != 0) {
        auto refusal = sit_down(transaction, worker, pool->number);
        if (!refusal.empty()) {
            return refusal;
        }
        return worker.seat;
    }
    const auto policy = find_policy(transaction.connection(), worker.pool);
    const auto taken = count_seats(transaction, pool->number);
    if (policy && policy->max_workers && taken >= *policy->max_workers) {
        return contracts::full_pool_text(worker.pool, taken, *policy->max_workers);
    }
    return add_seat(transaction, {.pool = pool->number,
                                  .host = worker.host,
                                  .state = SeatState::ready,
                                  .request_id = 0,
                                  .worker_id = worker.worker_id,
                                  .ttl = base::Millis{0}});
}

/// A worker that is killed again and again must not make the store grow: old registrations that
/// are final and own nothing make room for new ones.
void forget_oldest(WriteTransaction& transaction) {
    transaction
        .prepare(
            "DELETE FROM worker_registry WHERE number <= ?1 AND final_at_ms IS NOT NULL AND "
            "NOT EXISTS (SELECT 1 FROM executions WHERE owner = worker_registry.number)")
        .bind(1, transaction.connection().last_insert_rowid() - kKeptRegistrations)
        .run();
}

void insert_worker(WriteTransaction& transaction, const model::WorkerRecord& worker,
                   std::int64_t seat) {
    const auto started_at =
        worker.started_at == base::StoreTime{} ? transaction.now() : worker.started_at;
    const auto started_text = base::iso8601(started_at);
    const auto now_text = base::iso8601(transaction.now());
    const auto capabilities = capabilities_text(worker);
    const auto metadata = merged_metadata(worker.worker_id, {}, worker.metadata);
    auto row = transaction.prepare(
        "INSERT INTO worker_registry (worker_id, status, last_heartbeat, host, pid, capabilities, "
        "started_at, metadata, kind, owner, pool, batch, boot_id, pid_namespace, start_ticks, "
        "slots, busy, version, generation, heartbeat_interval_ms, ttl_ms, heartbeat_at_ms, "
        "started_at_ms, rss_bytes, open_fds, seat, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
        "?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, "
        "?26, ?27)");
    row.bind(1, worker.worker_id).bind(2, to_text(WorkerStatus::active)).bind(3, now_text);
    row.bind(4, worker.host).bind(5, worker.process.pid).bind(6, capabilities);
    row.bind(7, started_text).bind(8, metadata.empty() ? std::string_view{"{}"} : metadata);
    row.bind(9, worker.kind == model::WorkerKind::host ? "host" : "worker");
    row.bind(10, worker.owner).bind(11, worker.pool).bind(12, worker.batch);
    row.bind(13, worker.process.boot_id);
    row.bind(14, static_cast<std::int64_t>(worker.process.pid_namespace));
    row.bind(15, static_cast<std::int64_t>(worker.process.start_ticks));
    row.bind(16, worker.slots).bind(17, worker.busy).bind(18, worker.version);
    row.bind(19, worker.generation).bind(20, std::int64_t{worker.heartbeat_interval.count()});
    row.bind(21, std::int64_t{worker.ttl.count()}).bind(22, transaction.now_ms());
    row.bind(23, base::count_ms(started_at)).bind(24, worker.rss_bytes).bind(25, worker.open_fds);
    row.bind(26, seat).bind(27, worker.reason).run();
    forget_oldest(transaction);
}

RegisterAnswer answer_known(const model::WorkerRecord& known, const model::WorkerRecord& worker) {
    const auto doing = "registering worker " + worker.worker_id + ": ";
    if (is_final(known.status)) {
        return RegistrationRefused{doing + "this id is " + std::string{to_text(known.status)} +
                                   " and is never used again; choose another id"};
    }
    if (known.process == worker.process) {
        return contracts::Registered{.already = true};
    }
    return RegistrationRefused{
        doing + "process " + std::to_string(known.process.pid) + " on " + known.host +
        (known.stale ? " had this id and was not heard of lately" : " has this id and is alive") +
        "; choose another id"};
}

/// The seat follows the worker; who waits for the worker's status learns it.
void set_status(WriteTransaction& transaction, const WorkerRow& worker, WorkerStatus to,
                const std::string& reason) {
    auto row = transaction.prepare(
        "UPDATE worker_registry SET status = ?2, reason = ?3, final_at_ms = ?4 WHERE number = ?1");
    row.bind(1, worker.number).bind(2, to_text(to)).bind(3, reason);
    if (is_final(to)) {
        row.bind(4, transaction.now_ms());
    }
    row.run();
    if (worker.record.seat != 0) {
        if (is_final(to)) {
            remove_seat(transaction, worker.record.seat);
        } else {
            set_state(transaction, worker.record.seat,
                      to == WorkerStatus::active ? SeatState::ready : SeatState::retiring);
        }
    }
    if (!worker.record.pool.empty()) {
        transaction.notify(contracts::pool_topic(worker.record.pool));
    }
    transaction.notify(contracts::scaler_topic());
}

std::optional<WorkerRow> find_in(WriteTransaction& transaction, const std::string& worker_id) {
    return find_worker_row(transaction.connection(), worker_id,
                           judgement_at(transaction.connection(), transaction.now()));
}

void collect(Statement& rows, const Judgement& judgement, std::vector<WorkerRow>& found) {
    while (rows.step()) {
        found.push_back(read_worker(rows, judgement));
    }
}

/// By the index on the status; `lost` and `terminated` ones pile up until they are forgotten.
std::vector<WorkerRow> workers_of_status(Connection& connection, const Judgement& judgement,
                                         const std::vector<WorkerStatus>& statuses) {
    std::vector<WorkerRow> found;
    for (const auto status : statuses) {
        auto rows = connection.prepare("SELECT " FLEET_WORKER_COLUMNS
                                       " FROM worker_registry WHERE status = ?1");
        rows.bind(1, to_text(status));
        collect(rows, judgement, found);
    }
    return found;
}

std::vector<WorkerRow> all_workers(Connection& connection, const Judgement& judgement) {
    std::vector<WorkerRow> found;
    auto rows = connection.prepare("SELECT " FLEET_WORKER_COLUMNS " FROM worker_registry");
    collect(rows, judgement, found);
    return found;
}

bool matches(const model::WorkerRecord& record, const contracts::WorkerFilter& filter) {
    const auto& capabilities = record.capabilities;
    return (!filter.kind || record.kind == *filter.kind) &&
           (filter.host.empty() || record.host == filter.host) &&
           (filter.pool.empty() || record.pool == filter.pool) &&
           (filter.capability.empty() || std::find(capabilities.begin(), capabilities.end(),
                                                   filter.capability) != capabilities.end()) &&
           (!filter.stale || record.stale == *filter.stale);
}

void sort_by_start(std::vector<model::WorkerRecord>& records) {
    std::sort(records.begin(), records.end(), [](const auto& left, const auto& right) {
        return left.started_at != right.started_at ? left.started_at < right.started_at
                                                   : left.worker_id < right.worker_id;
    });
}

}  // namespace

RegisterAnswer SqliteRegistration::register_worker(const model::WorkerRecord& worker) {
    return database_.writer().write([&](WriteTransaction& transaction) -> RegisterAnswer {
        if (const auto known = find_in(transaction, worker.worker_id)) {
            return answer_known(known->record, worker);
        }
        std::int64_t seat = 0;
        if (worker.kind == model::WorkerKind::worker) {
            const auto taken = take_seat(transaction, worker);
            if (const auto* refusal = std::get_if<std::string>(&taken)) {
                return RegistrationRefused{"registering worker " + worker.worker_id + ": " +
                                           *refusal};
            }
            seat = std::get<std::int64_t>(taken);
        }
        insert_worker(transaction, worker, seat);
        transaction.notify(contracts::scaler_topic());
        return contracts::Registered{.already = false};
    });
}

std::optional<WorkerStatus> SqliteRegistration::heartbeat(const contracts::Heartbeat& beat) {
    // In front of the queue: a late heartbeat costs a worker its registration.
    return database_.writer().write(
        [&](WriteTransaction& transaction) -> std::optional<WorkerStatus> {
            tick_clock(transaction);
            const auto worker = find_in(transaction, beat.worker_id);
            if (!worker) {
                return std::nullopt;
            }
            if (is_final(worker->record.status)) {
                return worker->record.status;
            }
            const auto now_text = base::iso8601(transaction.now());
            const auto metadata =
                merged_metadata(beat.worker_id, worker->record.metadata, beat.metadata);
            transaction
                .prepare(
                    "UPDATE worker_registry SET last_heartbeat = ?2, heartbeat_at_ms = ?3, "
                    "slots = ?4, busy = ?5, rss_bytes = ?6, open_fds = ?7, metadata = ?8 "
                    "WHERE number = ?1")
                .bind(1, worker->number)
                .bind(2, now_text)
                .bind(3, transaction.now_ms())
                .bind(4, beat.slots)
                .bind(5, beat.busy)
                .bind(6, beat.rss_bytes)
                .bind(7, beat.open_fds)
                .bind(8, metadata)
                .run();
            return worker->record.status;
        },
        Writer::Urgency::first);
}

StatusChange SqliteRegistration::update_status(const std::string& worker_id, WorkerStatus to,
                                               const std::string& reason) {
    return database_.writer().write([&](WriteTransaction& transaction) -> StatusChange {
        const auto worker = find_in(transaction, worker_id);
        if (!worker) {
            return {StatusChange::Outcome::not_found, "worker " + worker_id + " is not registered"};
        }
        const auto from = worker->record.status;
        if (from == to) {
            return {StatusChange::Outcome::unchanged, {}};
        }
        if (!model::is_legal_change(from, to)) {
            return {StatusChange::Outcome::illegal, "worker " + worker_id + " cannot change from " +
                                                        std::string{to_text(from)} + " to " +
                                                        std::string{to_text(to)}};
        }
        set_status(transaction, *worker, to, reason);
        return {StatusChange::Outcome::changed, {}};
    });
}

std::optional<model::WorkerRecord> SqliteRegistration::get(const std::string& worker_id) {
    const auto reader = database_.reader();
    return find_worker(reader->connection(), worker_id, database_.now());
}

std::vector<model::WorkerRecord> SqliteRegistration::list(const contracts::WorkerFilter& filter) {
    const auto reader = database_.reader();
    auto& connection = reader->connection();
    const auto judgement = judgement_at(connection, database_.now());
    auto found = filter.statuses.empty()
                     ? all_workers(connection, judgement)
                     : workers_of_status(connection, judgement, filter.statuses);
    std::vector<model::WorkerRecord> records;
    for (auto& row : found) {
        if (matches(row.record, filter)) {
            records.push_back(std::move(row.record));
        }
    }
    sort_by_start(records);
    return records;
}

bool SqliteRegistration::deregister(const std::string& worker_id) {
    return database_.writer().write([&](WriteTransaction& transaction) {
        const auto worker = find_in(transaction, worker_id);
        if (worker && !is_final(worker->record.status)) {
            set_status(transaction, *worker, WorkerStatus::terminated, worker->record.reason);
        }
        return worker.has_value();
    });
}

std::vector<model::WorkerRecord> SqliteRegistration::expire() {
    return database_.writer().write([&](WriteTransaction& transaction) {
        tick_clock(transaction);
        const auto judgement = judgement_at(transaction.connection(), transaction.now());
        std::vector<model::WorkerRecord> lost;
        for (auto& worker : workers_of_status(transaction.connection(), judgement,
                                              {WorkerStatus::active, WorkerStatus::terminating})) {
            if (!worker.record.stale) {
                continue;
            }
            worker.record.reason =
                "no heartbeat for " + base::human_duration(worker.record.heartbeat_age);
            set_status(transaction, worker, WorkerStatus::lost, worker.record.reason);
            worker.record.status = WorkerStatus::lost;
            worker.record.stale = false;
            lost.push_back(std::move(worker.record));
        }
        sort_by_start(lost);
        return lost;
    });
}

bool SqliteRegistration::mark_dead(const std::string& worker_id, const std::string& reason) {
    return database_.writer().write([&](WriteTransaction& transaction) {
        const auto worker = find_in(transaction, worker_id);
        if (!worker || is_final(worker->record.status)) {
            return false;
        }
        // A writer that had to kill it has said why.
        const std::string& known = worker->record.reason;
        set_status(transaction, *worker, WorkerStatus::lost,
                   known.empty() ? reason : known + "; " + reason);
        return true;
    });
}

std::size_t SqliteRegistration::forget_final(base::Millis age) {
    return static_cast<std::size_t>(database_.writer().write(
        [&](WriteTransaction& transaction) { return forget_final_workers(transaction, age); }));
}

std::optional<model::WorkerRecord> find_worker(Connection& connection, const std::string& worker_id,
                                               base::StoreTime now) {
    auto worker = find_worker_row(connection, worker_id, judgement_at(connection, now));
    if (!worker) {
        return std::nullopt;
    }
    return std::move(worker->record);
}

std::optional<model::WorkerRecord> find_worker(Connection& connection, std::int64_t number,
                                               base::StoreTime now) {
    const auto judgement = judgement_at(connection, now);
    auto row = connection.prepare("SELECT " FLEET_WORKER_COLUMNS
                                  " FROM worker_registry WHERE number = ?1");
    if (!row.bind(1, number).step()) {
        return std::nullopt;
    }
    return read_worker(row, judgement).record;
}

std::int64_t forget_final_workers(WriteTransaction& transaction, base::Millis age) {
    // One that still owns something is the evidence by which its leases are judged.
    std::int64_t forgotten = 0;
    for (const auto status : {WorkerStatus::terminated, WorkerStatus::lost}) {
        forgotten += transaction
                         .prepare(
                             "DELETE FROM worker_registry WHERE status = ?1 AND "
                             "final_at_ms <= ?2 AND NOT EXISTS (SELECT 1 FROM executions "
                             "WHERE owner = worker_registry.number)")
                         .bind(1, to_text(status))
                         .bind(2, transaction.now_ms() - age.count())
                         .run();
    }
    return forgotten;
}

}  // namespace fleet::store::sqlite
