#include "machines/family/archive.hpp"

#include <system_error>

#include "common/base/errors.hpp"
#include "machines/family/checkpoints.hpp"
#include "machines/family/sqlite_file.hpp"

namespace fleet::family {
namespace {

class FolderArchive final : public Archive {
  public:
    explicit FolderArchive(const std::filesystem::path& folder)
        : storage_(folder_checkpoints(folder)) {}

    std::vector<std::string> executions() override { return storage_->executions(); }
    std::optional<engine::MachineSnapshot> latest(const std::string& execution_id) override {
        const auto key = storage_->latest_key(execution_id);
        return key ? storage_->read(*key) : std::nullopt;
    }
    std::optional<std::string> config(const std::string& /*hash*/) override { return std::nullopt; }
    std::vector<base::JsonText> signals(const std::string& /*channel*/) override { return {}; }

  private:
    const std::unique_ptr<CheckpointStorage> storage_;
};

class SqliteArchive final : public Archive {
  public:
    explicit SqliteArchive(const std::filesystem::path& file) : file_(file) {
        if (!has("machine_latest") || !has("machine_checkpoints")) {
            throw base::ConfigError("reading " + file.string() +
                                        ": it holds no checkpoints of FlatMachines (the tables "
                                        "machine_latest and machine_checkpoints)",
                                    "name the SQLite file or the .checkpoints folder of a run");
        }
    }

    std::vector<std::string> executions() override {
        return texts("SELECT execution_id FROM machine_latest ORDER BY execution_id", {});
    }
    std::optional<engine::MachineSnapshot> latest(const std::string& execution_id) override {
        const auto found = texts(
            "SELECT snapshot_json FROM machine_latest l JOIN machine_checkpoints c "
            "ON c.checkpoint_key = l.latest_key WHERE l.execution_id = ?1",
            execution_id);
        return found.empty() ? std::nullopt
                             : std::optional(engine::snapshot_from_json(found.front()));
    }
    std::optional<std::string> config(const std::string& hash) override {
        if (!has("machine_configs")) {
            return std::nullopt;
        }
        const auto found =
            texts("SELECT config_raw FROM machine_configs WHERE config_hash = ?1", hash);
        return found.empty() ? std::nullopt : std::optional(found.front());
    }
    std::vector<base::JsonText> signals(const std::string& channel) override {
        if (!has("signals")) {
            return {};
        }
        return texts("SELECT data_json FROM signals WHERE channel = ?1 ORDER BY created_at, id",
                     channel);
    }

  private:
    bool has(const std::string& table) {
        return !texts("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?1", table)
                    .empty();
    }
    /// The first column; an empty parameter is none.
    std::vector<std::string> texts(const char* sql, const std::string& parameter) {
        SqliteQuery rows(file_.raw(), sql);
        if (!parameter.empty()) {
            rows.bind(1, parameter);
        }
        std::vector<std::string> found;
        while (rows.step()) {
            found.push_back(rows.text(0));
        }
        return found;
    }

    SqliteFile file_;
};

}  // namespace

std::unique_ptr<Archive> open_archive(const std::filesystem::path& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        return std::make_unique<FolderArchive>(path);
    }
    if (!std::filesystem::is_regular_file(path, error)) {
        throw base::ConfigError("reading " + path.string() + ": there is no such file or folder",
                                "name the SQLite file or the .checkpoints folder of a run");
    }
    return std::make_unique<SqliteArchive>(path);
}

}  // namespace fleet::family
