// Writes a spool file: under a temporary name until it is complete and on disk. Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/base/fd.hpp"

namespace fleet::cli {

class SpoolWriter {
  public:
    /// Makes the folder if need be; ConfigError if that or the file does not work.
    explicit SpoolWriter(std::filesystem::path file);
    SpoolWriter(const SpoolWriter&) = delete;
    SpoolWriter& operator=(const SpoolWriter&) = delete;
    /// Removes what is not finished.
    ~SpoolWriter();

    void add(std::int64_t line, std::string_view input);
    /// Flushes, syncs and gives the file its name.
    void finish();

  private:
    void flush();

    std::filesystem::path file_;
    std::filesystem::path partial_;
    base::UniqueFd fd_;
    std::string buffer_;
};

}  // namespace fleet::cli
