// The `hooks:` table of a user: which command or which URL answers under which name. It stands in
// `fleet.yml`, and in a `hooks.yml` beside a machine's file, which is kept with the machine:
//
//   hooks:
//     review: {command: [python3, ./review.py], env: {MODE: strict}, timeout: 20}
//     audit: {url: "https://audit.example/hooks", api_key_env: AUDIT_KEY}
//
// Plain values.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/time.hpp"
#include "machines/config/diagnostic.hpp"
#include "machines/config/node.hpp"

namespace fleet::calls {

struct CommandEntry {
    /// The program absolute, unless it is looked up in PATH.
    std::vector<std::string> command;
    std::vector<std::pair<std::string, std::string>> env;
    std::string directory;  ///< absolute
    base::Millis timeout{60'000};
    std::optional<bool> concurrent;
};

struct EndpointEntry {
    std::string url;
    base::Millis timeout{60'000};
    std::string api_key_env;   ///< the variable that holds the key; empty: none
    std::string api_key_file;  ///< absolute; the file that holds the key; empty: none
    std::vector<std::pair<std::string, std::string>> headers;
};

using HookEntry = std::variant<CommandEntry, EndpointEntry>;
using HookTable = std::map<std::string, HookEntry>;

/// The value of a `hooks:` member, at `path`. Relative paths count from `folder`. What is wrong
/// goes to `findings`, and such an entry is left out.
[[nodiscard]] HookTable read_hook_table(const config::Node& value, const std::string& path,
                                        const std::filesystem::path& folder,
                                        config::Findings& findings);

/// The table with everything absolute, as a mapping that read_hook_table takes back the same: what
/// is kept with a machine's configuration. Equal tables give equal mappings.
[[nodiscard]] config::Node stored_hooks(const HookTable& table);
/// The inverse. Throws base::ConfigError that says what is wrong.
[[nodiscard]] HookTable read_stored_hooks(const config::Node& stored);

struct HookTableFile {
    std::vector<config::Diagnostic> diagnostics;
    /// nullopt when something is wrong. Empty when the file is not there or has no `hooks`.
    std::optional<HookTable> table;
};

enum class OtherMembers {
    allowed,  ///< `fleet.yml`
    refused,  ///< `hooks.yml`
};
/// Also when the file is missing or cannot be read.
[[nodiscard]] HookTableFile read_hook_file(const std::filesystem::path& file, OtherMembers others);

}  // namespace fleet::calls
