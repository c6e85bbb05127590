// Where an agent's files come from: those that the machine brought along, else the disk.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "machines/config/diagnostic.hpp"
#include "machines/config/node.hpp"

namespace fleet::agents {

class AgentFiles {
  public:
    /// `held`: documents by their names (config::MachineBundle::files). `folder`: what the names
    /// are relative to on the disk; empty: only what is held is found. Both outlive it.
    AgentFiles(const std::map<std::string, config::Node>& held, std::filesystem::path folder)
        : held_(held), folder_(std::move(folder)) {}

    struct Found {
        std::optional<config::Node> document;  ///< absent: there is none, or it cannot be read
        bool exists = false;
        std::vector<config::Diagnostic> diagnostics;
    };
    [[nodiscard]] Found find(const std::string& name) const;
    /// Its name in messages.
    [[nodiscard]] std::string shown(const std::string& name) const;

  private:
    const std::map<std::string, config::Node>& held_;
    std::filesystem::path folder_;
};

/// The name of the file that `reference` means inside the file `from`.
[[nodiscard]] std::string resolved(const std::string& from, const std::string& reference);

}  // namespace fleet::agents
