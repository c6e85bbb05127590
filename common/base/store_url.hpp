// The store's URL: what a person writes, parsed once and made absolute.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace fleet::base {

/// "sqlite:PATH?durability=full" or "memory:". Values only.
struct StoreUrl {
    std::string scheme;                          ///< "sqlite", "memory"
    std::string path;                            ///< absolute for sqlite, empty for memory
    std::map<std::string, std::string> options;  ///< from "?a=b&c=d"

    /// The canonical text, absolute: what is stored and passed to child processes.
    [[nodiscard]] std::string text() const;
    /// As `text`, for people and logs: passwords and keys are removed.
    [[nodiscard]] std::string text_without_secrets() const;

    /// A bare path means sqlite. Throws ConfigError for an unknown scheme (nearest known one
    /// named), an unknown option or an empty path. Relative paths are taken from `directory`.
    [[nodiscard]] static StoreUrl parse(std::string_view text,
                                        const std::filesystem::path& directory);
};

/// Where a store keeps its files besides the database: `DIR/.fleet` for `DIR/.fleet/fleet.db`,
/// `PATH.d` for any other SQLite file. Empty for memory.
[[nodiscard]] std::filesystem::path data_folder(const StoreUrl& url);

/// The store when none is named: the value of FLEET_STORE (`environment_value`, may be empty), else
/// the `.fleet/` found by walking up from `directory`, else `directory/.fleet/fleet.db`.
[[nodiscard]] StoreUrl default_store_url(const std::filesystem::path& directory,
                                         const std::string& environment_value);

}  // namespace fleet::base
