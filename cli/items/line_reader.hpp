// Lines of a file or pipe, one after the other, in memory bounded by the longest line allowed.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::cli {

class LineReader {
  public:
    /// Borrows the descriptors. `name` is what errors call the file. Readable `stop_fd` (-1: none)
    /// ends a read, also one that waits for a pipe.
    LineReader(int fd, std::string name, std::size_t longest_line, int stop_fd = -1);

    /// The next line without its '\n', valid until the next call; nullopt at the end. A last line
    /// without '\n' counts; nothing after the last '\n' is no line. ConfigError when reading fails
    /// or a line is too long, Cancelled when it was stopped.
    [[nodiscard]] std::optional<std::string_view> next();
    /// The number of the line that `next` returned last, from 1.
    [[nodiscard]] std::int64_t number() const { return number_; }

  private:
    bool fill();
    void wait_for_input() const;
    [[noreturn]] void refuse_length() const;

    int fd_;
    std::string name_;
    std::size_t longest_line_;
    int stop_fd_;
    std::string buffer_;
    std::size_t begin_ = 0;    ///< of what is not handed out yet
    std::size_t scanned_ = 0;  ///< up to here there is no line end
    std::size_t end_ = 0;      ///< of what was read
    bool at_end_ = false;
    std::int64_t number_ = 0;
};

}  // namespace fleet::cli
