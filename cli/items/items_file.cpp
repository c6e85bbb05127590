#include "cli/items/items_file.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <optional>
#include <unistd.h>

#include <sys/stat.h>

#include "cli/items/line_reader.hpp"
#include "cli/items/spool_file.hpp"
#include "cli/items/utf8.hpp"
#include "common/base/errors.hpp"
#include "common/base/fd.hpp"
#include "common/base/json.hpp"
#include "common/contracts/work.hpp"

namespace fleet::cli {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string place(const std::string& file, std::int64_t number) {
    return file + " line " + std::to_string(number);
}

base::UniqueFd open_items(const std::string& items) {
    base::UniqueFd fd(items == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                   : ::open(items.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        const int error = errno;
        throw base::ConfigError(
            base::describe_errno("opening the items file " + items, error),
            error == ENOENT ? "name a file with one item per line, or - for standard input" : "");
    }
    struct stat about {};
    if (::fstat(fd.get(), &about) == 0 && S_ISDIR(about.st_mode)) {
        throw base::ConfigError("the items file " + items + " is a directory",
                                "name a file with one item per line, or - for standard input");
    }
    return fd;
}

void append_json_line(std::string& json, std::string_view line, const std::string& file,
                      std::int64_t number) {
    // The parser that only accepts is several times faster; the other one says what is wrong, and
    // refuses what is nested too deep.
    constexpr std::ptrdiff_t kSuspiciousBrackets = 200;
    const auto opening = [](char character) { return character == '{' || character == '['; };
    if (!base::Json::accept(line) ||
        std::count_if(line.begin(), line.end(), opening) > kSuspiciousBrackets) {
        static_cast<void>(base::parse_json(line, place(file, number)));
    }
    json += line;
}

void append_raw_line(std::string& json, std::string_view line) {
    json += "{\"item\":";
    if (first_invalid_utf8(line) == std::string_view::npos) {
        append_json_string(json, line);
    } else {
        append_json_string(json, replaced_utf8(line));
        json += ",\"item_base64\":\"";
        append_base64(json, line);
        json += '"';
    }
    json += '}';
}

[[noreturn]] void refuse_empty(const std::string& items, const SpoolSummary& summary) {
    const std::string name = items == "-" ? "standard input" : "the items file " + items;
    throw base::ConfigError(
        summary.lines == 0
            ? name + " is empty"
            : name + " has " + std::to_string(summary.empty_lines) + " empty lines and no item",
        "it must hold one item per line; nothing was submitted");
}

}  // namespace

void append_item_json(std::string& json, std::string_view line, bool raw, const std::string& file,
                      std::int64_t number) {
    if (raw) {
        append_raw_line(json, line);
        return;
    }
    if (line.front() == '{') {
        append_json_line(json, line, file, number);
        return;
    }
    if (const std::size_t at = first_invalid_utf8(line); at != std::string_view::npos) {
        throw base::ConfigError(
            place(file, number) + ": not valid UTF-8 at byte " + std::to_string(at + 1),
            "--raw takes lines as bytes; nothing was submitted");
    }
    json += "{\"item\":";
    append_json_string(json, line);
    json += '}';
}

SpoolSummary read_items(const std::string& items, bool raw, const ItemCheck& take, int stop_fd) {
    const base::UniqueFd input = open_items(items);
    const std::string file = items == "-" ? "standard input" : items;
    LineReader reader(input.get(), file, contracts::kMaxInputBytes, stop_fd);
    SpoolSummary summary;
    std::string json;
    while (auto next = reader.next()) {
        std::string_view line = *next;
        ++summary.lines;
        if (!raw) {
            if (summary.lines == 1 && line.starts_with(kByteOrderMark)) {
                line.remove_prefix(kByteOrderMark.size());
            }
            if (line.ends_with('\r')) {
                line.remove_suffix(1);
            }
        }
        if (line.empty()) {
            ++summary.empty_lines;
            continue;
        }
        json.clear();
        append_item_json(json, line, raw, file, reader.number());
        if (json.size() > contracts::kMaxInputBytes) {
            throw base::ConfigError(place(file, reader.number()) + ": the item is " +
                                        std::to_string(json.size()) + " bytes as JSON",
                                    "at most " + std::to_string(contracts::kMaxInputBytes) +
                                        " bytes are accepted; nothing was submitted");
        }
        take(json, reader.number());
        ++summary.items;
    }
    if (summary.items == 0) {
        refuse_empty(items, summary);
    }
    return summary;
}

SpoolSummary spool_items(const std::string& items, bool raw, const std::filesystem::path& spool,
                         const ItemCheck& check, int stop_fd) {
    std::optional<SpoolWriter> writer;  // made once the items' file is open
    const auto take = [&](std::string_view json, std::int64_t line) {
        if (check) {
            check(json, line);
        }
        if (!writer) {
            writer.emplace(spool);
        }
        writer->add(line, json);
    };
    const SpoolSummary summary = read_items(items, raw, take, stop_fd);
    writer->finish();
    return summary;
}

void spool_one(std::string_view input, const std::filesystem::path& spool) {
    SpoolWriter writer(spool);
    writer.add(1, input);
    writer.finish();
}

SpooledItem parse_spool_line(std::string_view line, const std::string& spool_name) {
    const std::size_t tab = line.find('\t');
    SpooledItem item;
    if (tab != std::string_view::npos) {
        const auto [end, error] = std::from_chars(line.data(), line.data() + tab, item.line);
        if (error == std::errc() && end == line.data() + tab && item.line > 0) {
            item.input = line.substr(tab + 1);
            return item;
        }
    }
    throw base::ConfigError("the spool file " + spool_name + " is damaged",
                            "cancel the batch and submit its items again");
}

}  // namespace fleet::cli
