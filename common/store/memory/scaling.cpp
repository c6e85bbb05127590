#include <algorithm>
#include <memory>

#include "common/contracts/seat_refusal.hpp"
#include "common/store/memory/backends.hpp"

namespace fleet::store::memory {
namespace {

using model::SeatState;

constexpr std::size_t kMaxPoolName = 60;
constexpr std::size_t kLaunchTokenLength = 20;

bool awaits_worker(const SeatRow& row) {
    return row.seat.state == SeatState::requested || row.seat.state == SeatState::starting;
}

model::Seat seat_of(const Transaction& transaction, const SeatRow& row) {
    model::Seat seat = row.seat;
    seat.age = transaction.now() - row.created_at;
    if (awaits_worker(row)) {
        seat.remaining = row.expires_at - transaction.now();
    }
    return seat;
}

class Scaling final : public contracts::ScalingBackend {
  public:
    explicit Scaling(State& state) : state_(state) {}

    std::int64_t put_pool(const model::PoolPolicy& policy) override {
        check_name("writing a pool's policy", policy.pool, kMaxPoolName);
        Transaction transaction(state_, Access::write);
        model::PoolPolicy& stored = state_.pools[policy.pool];
        const std::int64_t version = stored.version + 1;
        stored = policy;
        stored.version = version;
        for (Lane& lane : state_.lanes) {
            const auto stage =
                std::ranges::find(policy.stages, lane.stage, &model::StagePolicy::stage);
            if (lane.pool == policy.pool && stage != policy.stages.end()) {
                lane.stage_rank = stage->rank;
            }
        }
        transaction.notify(contracts::pool_topic(policy.pool));
        transaction.notify(contracts::scaler_topic());
        return version;
    }

    std::optional<model::PoolPolicy> pool(const std::string& name) override {
        const Transaction transaction(state_, Access::read);
        const auto found = state_.pools.find(name);
        return found == state_.pools.end() ? std::nullopt : std::optional(found->second);
    }

    std::vector<model::PoolPolicy> pools() override {
        const Transaction transaction(state_, Access::read);
        std::vector<model::PoolPolicy> policies;
        for (const auto& [name, policy] : state_.pools) {
            policies.push_back(policy);
        }
        return policies;
    }

    bool set_paused(const std::string& pool, bool paused) override {
        Transaction transaction(state_, Access::write);
        const auto found = state_.pools.find(pool);
        if (found == state_.pools.end()) {
            return false;
        }
        if (found->second.paused != paused) {
            found->second.paused = paused;
            ++found->second.version;
            transaction.notify(contracts::pool_topic(pool));
            transaction.notify(contracts::scaler_topic());
        }
        return true;
    }

    contracts::SeatAnswer take_seat(const contracts::SeatRequest& request) override;
    bool set_seat_state(std::int64_t seat, SeatState state) override;

    std::vector<model::Seat> seats(const std::string& pool) override {
        Transaction transaction(state_, Access::write);
        drop_void_seats(transaction);
        std::vector<model::Seat> seats;
        for (const auto& [id, row] : state_.seats) {
            if (row.seat.pool == pool) {
                seats.push_back(seat_of(transaction, row));
            }
        }
        return seats;
    }

    void record_decision(const model::Decision& decision) override {
        const Transaction transaction(state_, Access::write);
        state_.decisions.push_back(decision);
        model::Decision& stored = state_.decisions.back();
        stored.id = ++state_.last_decision;
        if (stored.at == base::StoreTime{}) {
            stored.at = transaction.now();
        }
        if (state_.decisions.size() > contracts::kMaxDecisions) {
            state_.decisions.pop_front();
        }
    }

    std::vector<model::Decision> decisions(const std::string& host, std::size_t limit) override {
        const Transaction transaction(state_, Access::read);
        std::vector<model::Decision> newest;
        for (auto decision = state_.decisions.rbegin();
             decision != state_.decisions.rend() && newest.size() < limit; ++decision) {
            if (host.empty() || decision->host == host) {
                newest.push_back(*decision);
            }
        }
        return newest;
    }

  private:
    State& state_;
};

contracts::SeatAnswer Scaling::take_seat(const contracts::SeatRequest& request) {
    Transaction transaction(state_, Access::write);
    drop_void_seats(transaction);
    if (!state_.pools.contains(request.pool)) {
        return contracts::SeatRefused{"there is no pool " + request.pool};
    }
    std::int64_t taken = 0;
    for (const auto& [id, row] : state_.seats) {
        if (request.request_id != 0 && row.request_id == request.request_id) {
            return seat_of(transaction, row);
        }
        taken += row.seat.pool == request.pool ? 1 : 0;
    }
    if (taken >= request.pool_max) {
        return contracts::SeatRefused{
            contracts::full_pool_text(request.pool, taken, request.pool_max)};
    }
    const auto everywhere = static_cast<std::int64_t>(state_.seats.size());
    if (request.fleet_max && everywhere >= *request.fleet_max) {
        return contracts::SeatRefused{contracts::full_fleet_text(everywhere, *request.fleet_max)};
    }
    SeatRow row;
    row.seat.id = ++state_.last_seat;
    row.seat.pool = request.pool;
    row.seat.host = request.host;
    row.seat.launch_token = base::random_word(kLaunchTokenLength);
    row.created_at = transaction.now();
    row.expires_at = transaction.now() + request.ttl;
    row.request_id = request.request_id;
    return seat_of(transaction, state_.seats.emplace(row.seat.id, row).first->second);
}

bool Scaling::set_seat_state(std::int64_t seat, SeatState state) {
    Transaction transaction(state_, Access::write);
    drop_void_seats(transaction);
    const auto row = state_.seats.find(seat);
    if (row == state_.seats.end() || !model::is_legal_change(row->second.seat.state, state)) {
        return false;
    }
    if (state == SeatState::gone && !row->second.seat.worker_id.empty()) {
        return false;  // it goes with its worker
    }
    if (state == SeatState::gone) {
        state_.seats.erase(row);
    } else {
        row->second.seat.state = state;
    }
    transaction.notify(contracts::scaler_topic());
    return true;
}

}  // namespace

void drop_void_seats(Transaction& transaction) {
    std::erase_if(transaction.state().seats, [&transaction](const auto& entry) {
        return awaits_worker(entry.second) && entry.second.expires_at <= transaction.now();
    });
}

std::unique_ptr<contracts::ScalingBackend> make_scaling(State& state) {
    return std::make_unique<Scaling>(state);
}

}  // namespace fleet::store::memory
