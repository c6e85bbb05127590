// What a fleet's file would change in a store, and making it so. Doing it twice changes nothing the
// second time.
//
// Not thread-safe; several processes may apply the same file to one store at once.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/base/errors.hpp"
#include "common/contracts/store.hpp"
#include "machines/config/diagnostic.hpp"
#include "machines/fleet_file/fleet_file.hpp"

namespace fleet::fleet_file {

/// Puts what the file says of the pool itself over `policy`; stages are not touched.
void take_settings(const PoolDeclaration& pool, model::PoolPolicy& policy);

/// One setting, for people.
struct SettingChange {
    std::string setting;  ///< "budget.requests"
    std::string before;   ///< empty for what is new
    std::string after;
};

enum class Subject { pool, stage, provider };

/// All that changes of one thing.
struct Change {
    Subject subject = Subject::pool;
    std::string name;  ///< of the pool or provider
    std::string stage = {};
    /// Then `settings` holds what differs from the defaults, which may be nothing.
    bool is_new = false;
    std::vector<SettingChange> settings = {};

    /// "provider openai/gpt-5: budget requests 1000 -> 2000".
    [[nodiscard]] std::string line() const;
};

struct Changes {
    std::vector<Change> all;
    std::vector<model::PoolPolicy> pools;         ///< to be put
    std::vector<model::ProviderRules> providers;  ///< to be configured
    [[nodiscard]] bool empty() const { return pools.empty() && providers.empty(); }
    /// One line with the first few of them.
    [[nodiscard]] std::string summary() const;
};

/// Reads the store and writes nothing. Throws base::ConfigError when a pool's minimum in the file
/// is above the maximum in the store, or the other way round.
[[nodiscard]] Changes changes_for(const FleetFile& file, contracts::Store& store);

/// Running scalers and workers follow: scalers at once, workers with their next permit.
void apply(const Changes& changes, contracts::Store& store);

/// The file beside a store's folder; empty for a store without one.
[[nodiscard]] std::filesystem::path file_beside(const std::filesystem::path& data_folder);

/// For programs at their start. Tells every diagnostic of the file beside the store, warnings too,
/// then applies it. nullopt when there is none. Throws base::ConfigError when something is wrong
/// with it; nothing has changed then.
[[nodiscard]] std::optional<Changes> apply_beside(
    contracts::Store& store, const std::function<void(const config::Diagnostic&)>& tell);

/// "the fleet's file /x/fleet.yml has 2 errors", for who has told them.
[[nodiscard]] base::ConfigError error_of(const FleetFileRead& read, const std::string& shown);

}  // namespace fleet::fleet_file
