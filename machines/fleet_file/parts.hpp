// The readers of a fleet's file, a part each. Each reports into the findings and leaves out what is
// wrong. Not thread-safe.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "machines/config/diagnostic.hpp"
#include "machines/config/fields.hpp"
#include "machines/config/node.hpp"
#include "machines/fleet_file/fleet_file.hpp"

namespace fleet::fleet_file {

/// Where the file names a provider that a stage needs.
struct ProviderMention {
    std::string provider;
    config::Place place;
};

/// `pools:` with their stages, then `stages:` of the whole file. Either may be absent.
[[nodiscard]] std::vector<ProviderMention> read_pools(const config::Node* pools,
                                                      const config::Node* stages,
                                                      config::Findings& findings, FleetFile& file);

/// All that one pool says but its stages.
void read_pool_settings(config::Fields& fields, PoolDeclaration& pool);

/// `providers:`; paths count from `folder`.
void read_providers(const config::Node& value, const std::filesystem::path& folder,
                    config::Findings& findings, FleetFile& file);

/// What one model may be asked for: rates, circuit, budget. `fields` are those of `map`.
[[nodiscard]] model::ProviderRules read_rules(const std::string& name, const config::Node& map,
                                              config::Fields& fields);
/// The keys that read_rules asks for.
[[nodiscard]] const std::vector<std::string>& rule_keys();

/// `error_classes:`.
void read_error_classes(const config::Node& value, config::Findings& findings, FleetFile& file);

/// Whether it is a mapping, or null, which stands for an empty one. Reports all else: `lines` is
/// what would be right.
[[nodiscard]] bool is_mapping(const config::Node& value, std::string_view name,
                              std::string_view lines, config::Findings& findings);
/// The mapping itself; for null the empty one.
[[nodiscard]] const config::Node& mapping_of(const config::Node& value);

}  // namespace fleet::fleet_file
