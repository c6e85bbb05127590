#include <algorithm>
#include <memory>

#include "common/base/json.hpp"
#include "common/contracts/seat_refusal.hpp"
#include "common/store/memory/backends.hpp"

namespace fleet::store::memory {
namespace {

using contracts::RegisterAnswer;
using contracts::RegistrationRefused;
using contracts::StatusChange;
using model::WorkerStatus;

constexpr std::size_t kSeatTokenLength = 20;

bool is_final(WorkerStatus status) {
    return status == WorkerStatus::terminated || status == WorkerStatus::lost;
}

/// Objects, merged key by key; what is new wins.
base::JsonText merged(const base::JsonText& stored, const base::JsonText& news) {
    if (news.empty()) {
        return stored;
    }
    base::Json object =
        stored.empty() ? base::Json::object() : base::parse_json(stored, "stored worker metadata");
    const base::Json changes = base::parse_json(news, "worker metadata");
    for (const auto& [key, value] : changes.items()) {
        object[key] = value;
    }
    return base::dump_json(object);
}

class Registration final : public contracts::RegistrationBackend {
  public:
    explicit Registration(State& state) : state_(state) {}

    RegisterAnswer register_worker(const model::WorkerRecord& worker) override;
    std::optional<WorkerStatus> heartbeat(const contracts::Heartbeat& beat) override;
    StatusChange update_status(const std::string& worker_id, WorkerStatus to,
                               const std::string& reason) override;
    std::optional<model::WorkerRecord> get(const std::string& worker_id) override;
    std::vector<model::WorkerRecord> list(const contracts::WorkerFilter& filter) override;
    bool deregister(const std::string& worker_id) override;
    std::vector<model::WorkerRecord> expire() override;
    bool mark_dead(const std::string& worker_id, const std::string& reason) override;
    std::size_t forget_final(base::Millis age) override {
        Transaction transaction(state_, Access::write);
        return static_cast<std::size_t>(forget_final_workers(transaction, age));
    }

  private:
    /// Empty, or why not. Fills in the seat of a worker that brought none.
    std::string take_seat(Transaction& transaction, model::WorkerRecord& worker);
    std::string sit_down(const model::WorkerRecord& worker);
    void set_status(Transaction& transaction, WorkerRow& row, WorkerStatus to,
                    const std::string& reason);
    static bool is_stale(const Transaction& transaction, const WorkerRow& row);
    static model::WorkerRecord record_of(const Transaction& transaction, const WorkerRow& row);

