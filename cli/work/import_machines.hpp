// The configurations that imported executions go on with: those of the archive, or one file for all
// that lack theirs. Each is checked and stored once. Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>

#include "cli/core/context.hpp"
#include "common/contracts/store.hpp"
#include "machines/config/machine_bundle.hpp"
#include "machines/engine/snapshot.hpp"
#include "machines/family/archive.hpp"

namespace fleet::cli {

struct ImportMachine {
    model::StoredConfig config;
    config::MachineDefinition definition;
};

class ImportMachines {
  public:
    /// `file` empty: none. Throws ConfigError when the file's machine cannot be started, or a
    /// `hooks.yml` beside it, or in the current folder, is wrong.
    ImportMachines(CommandContext& context, family::Archive& archive, const std::string& file);

    /// The machine, or why there is none. What is pointed to lives as long as this.
    [[nodiscard]] std::variant<const ImportMachine*, std::string> find(
        const engine::MachineSnapshot& snapshot);

  private:
    using Found = std::variant<ImportMachine, std::string>;
    [[nodiscard]] Found load(const std::string& hash);

    family::Archive& archive_;
    /// Beside the file, or in the current folder: for configurations that bring none of their own.
    std::optional<config::Node> hooks_;
    std::optional<ImportMachine> given_;
    std::map<std::string, Found> by_hash_;
};

}  // namespace fleet::cli
