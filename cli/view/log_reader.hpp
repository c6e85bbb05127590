// Copies a log file to a stream, and goes on where it stopped.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "common/base/fd.hpp"

namespace fleet::cli {

class LogReader {
  public:
    /// `offset` unset: after the header, once that is complete.
    LogReader(std::string path, std::optional<std::int64_t> offset);

    /// Copies what is there from where the last call stopped. A file that is not there yet is
    /// empty; throws base::Error if it cannot be read.
    void copy_new(std::ostream& out);
    [[nodiscard]] const std::string& path() const { return path_; }
    /// The file was found.
    [[nodiscard]] bool is_open() const { return static_cast<bool>(fd_); }
    /// The file is shorter than where the output should begin: somebody has cut it.
    [[nodiscard]] bool is_truncated() const;

  private:
    bool open_file();
    bool find_begin();

    std::string path_;
    std::optional<std::int64_t> position_;
    base::UniqueFd fd_;
};

/// Becomes readable when one of the files grows.
class GrowthWatch {
  public:
    GrowthWatch();
    /// False while the file is not there.
    bool add(const std::string& path);
    [[nodiscard]] int fd() const { return fd_.get(); }
    /// Takes the events, so that the descriptor is quiet again.
    void drain();

  private:
    base::UniqueFd fd_;
};

}  // namespace fleet::cli
