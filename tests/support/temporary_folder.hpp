// A fresh, empty folder below $TMPDIR (or /tmp) that is removed with all its content.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace fleet::test_support {

class TemporaryFolder {
  public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
        return path_ / name;
    }

  private:
    std::filesystem::path path_;
};

/// The whole file; throws when it cannot be read.
[[nodiscard]] std::string read_file(const std::filesystem::path& file);
/// Replaces the file; throws when it cannot be written.
void write_file(const std::filesystem::path& file, std::string_view text);

}  // namespace fleet::test_support
