// One SQLite connection with its prepared statements. Not thread-safe: whoever uses it has it
// alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <sqlite3.h>

#include "common/base/errors.hpp"
#include "common/base/ids.hpp"
#include "common/store/sqlite/stopped_holder.hpp"

namespace fleet::store::sqlite {

/// Turns the connection's last error into a StoreError "doing: reason" with the kind that fits.
[[noreturn]] void throw_sqlite_error(sqlite3* db, int code, const std::string& doing);

/// A prepared statement while it is in use: bound, stepped, and reset when it goes out of scope.
class Statement {
  public:
    Statement(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    Statement(Statement&& other) noexcept
        : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)) {}
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    /// Parameters are numbered from 1. Text and blobs are not copied: they must live until the
    /// last step.
    Statement& bind(int index, std::int64_t value);
    Statement& bind(int index, int value) { return bind(index, std::int64_t{value}); }
    Statement& bind(int index, bool value) { return bind(index, std::int64_t{value ? 1 : 0}); }
    Statement& bind(int index, std::size_t value) {
        return bind(index, static_cast<std::int64_t>(value));
    }
    Statement& bind(int index, double value);
    Statement& bind(int index, std::string_view text);
    Statement& bind(int index, const std::string& text) {
        return bind(index, std::string_view{text});
    }
    Statement& bind(int index, const char* text) { return bind(index, std::string_view{text}); }
    Statement& bind(int index, const base::Uuid& id);
    Statement& bind_blob(int index, std::string_view bytes);
    Statement& bind_null(int index);
    template <class T>
    Statement& bind(int index, const std::optional<T>& value) {
        return value ? bind(index, *value) : bind_null(index);
    }
    /// Empty text becomes NULL.
    Statement& bind_text_or_null(int index, std::string_view text) {
        return text.empty() ? bind_null(index) : bind(index, text);
    }

    /// True: a row is there. False: done.
    bool step();
    /// For statements without rows; returns the number of rows changed.
    std::int64_t run();
    /// Ready to be bound and stepped again (bindings are kept).
    void reset();

    [[nodiscard]] std::int64_t integer(int column) const {
        return sqlite3_column_int64(statement_, column);
    }
    [[nodiscard]] double real(int column) const {
        return sqlite3_column_double(statement_, column);
    }
    [[nodiscard]] bool is_null(int column) const {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }
    /// Text or blob; valid until the next step.
    [[nodiscard]] std::string_view view(int column) const;
    [[nodiscard]] std::string text(int column) const { return std::string{view(column)}; }
    [[nodiscard]] base::Uuid uuid(int column) const;

  private:
    sqlite3* db_;
    sqlite3_stmt* statement_;
};

enum class Access { read_write, read_only };
enum class Durability { normal, full };

class Connection {
  public:
    /// The file must exist. Sets WAL, synchronous by durability, a busy handler that retries about
    /// every 0.3 ms for at most 10 s and ends a process of ours that was stopped while it held the
    /// write lock. Readers are query_only.
    Connection(const std::filesystem::path& file, Access access, Durability durability);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// Prepared once per `sql` pointer: pass string literals only.
    [[nodiscard]] Statement prepare(const char* sql);
    /// One or more statements without parameters, not cached.
    void execute(const char* sql);
    [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(db_); }
    [[nodiscard]] std::int64_t last_insert_rowid() const { return sqlite3_last_insert_rowid(db_); }
    [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }
    [[nodiscard]] sqlite3* raw() { return db_; }
    [[nodiscard]] const std::filesystem::path& file() const { return file_; }
    /// How many times the busy handler had to wait since the last call.
    [[nodiscard]] int take_busy_waits();
    /// The first two arguments of the last call of the SQL function note(a, b, c), which gives c.
    /// It tells what an UPDATE found without RETURNING, which makes a table for its answer: four
    /// times the price of a statement that changes one row.
    [[nodiscard]] std::pair<std::int64_t, std::int64_t> noted() const { return noted_; }
    /// What the last waits found out about the process that holds the write lock.
    [[nodiscard]] StoppedHolder& lock_holder() { return holder_; }

  private:
    static int on_busy(void* self, int count);
    static void note(sqlite3_context* context, int count, sqlite3_value** values);

    std::filesystem::path file_;
    sqlite3* db_ = nullptr;
    std::unordered_map<const char*, sqlite3_stmt*> statements_;
    int busy_waits_ = 0;
    std::pair<std::int64_t, std::int64_t> noted_{0, 0};
    StoppedHolder holder_;
};

}  // namespace fleet::store::sqlite
