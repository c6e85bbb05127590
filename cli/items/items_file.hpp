// Reads what a person passes as --items: validates the whole of it into a spool file from which it
// is then pushed (batch_loader.hpp). Nothing is submitted unless every line is right.
//
// The rules: a line that begins with '{' is a JSON object and the item's input as it stands; any
// other line becomes {"item": "..."} without its line end (LF or CRLF). Empty lines are skipped and
// counted. Text must be UTF-8. With `raw` every line is an item as it is, a '\r' or a '{' too; one
// that is not UTF-8 becomes {"item": lossy text, "item_base64": its bytes}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace fleet::cli {

struct SpoolSummary {
    std::int64_t items = 0;
    std::int64_t empty_lines = 0;
    std::int64_t lines = 0;
};

/// Called with each item's input JSON and its line number before it is accepted; refuses it by
/// throwing.
using ItemCheck = std::function<void(std::string_view input, std::int64_t line)>;

/// Reads and validates all items and hands each to `take`. Throws as spool_items does; constant
/// memory.
SpoolSummary read_items(const std::string& items, bool raw, const ItemCheck& take,
                        int stop_fd = -1);

/// `items`: a file, or "-" for standard input. The spool file appears under its name only when it
/// is complete and on disk. Every line of it is "LINE\tJSON". Throws ConfigError naming file and
/// line: cannot be opened, no items, not UTF-8, broken JSON, too long; Cancelled once `stop_fd`
/// (-1: none) is readable. Constant memory.
SpoolSummary spool_items(const std::string& items, bool raw, const std::filesystem::path& spool,
                         const ItemCheck& check, int stop_fd = -1);

/// A spool of one item, number 1.
void spool_one(std::string_view input, const std::filesystem::path& spool);

/// One line of a spool file.
struct SpooledItem {
    std::int64_t line = 0;
    std::string_view input;
};
/// Throws ConfigError naming the spool when the line is not of that form.
[[nodiscard]] SpooledItem parse_spool_line(std::string_view line, const std::string& spool_name);

/// The input JSON of one line, appended to `json`; `where` names file and line in errors.
void append_item_json(std::string& json, std::string_view line, bool raw, const std::string& file,
                      std::int64_t number);

}  // namespace fleet::cli
