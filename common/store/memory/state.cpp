#include "common/store/memory/state.hpp"

#include <chrono>

namespace fleet::store::memory {
namespace {

base::Millis boot_millis(const base::Clock& clock) {
    return std::chrono::floor<base::Millis>(clock.boot_now().time_since_epoch());
}

}  // namespace

model::StatusCounts status_counts(const Counts& counts) {
    const auto of = [&counts](Place place) { return counts[index_of(place)]; };
    return {of(Place::ready) + of(Place::delayed),
            of(Place::running),
            of(Place::waiting),
            of(Place::done),
            of(Place::failed),
            of(Place::cancelled)};
}

Place place_of(const Row& row) {
    switch (row.status) {
        case model::Status::pending:
            return row.ready ? Place::ready : Place::delayed;
        case model::Status::running:
            return Place::running;
        case model::Status::waiting:
            return Place::waiting;
        case model::Status::done:
            return Place::done;
        case model::Status::failed:
            return Place::failed;
        case model::Status::cancelled:
            break;
    }
    return Place::cancelled;
}

State::State(const base::Clock& store_clock, contracts::TriggerBackend& store_triggers)
    : clock(store_clock),
      clock_offset(store_clock.wall_now().time_since_epoch() - boot_millis(store_clock)),
      triggers(store_triggers) {
    last_tick = now();
    model::PoolPolicy first;
    first.pool = "default";
    first.version = 1;
    pools.emplace(first.pool, first);
}

base::StoreTime State::now() const {
    return base::StoreTime{boot_millis(clock) + clock_offset};
}

}  // namespace fleet::store::memory
