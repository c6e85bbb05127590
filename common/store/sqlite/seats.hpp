// Seats: the rows that keep a pool's maximum true. Shared by registration and scaling; every
// function runs inside a write transaction.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/time.hpp"
#include "common/model/pool.hpp"
#include "common/store/sqlite/writer.hpp"

namespace fleet::store::sqlite {

/// Removes the pool's seats that were not ready in time.
void drop_void_seats(WriteTransaction& transaction, std::int64_t pool);
/// All seats of the pool that are not gone.
[[nodiscard]] std::int64_t count_seats(WriteTransaction& transaction, std::int64_t pool);
/// Likewise, of all pools.
[[nodiscard]] std::int64_t count_all_seats(WriteTransaction& transaction);

struct NewSeat {
    std::int64_t pool = 0;
    std::string host;
    model::SeatState state = model::SeatState::requested;
    std::int64_t request_id = 0;  ///< 0: none was given
    std::string worker_id;        ///< empty: not known yet
    base::Millis ttl{0};
};
/// Returns its number. Numbers are never used twice, so that nobody changes a stranger's seat.
std::int64_t add_seat(WriteTransaction& transaction, const NewSeat& seat);
void remove_seat(WriteTransaction& transaction, std::int64_t seat);
void set_state(WriteTransaction& transaction, std::int64_t seat, model::SeatState state);

}  // namespace fleet::store::sqlite
