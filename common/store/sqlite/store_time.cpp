#include "common/store/sqlite/store_time.hpp"

#include <algorithm>
#include <string>

#include "common/store/sqlite/connection.hpp"
#include "common/store/sqlite/writer.hpp"

namespace fleet::store::sqlite {

namespace {

base::Millis boot_ms(const base::Clock& clock) {
    return std::chrono::duration_cast<base::Millis>(clock.boot_now().time_since_epoch());
}

}  // namespace

StoreTimeSource::StoreTimeSource(Connection& connection, const base::Clock& clock) : clock_(clock) {
    const auto boot_id = clock.boot_id();
    connection.execute("BEGIN IMMEDIATE");
    try {
        auto row = connection.prepare(
            "SELECT boot_id, offset_ms, last_tick_ms, store_epoch FROM clock WHERE id = 1");
        const bool found = row.step();
        if (found && row.view(0) == boot_id) {
            offset_ = base::Millis{row.integer(1)};
            store_epoch_ = row.integer(3);
        } else {
            // A new boot: the clock goes on from the wall clock, but never behind what it was.
            auto start = clock.wall_now().time_since_epoch();
            if (found) {
                start = std::max(start, base::Millis{row.integer(2)});
                store_epoch_ = row.integer(3) + 1;
            }
            offset_ = start - boot_ms(clock);
            connection
                .prepare(
                    "INSERT INTO clock (id, boot_id, offset_ms, last_tick_ms, gap_end_ms, "
                    "store_epoch) VALUES (1, ?1, ?2, ?3, 0, ?4) ON CONFLICT (id) DO UPDATE "
                    "SET boot_id = ?1, offset_ms = ?2, store_epoch = ?4")
                .bind(1, boot_id)
                .bind(2, static_cast<std::int64_t>(offset_.count()))
                .bind(3, static_cast<std::int64_t>(start.count()))
                .bind(4, store_epoch_)
                .run();
        }
        row.reset();
        connection.execute("COMMIT");
    } catch (...) {
        if (connection.in_transaction()) {
            connection.execute("ROLLBACK");
        }
        throw;
    }
}

base::StoreTime StoreTimeSource::now() const {
    return base::StoreTime{boot_ms(clock_) + offset_};
}

void tick_clock(WriteTransaction& transaction) {
    const auto now = transaction.now_ms();
    auto row = transaction.prepare("SELECT last_tick_ms FROM clock WHERE id = 1");
    row.step();
    const auto since = now - row.integer(0);
    row.reset();
    constexpr std::int64_t kTickEveryMs = 250;
    if (since >= kClockGap.count()) {
        transaction.prepare("UPDATE clock SET last_tick_ms = ?1, gap_end_ms = ?1 WHERE id = 1")
            .bind(1, now)
            .run();
    } else if (since >= kTickEveryMs) {
        transaction.prepare("UPDATE clock SET last_tick_ms = ?1 WHERE id = 1").bind(1, now).run();
    }
}

base::StoreTime gap_end(WriteTransaction& transaction) {
    auto row = transaction.prepare("SELECT gap_end_ms FROM clock WHERE id = 1");
    row.step();
    return base::store_time(row.integer(0));
}

}  // namespace fleet::store::sqlite
