#include "common/store/sqlite/results.hpp"

#include <algorithm>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"
#include "common/base/ids.hpp"
#include "common/model/execution.hpp"
#include "common/store/sqlite/large_files.hpp"
#include "common/store/sqlite/payloads.hpp"

namespace fleet::store::sqlite {

namespace {

/// A writer that is killed between its commit and its wake-up is noticed this late.
constexpr base::Millis kLookAgain{1'000};

struct Found {
    std::optional<base::JsonText> data;
    std::string topic;  ///< notified when it comes
};

/// An execution of this store: the output of a done one, or the resume point as its checkpoint.
std::optional<Found> find_own(Connection& connection, const Database& database,
                              const contracts::ResultAddress& address) {
    const auto id = base::Uuid::parse(address.execution_id);
    if (!id) {
        return std::nullopt;
    }
    Found found{.data = std::nullopt, .topic = contracts::results_topic()};
    std::int64_t seq = 0;
    Payload kind = Payload::output;
    {
        auto row = connection.prepare(
            "SELECT seq, status, output, snapshot, "
            "(SELECT name FROM batches WHERE batches.batch = executions.batch) "
            "FROM executions WHERE id = ?1");
        if (!row.bind(1, *id).step()) {
            return std::nullopt;
        }
        if (!row.is_null(4)) {
            found.topic = contracts::batch_topic(row.text(4));
        }
        seq = row.integer(0);
        const bool checkpoint = address.path == "checkpoint";
        kind = checkpoint ? Payload::snapshot : Payload::output;
        const int column = checkpoint ? 3 : 2;
        if (!row.is_null(column)) {
            found.data = row.text(column);
            return found;
        }
        if (!checkpoint && row.integer(1) != static_cast<int>(model::Status::done)) {
            return found;
        }
    }
    auto text = get_payload(connection, database.data_folder(), seq, kind);
    if (!text.empty() || kind == Payload::output) {
        found.data = std::move(text);
    }
    return found;
}

Found find_other(Connection& connection, const Database& database,
                 const contracts::ResultAddress& address) {
    Found found{.data = std::nullopt, .topic = contracts::results_topic()};
    auto row =
        connection.prepare("SELECT data, file FROM results WHERE execution_id = ?1 AND path = ?2");
    if (row.bind(1, address.execution_id).bind(2, address.path).step()) {
        found.data =
            row.is_null(1) ? row.text(0) : read_large_file(database.data_folder(), row.text(1));
    }
    return found;
}

Found look(Database& database, const contracts::ResultAddress& address) {
    const auto reader = database.reader();
    if (auto own = find_own(reader->connection(), database, address)) {
        return std::move(*own);
    }
    return find_other(reader->connection(), database, address);
}

void refuse_own(WriteTransaction& transaction, const contracts::ResultAddress& address,
                const std::string& doing) {
    const auto id = base::Uuid::parse(address.execution_id);
    if (!id) {
        return;
    }
    auto row = transaction.prepare("SELECT 1 FROM executions WHERE id = ?1");
    if (row.bind(1, *id).step()) {
        throw base::ProtocolError(
            doing + ": execution " + address.execution_id +
                " belongs to this store, its result is what its last commit says",
            "finish it with a commit, or use an id of your own");
    }
}

}  // namespace

void SqliteResults::write(const std::string& uri, const base::JsonText& data) {
    const auto address = contracts::parse_result_uri(uri);
    std::string file;
    if (data.size() > contracts::kInlineResultBytes) {
        file = write_large_file(database_, data);
    }
    database_.writer().write([&](WriteTransaction& transaction) {
        refuse_own(transaction, address, "writing " + uri);
        auto row = transaction.prepare(
            "INSERT OR REPLACE INTO results (execution_id, path, data, file, updated_at_ms) "
            "VALUES (?1, ?2, ?3, ?4, ?5)");
        row.bind(1, address.execution_id).bind(2, address.path);
        if (file.empty()) {
            row.bind(3, data);
        }
        row.bind_text_or_null(4, file).bind(5, transaction.now_ms()).run();
        transaction.notify(contracts::results_topic());
    });
}

std::optional<base::JsonText> SqliteResults::read(const std::string& uri, base::Millis timeout,
                                                  std::stop_token stop) {
    const auto address = contracts::parse_result_uri(uri);
    auto& triggers = database_.triggers();
    auto topic = contracts::results_topic();
    // Real time: the waiting is the kernel's, whatever clock the store was given.
    const base::SystemClock clock;
    const auto start = clock.boot_now();
    for (;;) {
        const auto ticket = triggers.ticket(topic);
        auto found = look(database_, address);
        if (found.data) {
            return std::move(found.data);
        }
        if (stop.stop_requested()) {
            throw base::Cancelled("waiting for " + uri + ": asked to stop");
        }
        const auto passed = std::chrono::floor<base::Millis>(clock.boot_now() - start);
        if (passed >= timeout) {
            return std::nullopt;
        }
        if (found.topic != topic) {
            topic = std::move(found.topic);
            continue;  // a ticket of the right topic first, then look again
        }
        static_cast<void>(
            triggers.wait(topic, ticket, std::min(timeout - passed, kLookAgain), stop));
    }
}

bool SqliteResults::exists(const std::string& uri) {
    return look(database_, contracts::parse_result_uri(uri)).data.has_value();
}

bool SqliteResults::remove(const std::string& uri) {
    const auto address = contracts::parse_result_uri(uri);
    return database_.writer().write([&](WriteTransaction& transaction) {
        refuse_own(transaction, address, "removing " + uri);
        return transaction.prepare("DELETE FROM results WHERE execution_id = ?1 AND path = ?2")
                   .bind(1, address.execution_id)
                   .bind(2, address.path)
                   .run() > 0;
    });
}

}  // namespace fleet::store::sqlite