    State& state_;
};

bool Registration::is_stale(const Transaction& transaction, const WorkerRow& row) {
    return !is_final(row.record.status) &&
           transaction.is_over(row.heartbeat_at + row.record.ttl, row.record.ttl);
}

model::WorkerRecord Registration::record_of(const Transaction& transaction, const WorkerRow& row) {
    model::WorkerRecord record = row.record;
    record.heartbeat_age = transaction.now() - row.heartbeat_at;
    record.stale = is_stale(transaction, row);
    record.launch_token.clear();
    return record;
}

std::string Registration::sit_down(const model::WorkerRecord& worker) {
    const std::string name = "seat " + std::to_string(worker.seat);
    const auto row = state_.seats.find(worker.seat);
    if (row == state_.seats.end()) {
        return name + " is gone";
    }
    model::Seat& seat = row->second.seat;
    if (seat.pool != worker.pool) {
        return name + " is of pool " + seat.pool + ", not of " + worker.pool;
    }
    if (seat.launch_token != worker.launch_token) {
        return "the launch token is not that of " + name;
    }
    if (seat.state != model::SeatState::requested && seat.state != model::SeatState::starting) {
        return name + " is " + std::string(to_text(seat.state)) + " already";
    }
    seat.state = model::SeatState::ready;
    seat.worker_id = worker.worker_id;
    return {};
}

std::string Registration::take_seat(Transaction& transaction, model::WorkerRecord& worker) {
    drop_void_seats(transaction);
    const auto pool = state_.pools.find(worker.pool);
    if (pool == state_.pools.end()) {
        return "there is no pool " + worker.pool;
    }
    if (worker.seat != 0) {
        return sit_down(worker);
    }
    const auto taken = std::count_if(
        state_.seats.begin(), state_.seats.end(),
        [&worker](const auto& entry) { return entry.second.seat.pool == worker.pool; });
    if (pool->second.max_workers && taken >= *pool->second.max_workers) {
        return contracts::full_pool_text(worker.pool, taken, *pool->second.max_workers);
    }
    SeatRow row;
    row.seat.id = ++state_.last_seat;
    row.seat.pool = worker.pool;
    row.seat.host = worker.host;
    row.seat.state = model::SeatState::ready;
    row.seat.launch_token = base::random_word(kSeatTokenLength);
    row.seat.worker_id = worker.worker_id;
    row.created_at = transaction.now();
    row.expires_at = transaction.now();
    worker.seat = row.seat.id;
    state_.seats.emplace(row.seat.id, row);
    return {};
}

RegisterAnswer Registration::register_worker(const model::WorkerRecord& worker) {
    Transaction transaction(state_, Access::write);
    const std::string doing = "registering worker " + worker.worker_id + ": ";
    if (const auto known = state_.workers.find(worker.worker_id); known != state_.workers.end()) {
        const model::WorkerRecord& record = known->second.record;
        if (is_final(record.status)) {
            return RegistrationRefused{doing + "this id is " + std::string(to_text(record.status)) +
                                       " and is never used again"};
        }
        if (record.process == worker.process) {
            return contracts::Registered{true};
        }
        return RegistrationRefused{
            doing + "process " + std::to_string(record.process.pid) + " on " + record.host +
            (is_stale(transaction, known->second) ? " had this id and was not heard of lately"
                                                  : " has this id and is alive")};
    }
    WorkerRow row;
    row.record = worker;
    if (worker.kind == model::WorkerKind::worker) {
        if (std::string refusal = take_seat(transaction, row.record); !refusal.empty()) {
            return RegistrationRefused{doing + refusal};
        }
    }
    row.record.status = WorkerStatus::active;
    row.record.metadata = merged({}, worker.metadata);
    if (row.record.started_at == base::StoreTime{}) {
        row.record.started_at = transaction.now();
    }
    row.heartbeat_at = transaction.now();
    state_.workers.emplace(worker.worker_id, std::move(row));
    transaction.notify(contracts::scaler_topic());
    return contracts::Registered{false};
}

std::optional<WorkerStatus> Registration::heartbeat(const contracts::Heartbeat& beat) {
    Transaction transaction(state_, Access::write);
    transaction.tick();
    const auto row = state_.workers.find(beat.worker_id);
    if (row == state_.workers.end()) {
        return std::nullopt;
    }
    model::WorkerRecord& record = row->second.record;
    if (!is_final(record.status)) {
        row->second.heartbeat_at = transaction.now();
        record.slots = beat.slots;
        record.busy = beat.busy;
        record.rss_bytes = beat.rss_bytes;
        record.open_fds = beat.open_fds;
        record.metadata = merged(record.metadata, beat.metadata);
    }
    return record.status;
}

void Registration::set_status(Transaction& transaction, WorkerRow& row, WorkerStatus to,
                              const std::string& reason) {
    row.record.status = to;
    row.record.reason = reason;
    if (is_final(to)) {
        row.final_at = transaction.now();
    }
    if (const auto seat = state_.seats.find(row.record.seat); seat != state_.seats.end()) {
        if (is_final(to)) {
            state_.seats.erase(seat);
        } else {
            seat->second.seat.state =
                to == WorkerStatus::active ? model::SeatState::ready : model::SeatState::retiring;
        }
    }
    if (!row.record.pool.empty()) {
        transaction.notify(contracts::pool_topic(row.record.pool));
    }
    transaction.notify(contracts::scaler_topic());
}

StatusChange Registration::update_status(const std::string& worker_id, WorkerStatus to,
                                         const std::string& reason) {
    Transaction transaction(state_, Access::write);
    const auto row = state_.workers.find(worker_id);
    if (row == state_.workers.end()) {
        return {StatusChange::Outcome::not_found, "worker " + worker_id + " is not registered"};
    }
    const WorkerStatus from = row->second.record.status;
    if (from == to) {
        return {StatusChange::Outcome::unchanged, {}};
    }
    if (!model::is_legal_change(from, to)) {
        return {StatusChange::Outcome::illegal, "worker " + worker_id + " cannot change from " +
                                                    std::string(to_text(from)) + " to " +
                                                    std::string(to_text(to))};
    }
    set_status(transaction, row->second, to, reason);
    return {StatusChange::Outcome::changed, {}};
}

std::optional<model::WorkerRecord> Registration::get(const std::string& worker_id) {
    const Transaction transaction(state_, Access::read);
    const auto row = state_.workers.find(worker_id);
    return row == state_.workers.end() ? std::nullopt
                                       : std::optional(record_of(transaction, row->second));
}

bool matches(const model::WorkerRecord& record, const contracts::WorkerFilter& filter) {
    const auto contains = [](const auto& values, const auto& value) {
        return std::find(values.begin(), values.end(), value) != values.end();
    };
    return (filter.statuses.empty() || contains(filter.statuses, record.status)) &&
           (!filter.kind || record.kind == *filter.kind) &&
           (filter.host.empty() || record.host == filter.host) &&
           (filter.pool.empty() || record.pool == filter.pool) &&
           (filter.capability.empty() || contains(record.capabilities, filter.capability)) &&
           (!filter.stale || record.stale == *filter.stale);
}

std::vector<model::WorkerRecord> Registration::list(const contracts::WorkerFilter& filter) {
    const Transaction transaction(state_, Access::read);
    std::vector<model::WorkerRecord> records;
    for (const auto& [id, row] : state_.workers) {
        model::WorkerRecord record = record_of(transaction, row);
        if (matches(record, filter)) {
            records.push_back(std::move(record));
        }
    }
    std::stable_sort(records.begin(), records.end(), [](const auto& left, const auto& right) {
        return left.started_at < right.started_at;
    });
    return records;
}

bool Registration::deregister(const std::string& worker_id) {
    Transaction transaction(state_, Access::write);
    const auto row = state_.workers.find(worker_id);
    if (row == state_.workers.end()) {
        return false;
    }
    if (!is_final(row->second.record.status)) {
        set_status(transaction, row->second, WorkerStatus::terminated, row->second.record.reason);
    }
    return true;
}

std::vector<model::WorkerRecord> Registration::expire() {
    Transaction transaction(state_, Access::write);
    transaction.tick();
    std::vector<model::WorkerRecord> lost;
    for (auto& [id, row] : state_.workers) {
        if (is_stale(transaction, row)) {
            set_status(
                transaction, row, WorkerStatus::lost,
                "no heartbeat for " + base::human_duration(transaction.now() - row.heartbeat_at));
            lost.push_back(record_of(transaction, row));
        }
    }
    return lost;
}

bool Registration::mark_dead(const std::string& worker_id, const std::string& reason) {
    Transaction transaction(state_, Access::write);
    const auto row = state_.workers.find(worker_id);
    if (row == state_.workers.end() || is_final(row->second.record.status)) {
        return false;
    }
    set_status(transaction, row->second, WorkerStatus::lost, reason);
    return true;
}

}  // namespace

std::int64_t forget_final_workers(Transaction& transaction, base::Millis age) {
    // One that still owns something is the evidence by which its leases are judged.
    return static_cast<std::int64_t>(
        std::erase_if(transaction.state().workers, [&](const auto& entry) {
            const WorkerRow& row = entry.second;
            return row.final_at && transaction.now() - *row.final_at >= age && row.owned.empty();
        }));
}

std::unique_ptr<contracts::RegistrationBackend> make_registration(State& state) {
    return std::make_unique<Registration>(state);
}

}  // namespace fleet::store::memory
