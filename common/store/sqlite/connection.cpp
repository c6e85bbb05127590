#include "common/store/sqlite/connection.hpp"

#include <chrono>
#include <ctime>
#include <utility>

namespace fleet::store::sqlite {

namespace {

constexpr int kBusyPauseMicroseconds = 300;
/// How long a statement waits for another process's write before it gives up: 10 s.
constexpr int kBusyLimit = 10'000'000 / kBusyPauseMicroseconds;

base::StoreError::Kind kind_of(int code) {
    using Kind = base::StoreError::Kind;
    switch (code & 0xff) {
        case SQLITE_FULL:
            return Kind::full;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return Kind::corrupt;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Kind::busy;
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return Kind::unavailable;
        case SQLITE_IOERR:
            return Kind::unknown;
        default:
            return Kind::internal;
    }
}

std::string advice_for(base::StoreError::Kind kind) {
    using Kind = base::StoreError::Kind;
    switch (kind) {
        case Kind::full:
            return "free some space on the disk; nothing was lost, the work goes on by itself";
        case Kind::corrupt:
            return "keep the file, see what `fleet check` says, and restore a backup made by "
                   "`fleet "
                   "backup`";
        case Kind::busy:
            return "another process holds the store's write lock for too long: look for a stopped "
                   "process (state T) that has it open";
        case Kind::unavailable:
            return "check that the file and its folder exist and may be written";
        case Kind::unknown:
            return "check the disk (dmesg, df); the operation is repeated";
        default:
            return {};
    }
}

}  // namespace

void throw_sqlite_error(sqlite3* db, int code, const std::string& doing) {
    const char* const file = db != nullptr ? sqlite3_db_filename(db, "main") : nullptr;
    const char* const reason = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    const int extended = db != nullptr ? sqlite3_extended_errcode(db) : code;
    const auto kind = kind_of(code);
    throw base::StoreError(kind,
                           doing +
                               (file != nullptr ? " (store " + std::string{file} + "): " : ": ") +
                               reason + " [sqlite " + std::to_string(extended) + "]",
                           advice_for(kind));
}

Statement::~Statement() {
    if (statement_ != nullptr) {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }
}

namespace {

void check_bind(sqlite3* db, int code) {
    if (code != SQLITE_OK) {
        throw_sqlite_error(db, code, "binding a value");
    }
}

}  // namespace

Statement& Statement::bind(int index, std::int64_t value) {
    check_bind(db_, sqlite3_bind_int64(statement_, index, value));
    return *this;
}

Statement& Statement::bind(int index, double value) {
    check_bind(db_, sqlite3_bind_double(statement_, index, value));
    return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
    // A null pointer would bind NULL, an empty text is something else.
    const char* const data = text.data() != nullptr ? text.data() : "";
    check_bind(
        db_, sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind(int index, const base::Uuid& id) {
    check_bind(db_, sqlite3_bind_blob64(statement_, index, id.bytes.data(), id.bytes.size(),
                                        SQLITE_STATIC));
    return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
    const char* const data = bytes.data() != nullptr ? bytes.data() : "";
    check_bind(db_, sqlite3_bind_blob64(statement_, index, data, bytes.size(), SQLITE_STATIC));
    return *this;
}

Statement& Statement::bind_null(int index) {
    check_bind(db_, sqlite3_bind_null(statement_, index));
    return *this;
}

bool Statement::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        return false;
    }
    throw_sqlite_error(db_, code,
                       "running \"" + std::string{sqlite3_sql(statement_)}.substr(0, 80) + "\"");
}

std::int64_t Statement::run() {
    while (step()) {
    }
    return sqlite3_changes64(db_);
}

void Statement::reset() {
    sqlite3_reset(statement_);
}

std::string_view Statement::view(int column) const {
    const void* const data = sqlite3_column_blob(statement_, column);
    if (data == nullptr) {
        return {};
    }
    return {static_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

base::Uuid Statement::uuid(int column) const {
    base::Uuid id;
    const auto bytes = view(column);
    if (bytes.size() != id.bytes.size()) {
        throw base::StoreError(
            base::StoreError::Kind::corrupt,
            "reading an id: " + std::to_string(bytes.size()) + " bytes instead of 16",
            "run `fleet check`");
    }
    std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
    return id;
}

Connection::Connection(const std::filesystem::path& file, Access access, Durability durability)
    : file_(file), holder_(file) {
    const int code =
        sqlite3_open_v2(file.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    try {
        if (code != SQLITE_OK) {
            throw_sqlite_error(db_, code, "opening " + file.string());
        }
        sqlite3_extended_result_codes(db_, 1);
        sqlite3_busy_handler(db_, &Connection::on_busy, this);
        // Negative cache sizes are KiB: enough for the hot pages, small enough for an idle worker.
        constexpr const char* first =
            "PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF;";
        // The first look into the file: what is wrong with it shows here.
        if (const int seen = sqlite3_exec(db_, first, nullptr, nullptr, nullptr);
            seen != SQLITE_OK) {
            throw_sqlite_error(db_, seen, "opening the database");
        }
        if (access == Access::read_only) {
            execute("PRAGMA query_only = ON;");
        } else {
            execute(durability == Durability::full ? "PRAGMA synchronous = FULL;"
                                                   : "PRAGMA synchronous = NORMAL;");
            sqlite3_create_function_v2(db_, "note", 3, SQLITE_UTF8 | SQLITE_DIRECTONLY, this,
                                       &Connection::note, nullptr, nullptr, nullptr);
            execute("PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;");
        }
    } catch (...) {
        sqlite3_close(db_);
        throw;
    }
}

Connection::~Connection() {
    for (const auto& [sql, statement] : statements_) {
        sqlite3_finalize(statement);
    }
    sqlite3_close(db_);
}

Statement Connection::prepare(const char* sql) {
    auto [position, added] = statements_.try_emplace(sql, nullptr);
    if (added || position->second == nullptr) {
        const int code =
            sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &position->second, nullptr);
        if (code != SQLITE_OK) {
            statements_.erase(position);
            throw_sqlite_error(db_, code, "preparing \"" + std::string{sql}.substr(0, 200) + "\"");
        }
    }
    return Statement{db_, position->second};
}

void Connection::execute(const char* sql) {
    const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        throw_sqlite_error(db_, code, "running \"" + std::string{sql}.substr(0, 80) + "\"");
    }
}

int Connection::take_busy_waits() {
    return std::exchange(busy_waits_, 0);
}

void Connection::note(sqlite3_context* context, int /*count*/, sqlite3_value** values) {
    auto& self = *static_cast<Connection*>(sqlite3_user_data(context));
    self.noted_ = {sqlite3_value_int64(values[0]), sqlite3_value_int64(values[1])};
    sqlite3_result_value(context, values[2]);
}

int Connection::on_busy(void* self, int count) {
    if (count >= kBusyLimit) {
        return 0;
    }
    auto& connection = *static_cast<Connection*>(self);
    if (count == 0) {
        connection.holder_.reset();
    }
    ++connection.busy_waits_;
    connection.holder_.waited(
        std::chrono::milliseconds{std::int64_t{count} * kBusyPauseMicroseconds / 1000});
    const timespec pause{0, kBusyPauseMicroseconds * 1000L};
    nanosleep(&pause, nullptr);
    return 1;
}

}  // namespace fleet::store::sqlite
