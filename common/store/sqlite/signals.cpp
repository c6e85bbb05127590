#include "common/store/sqlite/signals.hpp"

#include <algorithm>
#include <cmath>

#include "common/base/ids.hpp"
#include "common/store/sqlite/rank.hpp"

namespace fleet::store::sqlite {

namespace {

// Other programs of the family write times in other ISO 8601 forms: SQLite reads them all.
#define FLEET_SIGNAL_COLUMNS \
    "id, channel, data_json, (julianday(created_at) - 2440587.5) * 86400000.0"

// A wait whose deadline has passed is over, even if nobody has looked since. ?3 is the time.
#define FLEET_IS_IN_TIME "(due_at_ms IS NULL OR due_at_ms > ?3)"

model::Signal read_signal(const Statement& row) {
    return {.id = base::Uuid::parse(row.view(0)).value_or(base::Uuid{}),
            .channel = row.text(1),
            .payload = row.text(2),
            .created_at = base::store_time(std::llround(row.real(3)))};
}

/// The first 48 bits of a version 7 UUID; 0 for any other text.
base::Millis time_of(std::string_view id) {
    const auto uuid = base::Uuid::parse(id);
    constexpr std::uint8_t kVersion = 7;
    if (!uuid || uuid->bytes[6] >> 4U != kVersion) {
        return base::Millis{0};
    }
    std::int64_t milliseconds = 0;
    for (std::size_t i = 0; i < 6; ++i) {
        milliseconds = milliseconds << 8U | uuid->bytes[i];
    }
    return base::Millis{milliseconds};
}

/// Sorts behind all that the channel holds, whichever processes sent those and however many came
/// within one millisecond: the oldest signal is the one with the smallest id.
std::string next_id(WriteTransaction& transaction, const std::string& channel) {
    auto row = transaction.prepare("SELECT max(id) FROM signals WHERE channel = ?1");
    row.bind(1, channel).step();
    const auto after_last = time_of(row.view(0)) + base::Millis{1};
    base::UuidGenerator ids;
    return ids.next(base::WallTime{std::max(transaction.now().time_since_epoch(), after_last)})
        .text();
}

struct Waiter {
    std::int64_t seq = 0;
    std::int64_t lane = 0;
    std::int64_t batch = 0;
    std::int64_t rank = 0;
};

std::vector<Waiter> waiters(WriteTransaction& transaction, const std::string& channel,
                            std::int64_t after, std::size_t limit) {
    auto rows = transaction.prepare(
        "SELECT seq, lane, iif(kin & 1, 0, batch), rank FROM executions "
        "WHERE channel = ?1 AND status = 2 AND seq > ?2 AND " FLEET_IS_IN_TIME
        " ORDER BY seq LIMIT ?4");
    rows.bind(1, channel).bind(2, after).bind(3, transaction.now_ms()).bind(4, limit);
    std::vector<Waiter> found;
    while (rows.step()) {
        found.push_back({.seq = rows.integer(0),
                         .lane = rows.integer(1),
                         .batch = rows.integer(2),
                         .rank = rows.integer(3)});
    }
    return found;
}

void wake(WriteTransaction& transaction, const Waiter& waiter, const base::JsonText& payload) {
    transaction
        .prepare(
            "UPDATE executions SET status = 0, ready = 1, rank = ?2, channel = NULL, "
            "due_at_ms = NULL, signal = ?3, woken = 1 WHERE seq = ?1")
        .bind(1, waiter.seq)
        .bind(2, resumed_rank(waiter.rank))
        .bind(3, payload)
        .run();
    transaction.counters().move(waiter.lane, waiter.batch, Count::waiting, Count::ready);
}

void keep(WriteTransaction& transaction, const std::string& channel,
          const base::JsonText& payload) {
    const auto id = next_id(transaction, channel);
    const auto now_text = base::iso8601(transaction.now());
    transaction
        .prepare(
            "INSERT INTO signals (id, channel, data_json, created_at) "
            "VALUES (?1, ?2, ?3, ?4)")
        .bind(1, id)
        .bind(2, channel)
        .bind(3, payload)
        .bind(4, now_text)
        .run();
}

std::optional<model::Signal> take(WriteTransaction& transaction, const std::string& channel) {
    std::optional<model::Signal> oldest;
    std::string id;
    {
        auto row = transaction.prepare("SELECT " FLEET_SIGNAL_COLUMNS
                                       " FROM signals WHERE channel = ?1 ORDER BY id LIMIT 1");
        if (!row.bind(1, channel).step()) {
            return std::nullopt;
        }
        oldest = read_signal(row);
        id = row.text(0);
    }
    transaction.prepare("DELETE FROM signals WHERE id = ?1").bind(1, id).run();
    return oldest;
}

std::optional<std::string> take_mail(WriteTransaction& transaction, const ExecutionRow& row,
                                     const std::string& channel) {
    if (!row.is(kHasMail)) {
        return std::nullopt;
    }
    std::int64_t number = 0;
    std::string payload;
    {
        auto mail = transaction.prepare(
            "SELECT mail, payload FROM mail WHERE recipient = ?1 AND channel = ?2 "
            "ORDER BY mail LIMIT 1");
        if (!mail.bind(1, row.seq).bind(2, channel).step()) {
            return std::nullopt;
        }
        number = mail.integer(0);
        payload = mail.text(1);
    }
    transaction.prepare("DELETE FROM mail WHERE mail = ?1").bind(1, number).run();
    return payload;
}

contracts::Addressed send_one(WriteTransaction& transaction, const model::ExecutionId& execution,
                              const std::string& channel, const base::JsonText& payload) {
    const auto row = find_row(transaction.connection(), execution, 0);
    if (!row) {
        return contracts::Addressed::not_found;
    }
    if (model::is_terminal(row->status)) {
        return contracts::Addressed::ended;
    }
    {
        auto waits = transaction.prepare(
            "SELECT 1 FROM executions WHERE seq = ?1 AND status = 2 AND channel = ?2 "
            "AND " FLEET_IS_IN_TIME);
        if (waits.bind(1, row->seq).bind(2, channel).bind(3, transaction.now_ms()).step()) {
            waits.reset();
            wake(transaction,
                 {.seq = row->seq,
                  .lane = row->lane,
                  .batch = row->counted_batch(),
                  .rank = row->rank},
                 payload);
            transaction.notify(contracts::pool_topic(transaction.names().lane(row->lane).pool));
            return contracts::Addressed::woken;
        }
    }
    transaction.prepare("INSERT INTO mail (recipient, channel, payload) VALUES (?1, ?2, ?3)")
        .bind(1, row->seq)
        .bind(2, channel)
        .bind(3, payload)
        .run();
    transaction.prepare("UPDATE executions SET kin = kin | ?2 WHERE seq = ?1")
        .bind(1, row->seq)
        .bind(2, kHasMail)
        .run();
    return contracts::Addressed::kept;
}

}  // namespace

contracts::SendResult SqliteSignals::send(const std::string& channel,
                                          const base::JsonText& payload) {
    const auto result = database_.writer().write(
        [&](WriteTransaction& transaction) { return send_signal(transaction, channel, payload); });
    for (bool more = result.woken > contracts::kMaxWoken; more;) {
        more = database_.writer().write([&](WriteTransaction& transaction) {
            go_on_broadcasting(transaction, contracts::kMaxWoken);
            return has_broadcasts(transaction);
        });
    }
    return result;
}

contracts::Addressed SqliteSignals::send_to(const model::ExecutionId& execution,
                                            const std::string& channel,
                                            const base::JsonText& payload) {
    return database_.writer().write([&](WriteTransaction& transaction) {
        return send_one(transaction, execution, channel, payload);
    });
}

std::optional<model::Signal> SqliteSignals::consume(const std::string& channel) {
    return database_.writer().write(
        [&](WriteTransaction& transaction) { return take(transaction, channel); });
}

std::vector<model::Signal> SqliteSignals::peek(const std::string& channel, std::size_t limit) {
    const auto reader = database_.reader();
    auto rows = reader->prepare("SELECT " FLEET_SIGNAL_COLUMNS
                                " FROM signals WHERE channel = ?1 ORDER BY id LIMIT ?2");
    rows.bind(1, channel).bind(2, limit);
    std::vector<model::Signal> kept;
    while (rows.step()) {
        kept.push_back(read_signal(rows));
    }
    return kept;
}

std::vector<model::ChannelCount> SqliteSignals::channels() {
    const auto reader = database_.reader();
    auto rows =
        reader->prepare("SELECT channel, count(*) FROM signals GROUP BY channel ORDER BY channel");
    std::vector<model::ChannelCount> counts;
    while (rows.step()) {
        counts.push_back({.channel = rows.text(0), .pending = rows.integer(1)});
    }
    return counts;
}

namespace {

void wake_all(WriteTransaction& transaction, const std::vector<Waiter>& waiting,
              const base::JsonText& payload) {
    for (const auto& waiter : waiting) {
        wake(transaction, waiter, payload);
        transaction.notify(contracts::pool_topic(transaction.names().lane(waiter.lane).pool));
    }
}

std::size_t count_waiters(WriteTransaction& transaction, const std::string& channel,
                          std::int64_t after) {
    auto row = transaction.prepare(
        "SELECT count(*) FROM executions WHERE channel = ?1 AND status = 2 AND seq > ?2 "
        "AND " FLEET_IS_IN_TIME);
    row.bind(1, channel).bind(2, after).bind(3, transaction.now_ms()).step();
    return static_cast<std::size_t>(row.integer(0));
}

}  // namespace

contracts::SendResult send_signal(WriteTransaction& transaction, const std::string& channel,
                                  const base::JsonText& payload) {
    const auto waiting = waiters(transaction, channel, 0, contracts::kMaxWoken);
    if (waiting.empty()) {
        keep(transaction, channel, payload);
        return {.woken = 0, .kept = true};
    }
    wake_all(transaction, waiting, payload);
    auto woken = waiting.size();
    if (woken == contracts::kMaxWoken) {
        if (const auto rest = count_waiters(transaction, channel, waiting.back().seq); rest > 0) {
            woken += rest;
            transaction
                .prepare("INSERT INTO broadcasts (channel, payload, after_seq) VALUES (?1, ?2, ?3)")
                .bind(1, channel)
                .bind(2, payload)
                .bind(3, waiting.back().seq)
                .run();
        }
    }
    return {.woken = woken, .kept = false};
}

bool has_broadcasts(WriteTransaction& transaction) {
    return transaction.prepare("SELECT 1 FROM broadcasts WHERE broadcast > 0 LIMIT 1").step();
}

void go_on_broadcasting(WriteTransaction& transaction, std::size_t limit) {
    std::int64_t broadcast = 0;
    std::int64_t after = 0;
    std::string channel;
    base::JsonText payload;
    {
        auto row = transaction.prepare(
            "SELECT broadcast, channel, payload, after_seq FROM broadcasts WHERE broadcast > 0 "
            "ORDER BY broadcast LIMIT 1");
        if (!row.step()) {
            return;
        }
        broadcast = row.integer(0);
        channel = row.text(1);
        payload = row.text(2);
        after = row.integer(3);
    }
    const auto waiting = waiters(transaction, channel, after, limit);
    wake_all(transaction, waiting, payload);
    if (waiting.size() < limit) {
        transaction.prepare("DELETE FROM broadcasts WHERE broadcast = ?1").bind(1, broadcast).run();
        return;
    }
    transaction.prepare("UPDATE broadcasts SET after_seq = ?2 WHERE broadcast = ?1")
        .bind(1, broadcast)
        .bind(2, waiting.back().seq)
        .run();
}

std::optional<std::string> take_kept_signal(WriteTransaction& transaction, const ExecutionRow& row,
                                            const std::string& channel) {
    if (auto mail = take_mail(transaction, row, channel)) {
        return mail;
    }
    auto signal = take(transaction, channel);
    if (!signal) {
        return std::nullopt;
    }
    return std::move(signal->payload);
}

}  // namespace fleet::store::sqlite
