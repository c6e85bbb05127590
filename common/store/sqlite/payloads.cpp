#include "common/store/sqlite/payloads.hpp"

#include "common/store/sqlite/large_files.hpp"

namespace fleet::store::sqlite {

void put_payload(Connection& connection, std::int64_t seq, Payload kind, std::string_view data) {
    connection
        .prepare(
            "INSERT OR REPLACE INTO payloads (seq, kind, data, file) VALUES (?1, ?2, ?3, NULL)")
        .bind(1, seq)
        .bind(2, static_cast<int>(kind))
        .bind(3, data)
        .run();
}

void put_payload_file(Connection& connection, std::int64_t seq, Payload kind,
                      const std::string& file) {
    connection
        .prepare(
            "INSERT OR REPLACE INTO payloads (seq, kind, data, file) VALUES (?1, ?2, NULL, ?3)")
        .bind(1, seq)
        .bind(2, static_cast<int>(kind))
        .bind(3, file)
        .run();
}

std::string get_payload(Connection& connection, const std::filesystem::path& data_folder,
                        std::int64_t seq, Payload kind) {
    auto row = connection.prepare("SELECT data, file FROM payloads WHERE seq = ?1 AND kind = ?2");
    if (!row.bind(1, seq).bind(2, static_cast<int>(kind)).step()) {
        return {};
    }
    return row.is_null(1) ? row.text(0) : read_large_file(data_folder, row.text(1));
}

void remove_payload(Connection& connection, std::int64_t seq, Payload kind) {
    connection.prepare("DELETE FROM payloads WHERE seq = ?1 AND kind = ?2")
        .bind(1, seq)
        .bind(2, static_cast<int>(kind))
        .run();
}

}  // namespace fleet::store::sqlite
