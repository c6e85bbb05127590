#include <mutex>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "machines/expression/kept_json.hpp"
#include "machines/family/signals.hpp"
#include "machines/family/sqlite_file.hpp"

namespace fleet::family {
namespace {

using expression::Value;

constexpr const char* kSchema = R"sql(
CREATE TABLE IF NOT EXISTS signals (
    id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    data_json TEXT NOT NULL,
    created_at TEXT NOT NULL
);
)sql";

class SqliteSignals final : public FamilySignals {
  public:
    explicit SqliteSignals(const std::filesystem::path& file) : file_(file, kSchema) {}

    void send(const std::string& channel, const Value& data) override {
        const std::string json = expression::to_kept_json(data);
        const std::scoped_lock lock(mutex_);
        const std::string id = ids_.next(base::SystemClock{}.wall_now()).text();
        SqliteWrite transaction(file_);
        SqliteQuery(file_.raw(),
                    "INSERT INTO signals (id, channel, data_json, created_at) "
                    "VALUES (?1, ?2, ?3, ?4)")
            .bind(1, id)
            .bind(2, channel)
            .bind(3, json)
            .bind(4, now_text())
            .step();
        transaction.commit();
    }

    std::optional<Value> consume(const std::string& channel) override {
        const std::scoped_lock lock(mutex_);
        SqliteWrite transaction(file_);
        std::string id;
        std::string json;
        {
            // Several signals may have the same time: the row's number tells which came first.
            SqliteQuery row(file_.raw(),
                            "SELECT id, data_json FROM signals WHERE channel = ?1 "
                            "ORDER BY julianday(created_at), rowid LIMIT 1");
            if (!row.bind(1, channel).step()) {
                return std::nullopt;
            }
            id = row.text(0);
            json = row.text(1);
        }
        Value data = expression::from_kept_json(json);
        SqliteQuery(file_.raw(), "DELETE FROM signals WHERE id = ?1").bind(1, id).step();
        transaction.commit();
        return data;
    }

    std::vector<Value> peek(const std::string& channel) override {
        const std::scoped_lock lock(mutex_);
        SqliteQuery rows(file_.raw(),
                         "SELECT data_json FROM signals WHERE channel = ?1 "
                         "ORDER BY julianday(created_at), rowid");
        rows.bind(1, channel);
        std::vector<Value> found;
        while (rows.step()) {
            found.push_back(expression::from_kept_json(rows.text(0)));
        }
        return found;
    }

    std::vector<std::string> channels() override {
        const std::scoped_lock lock(mutex_);
        SqliteQuery rows(file_.raw(), "SELECT DISTINCT channel FROM signals ORDER BY channel");
        std::vector<std::string> found;
        while (rows.step()) {
            found.push_back(rows.text(0));
        }
        return found;
    }

  private:
    std::mutex mutex_;
    SqliteFile file_;          ///< guarded by mutex_
    base::UuidGenerator ids_;  ///< guarded by mutex_
};

}  // namespace

std::unique_ptr<FamilySignals> sqlite_signals(const std::filesystem::path& file) {
    return std::make_unique<SqliteSignals>(file);
}

}  // namespace fleet::family
