#include "common/store/sqlite/seats.hpp"

#include "common/base/ids.hpp"

namespace fleet::store::sqlite {

namespace {

constexpr std::size_t kLaunchTokenLength = 20;

std::int64_t next_number(WriteTransaction& transaction) {
    auto row = transaction.prepare(
        "INSERT INTO meta (key, value) VALUES ('last_seat', '1') "
        "ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1 "
        "RETURNING CAST(value AS INTEGER)");
    row.step();
    const auto number = row.integer(0);
    row.run();
    return number;
}

}  // namespace

void drop_void_seats(WriteTransaction& transaction, std::int64_t pool) {
    transaction.prepare("DELETE FROM seats WHERE pool = ?1 AND state < 2 AND expires_at_ms <= ?2")
        .bind(1, pool)
        .bind(2, transaction.now_ms())
        .run();
}

std::int64_t count_seats(WriteTransaction& transaction, std::int64_t pool) {
    auto row = transaction.prepare("SELECT count(*) FROM seats WHERE pool = ?1");
    row.bind(1, pool).step();
    return row.integer(0);
}

std::int64_t count_all_seats(WriteTransaction& transaction) {
    auto row = transaction.prepare(
        "SELECT count(*) FROM seats WHERE NOT (state < 2 AND expires_at_ms <= ?1)");
    row.bind(1, transaction.now_ms()).step();
    return row.integer(0);
}

std::int64_t add_seat(WriteTransaction& transaction, const NewSeat& seat) {
    const auto number = next_number(transaction);
    const auto token = base::random_word(kLaunchTokenLength);
    transaction
        .prepare(
            "INSERT INTO seats (seat, pool, host, state, launch_token, request_id, worker_id, "
            "created_at_ms, expires_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
        .bind(1, number)
        .bind(2, seat.pool)
        .bind(3, seat.host)
        .bind(4, static_cast<int>(seat.state))
        .bind(5, token)
        .bind(6, seat.request_id != 0 ? seat.request_id : base::random_positive_int64())
        .bind_text_or_null(7, seat.worker_id)
        .bind(8, transaction.now_ms())
        .bind(9, transaction.now_ms() + seat.ttl.count())
        .run();
    return number;
}

void remove_seat(WriteTransaction& transaction, std::int64_t seat) {
    transaction.prepare("DELETE FROM seats WHERE seat = ?1").bind(1, seat).run();
}

void set_state(WriteTransaction& transaction, std::int64_t seat, model::SeatState state) {
    transaction.prepare("UPDATE seats SET state = ?2 WHERE seat = ?1")
        .bind(1, seat)
        .bind(2, static_cast<int>(state))
        .run();
}

}  // namespace fleet::store::sqlite
