// A command's two log files: where they are, how they begin, and reading their end.
//
//   DATA/logs/<batch, or "_">/<shard>/<execution>.<attempt>.stdout.txt and .stderr.txt
//
// The shard is the last but one byte of the execution's id, in hex: items of a batch have
// consecutive ids, so 256 neighbours share one folder, a small batch has one or two, and a large
// one fills all 256 evenly. There is no folder per execution. If a power loss made the store forget
// an attempt, its files are still there and are left alone: the new ones are called
// <execution>.<attempt>.<n>.stdout.txt, n from 2. Records keep the paths; nobody has to guess them.
//
// The stdout file begins with a header that ends with a line "---"; the command's own output begins
// after it. The stderr file has none. Both are opened for appending, so what the command writes is
// never overwritten.
#pragma once

#include <bitset>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/fd.hpp"
#include "common/base/ids.hpp"
#include "common/base/time.hpp"

namespace fleet::process {

struct LogHeader {
    std::string_view store{};  ///< URL without secrets
    std::string_view execution{};
    int attempt = 0;
    std::string_view host{};
    std::string_view worker{};
    std::span<const std::string> argv{};
    std::string_view directory{};
    base::StoreTime started_at{};
    std::string_view note{};  ///< one line, may be empty
};
/// Argument vectors longer than this (as JSON) are cut in headers.
inline constexpr std::size_t kHeaderArgvBytes = 64U << 10U;
[[nodiscard]] std::string header_text(const LogHeader& header);

struct LogFiles {
    std::string stdout_path;  ///< absolute, if the data folder is
    std::string stderr_path;
    base::UniqueFd stdout_fd;  ///< readable too; the offset is at the end
    base::UniqueFd stderr_fd;
    std::int64_t stdout_offset = 0;  ///< the header's length
};

struct LogFailure {
    int error = 0;        ///< errno
    std::string message;  ///< names the file and the reason
};

/// "<batch, or "_">/<shard>" of an execution's log files.
[[nodiscard]] std::string log_subfolder(const std::string& batch, const base::Uuid& execution);

/// Thread-safe; one for all attempts of a process: it remembers which folders exist.
class LogFolder {
  public:
    explicit LogFolder(const std::filesystem::path& data_folder);

    /// Creates both files, exclusively, and writes the header. Folders are made when missing.
    [[nodiscard]] std::variant<LogFiles, LogFailure> open(const std::string& batch,
                                                          const base::Uuid& execution, int attempt,
                                                          std::string_view header);

  private:
    [[nodiscard]] bool is_known(const std::string& batch, std::size_t shard);
    void remember(const std::string& batch, std::size_t shard);

    std::string root_;
    std::mutex mutex_;  ///< guards `known_`
    std::map<std::string, std::bitset<256>> known_;
};

struct Tail {
    std::string text;    ///< valid UTF-8
    bool lossy = false;  ///< something was not UTF-8 and became U+FFFD; the file keeps the bytes
    bool cut = false;    ///< there is more before it
    bool truncated = false;  ///< the file is shorter than where the output should begin
    std::int64_t bytes = 0;  ///< of output in the file, after `offset`
};

/// At most `max_bytes` from the end of what stands after `offset`, cut at a character's edge.
/// Throws base::StoreError unavailable if the file cannot be read.
[[nodiscard]] Tail read_tail(int fd, std::int64_t offset, std::size_t max_bytes);
[[nodiscard]] Tail read_tail(const std::filesystem::path& file, std::int64_t offset,
                             std::size_t max_bytes);

}  // namespace fleet::process
