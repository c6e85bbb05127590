#include "common/store/sqlite/checkpoints.hpp"

#include <charconv>
#include <cmath>

#include "common/model/cloned_snapshot.hpp"

namespace fleet::store::sqlite {

namespace {

/// The step in `<id>/step_%06d_<event>.json`; 0 for a key of another form.
std::int64_t step_of(std::string_view key) {
    constexpr std::string_view kMark = "/step_";
    const auto mark = key.rfind(kMark);
    std::int64_t step = 0;
    if (mark != std::string_view::npos) {
        const auto digits = key.substr(mark + kMark.size());
        std::from_chars(digits.data(), digits.data() + digits.size(), step);
    }
    return step;
}

#define FLEET_SNAPSHOT_COLUMNS                                                              \
    "checkpoint_key, c.execution_id, machine_name, event, current_state, waiting_channel, " \
    "snapshot_json"

model::Snapshot read_snapshot(const Statement& row) {
    return {.execution_id = row.text(1),
            .machine_name = row.text(2),
            .event = row.text(3),
            .current_state = row.text(4),
            .waiting_channel = row.text(5),
            .step = step_of(row.view(0)),
            .json = row.text(6)};
}

std::optional<model::Snapshot> latest(Connection& connection, const std::string& execution_id) {
    auto row = connection.prepare("SELECT " FLEET_SNAPSHOT_COLUMNS
                                  " FROM machine_latest l JOIN machine_checkpoints c "
                                  "ON c.checkpoint_key = l.latest_key WHERE l.execution_id = ?1");
    if (!row.bind(1, execution_id).step()) {
        return std::nullopt;
    }
    return read_snapshot(row);
}

}  // namespace

void SqliteCheckpoints::save(const model::Snapshot& snapshot) {
    database_.writer().write(
        [&](WriteTransaction& transaction) { save_snapshot(transaction, snapshot); });
}

std::optional<model::Snapshot> SqliteCheckpoints::load(const std::string& key) {
    const auto reader = database_.reader();
    auto row = reader->prepare("SELECT " FLEET_SNAPSHOT_COLUMNS
                               " FROM machine_checkpoints c WHERE checkpoint_key = ?1");
    if (!row.bind(1, key).step()) {
        return std::nullopt;
    }
    return read_snapshot(row);
}

std::optional<model::Snapshot> SqliteCheckpoints::load_latest(const std::string& execution_id) {
    const auto reader = database_.reader();
    return latest(reader->connection(), execution_id);
}

std::vector<std::string> SqliteCheckpoints::list(const std::string& prefix, std::size_t limit) {
    // The byte 0xff is in no UTF-8 text: nothing that has the prefix sorts behind it.
    const auto end = prefix + '\xff';
    const auto reader = database_.reader();
    auto rows = reader->prepare(
        "SELECT checkpoint_key FROM machine_checkpoints WHERE checkpoint_key >= ?1 AND "
        "checkpoint_key < ?2 ORDER BY checkpoint_key LIMIT ?3");
    rows.bind(1, prefix).bind(2, end).bind(3, limit);
    std::vector<std::string> keys;
    while (rows.step()) {
        keys.push_back(rows.text(0));
    }
    return keys;
}

std::vector<std::string> SqliteCheckpoints::list_executions(
    const contracts::CheckpointFilter& filter) {
    const auto reader = database_.reader();
    auto rows = reader->prepare(
        "SELECT l.execution_id FROM machine_latest l JOIN machine_checkpoints c "
        "ON c.checkpoint_key = l.latest_key WHERE (?1 = '' OR c.event = ?1) AND "
        "(?2 = '' OR c.waiting_channel = ?2) ORDER BY l.execution_id LIMIT ?3");
    rows.bind(1, filter.event).bind(2, filter.waiting_channel).bind(3, filter.limit);
    std::vector<std::string> executions;
    while (rows.step()) {
        executions.push_back(rows.text(0));
    }
    return executions;
}

std::size_t SqliteCheckpoints::delete_execution(const std::string& execution_id) {
    return static_cast<std::size_t>(database_.writer().write([&](WriteTransaction& transaction) {
        return delete_snapshots(transaction, execution_id);
    }));
}

bool SqliteCheckpoints::clone(const std::string& from, const std::string& to) {
    return database_.writer().write([&](WriteTransaction& transaction) {
        auto snapshot = latest(transaction.connection(), from);
        if (!snapshot) {
            return false;
        }
        snapshot->json = model::cloned_snapshot(snapshot->json, from, to);
        snapshot->execution_id = to;
        save_snapshot(transaction, *snapshot);
        return true;
    });
}

void SqliteCheckpoints::put_config(const model::StoredConfig& config) {
    database_.writer().write([&](WriteTransaction& transaction) {
        const auto now_text = base::iso8601(transaction.now());
        transaction
            .prepare(
                "INSERT INTO machine_configs (config_hash, machine_name, spec_version, config_raw, "
                "created_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (config_hash) DO NOTHING")
            .bind(1, config.hash)
            .bind(2, config.machine_name)
            .bind(3, config.spec_version)
            .bind(4, config.raw)
            .bind(5, now_text)
            .run();
    });
}

std::optional<model::StoredConfig> SqliteCheckpoints::config(const std::string& hash) {
    const auto reader = database_.reader();
    // Other programs of the family write times in other ISO 8601 forms: SQLite reads them all.
    auto row = reader->prepare(
        "SELECT config_hash, machine_name, spec_version, config_raw, "
        "(julianday(created_at) - 2440587.5) * 86400000.0 FROM machine_configs "
        "WHERE config_hash = ?1");
    if (!row.bind(1, hash).step()) {
        return std::nullopt;
    }
    return model::StoredConfig{.hash = row.text(0),
                               .machine_name = row.text(1),
                               .spec_version = row.text(2),
                               .raw = row.text(3),
                               .created_at = base::store_time(std::llround(row.real(4)))};
}

namespace {

void put_checkpoint(WriteTransaction& transaction, const model::Snapshot& snapshot,
                    const std::string& now_text) {
    const auto key = snapshot.key();
    transaction
        .prepare(
            "INSERT OR REPLACE INTO machine_checkpoints (checkpoint_key, execution_id, "
            "machine_name, event, current_state, waiting_channel, snapshot_json, created_at) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
        .bind(1, key)
        .bind(2, snapshot.execution_id)
        .bind(3, snapshot.machine_name)
        .bind(4, snapshot.event)
        .bind_text_or_null(5, snapshot.current_state)
        .bind_text_or_null(6, snapshot.waiting_channel)
        .bind_blob(7, snapshot.json)
        .bind(8, now_text)
        .run();
}

}  // namespace

void save_snapshot(WriteTransaction& transaction, const model::Snapshot& snapshot) {
    save_snapshots(transaction, {}, &snapshot);
}

void save_snapshots(WriteTransaction& transaction, const std::vector<model::Snapshot>& history,
                    const model::Snapshot* last) {
    if (last == nullptr && history.empty()) {
        return;
    }
    const auto now_text = base::iso8601(transaction.now());
    for (const auto& snapshot : history) {
        put_checkpoint(transaction, snapshot, now_text);
    }
    if (last != nullptr) {
        put_checkpoint(transaction, *last, now_text);
    }
    const auto& latest = last != nullptr ? *last : history.back();
    const auto key = latest.key();
    transaction
        .prepare(
            "INSERT INTO machine_latest (execution_id, latest_key, updated_at) "
            "VALUES (?1, ?2, ?3) ON CONFLICT (execution_id) DO UPDATE SET latest_key = ?2, "
            "updated_at = ?3")
        .bind(1, latest.execution_id)
        .bind(2, key)
        .bind(3, now_text)
        .run();
}

std::int64_t delete_snapshots(WriteTransaction& transaction, const std::string& execution_id) {
    transaction.prepare("DELETE FROM machine_latest WHERE execution_id = ?1")
        .bind(1, execution_id)
        .run();
    // '0' follows '/': all keys of this execution and of no other.
    return transaction
        .prepare(
            "DELETE FROM machine_checkpoints WHERE checkpoint_key >= ?1 AND checkpoint_key < ?2")
        .bind(1, execution_id + "/")
        .bind(2, execution_id + "0")
        .run();
}

}  // namespace fleet::store::sqlite
