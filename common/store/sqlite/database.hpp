// What the SQLite backends share: the file, the writer, readers, the clock and wake-ups.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/store_url.hpp"
#include "common/contracts/trigger.hpp"
#include "common/store/sqlite/connection.hpp"
#include "common/store/sqlite/store_time.hpp"
#include "common/store/sqlite/writer.hpp"

namespace fleet::store::sqlite {

class Database;

/// A reading connection lent from the pool; goes back when it is destroyed. Inside `snapshot()` all
/// reads see one state; read transactions must be short.
class Reader {
  public:
    Reader(Database& database, std::unique_ptr<Connection> connection)
        : database_(database), connection_(std::move(connection)) {}
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader();
    [[nodiscard]] Statement prepare(const char* sql) { return connection_->prepare(sql); }
    [[nodiscard]] Connection& connection() { return *connection_; }

  private:
    Database& database_;
    std::unique_ptr<Connection> connection_;
};

class Database {
  public:
    /// The file exists and has the current schema (see schema.hpp, which makes it so).
    Database(base::StoreUrl url, const base::Clock& clock,
             std::unique_ptr<contracts::TriggerBackend> triggers);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    [[nodiscard]] const base::StoreUrl& url() const { return url_; }
    [[nodiscard]] const std::filesystem::path& data_folder() const { return data_folder_; }
    [[nodiscard]] const base::Clock& clock() const { return clock_; }
    [[nodiscard]] Durability durability() const { return durability_; }
    [[nodiscard]] Writer& writer() { return *writer_; }
    [[nodiscard]] std::unique_ptr<Reader> reader();
    [[nodiscard]] base::StoreTime now() const { return time_.now(); }
    [[nodiscard]] const StoreTimeSource& time() const { return time_; }
    [[nodiscard]] contracts::TriggerBackend& triggers() { return *triggers_; }

  private:
    friend class Reader;
    void give_back(std::unique_ptr<Connection> connection);

    const base::StoreUrl url_;
    const std::filesystem::path file_;
    const std::filesystem::path data_folder_;
    const Durability durability_;
    const base::Clock& clock_;
    StoreTimeSource time_;
    std::unique_ptr<contracts::TriggerBackend> triggers_;
    std::unique_ptr<Writer> writer_;

    std::mutex mutex_;  ///< guards idle_readers_
    std::vector<std::unique_ptr<Connection>> idle_readers_;
};

}  // namespace fleet::store::sqlite
