#include "machines/family/checkpoints.hpp"
#include "machines/family/sqlite_file.hpp"

namespace fleet::family {
namespace {

constexpr const char* kSchema = R"sql(
CREATE TABLE IF NOT EXISTS machine_checkpoints (
    checkpoint_key TEXT PRIMARY KEY,
    execution_id TEXT NOT NULL,
    machine_name TEXT,
    event TEXT,
    current_state TEXT,
    waiting_channel TEXT,
    snapshot_json BLOB NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS machine_latest (
    execution_id TEXT PRIMARY KEY,
    latest_key TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
)sql";

// Of the execution ?1, by the primary key: no other index is sure to be there. '0' follows '/'.
#define FLEET_KEYS_OF "checkpoint_key > ?1 || '/' AND checkpoint_key < ?1 || '0'"

class SqliteCheckpoints final : public CheckpointStorage {
  public:
    explicit SqliteCheckpoints(const std::filesystem::path& file) : file_(file, kSchema) {}

    void write(const std::string& key, const engine::MachineSnapshot& snapshot) override {
        const std::string json = engine::to_json_text(snapshot);
        const std::string now = now_text();
        SqliteWrite transaction(file_);
        SqliteQuery(file_.raw(),
                    "INSERT OR REPLACE INTO machine_checkpoints (checkpoint_key, execution_id, "
                    "machine_name, event, current_state, waiting_channel, snapshot_json, "
                    "created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
            .bind(1, key)
            .bind(2, snapshot.execution_id)
            .bind(3, snapshot.machine_name)
            .bind(4, engine::name_of(snapshot.event))
            .bind(5, snapshot.current_state)
            .bind_text_or_null(6, snapshot.waiting_channel)
            .bind_blob(7, json)
            .bind(8, now)
            .step();
        SqliteQuery(file_.raw(),
                    "INSERT OR REPLACE INTO machine_latest (execution_id, latest_key, updated_at) "
                    "VALUES (?1, ?2, ?3)")
            .bind(1, snapshot.execution_id)
            .bind(2, key)
            .bind(3, now)
            .step();
        transaction.commit();
    }

    std::optional<engine::MachineSnapshot> read(const std::string& key) override {
        SqliteQuery row(file_.raw(),
                        "SELECT snapshot_json FROM machine_checkpoints WHERE checkpoint_key = ?1");
        if (!row.bind(1, key).step()) {
            return std::nullopt;
        }
        return engine::snapshot_from_json(row.text(0));
    }

    std::optional<std::string> latest_key(const std::string& execution_id) override {
        SqliteQuery row(file_.raw(),
                        "SELECT latest_key FROM machine_latest WHERE execution_id = ?1");
        if (!row.bind(1, execution_id).step()) {
            return std::nullopt;
        }
        return row.text(0);
    }

    std::vector<std::string> executions() override {
        SqliteQuery rows(file_.raw(),
                         "SELECT execution_id FROM machine_checkpoints UNION "
                         "SELECT execution_id FROM machine_latest ORDER BY 1");
        return texts(rows);
    }

    std::vector<std::string> keys(const std::string& execution_id) override {
        SqliteQuery rows(file_.raw(),
                         "SELECT checkpoint_key FROM machine_checkpoints WHERE " FLEET_KEYS_OF
                         " ORDER BY checkpoint_key");
        rows.bind(1, execution_id);
        return texts(rows);
    }

    void remove(const std::string& execution_id) override {
        SqliteWrite transaction(file_);
        SqliteQuery(file_.raw(), "DELETE FROM machine_checkpoints WHERE " FLEET_KEYS_OF)
            .bind(1, execution_id)
            .step();
        SqliteQuery(file_.raw(), "DELETE FROM machine_latest WHERE execution_id = ?1")
            .bind(1, execution_id)
            .step();
        transaction.commit();
    }

  private:
    static std::vector<std::string> texts(SqliteQuery& rows) {
        std::vector<std::string> found;
        while (rows.step()) {
            found.push_back(rows.text(0));
        }
        return found;
    }

    SqliteFile file_;
};

}  // namespace

std::unique_ptr<CheckpointStorage> sqlite_checkpoints(const std::filesystem::path& file) {
    return std::make_unique<SqliteCheckpoints>(file);
}

}  // namespace fleet::family
