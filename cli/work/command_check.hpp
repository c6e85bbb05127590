// Can this command be started at all? Asked once, before a million items are submitted for it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace fleet::cli {

/// `program` as a command's first argument: with a slash it is a path (from `directory`), else it
/// is looked up in `path` (the form of PATH). Throws ConfigError saying whether it was not found or
/// is not executable.
void check_command(const std::string& program, const std::filesystem::path& directory,
                   std::string_view path);

/// Throws ConfigError unless `directory` is a directory that may be entered.
void check_directory(const std::filesystem::path& directory);

}  // namespace fleet::cli
