// Follows the references of machine files to other files, each read once, however they refer to
// each other. Not thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "machines/config/machine_bundle.hpp"
#include "machines/config/machine_reader.hpp"

namespace fleet::config {

/// Where documents come from, by the names of MachineBundle.
class FileSource {
  public:
    FileSource() = default;
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;
    virtual ~FileSource() = default;
    /// nullopt when there is no such file.
    [[nodiscard]] virtual std::optional<ParsedDocument> read(const std::string& name) const = 0;
    [[nodiscard]] virtual bool exists(const std::string& name) const = 0;
    /// Its name in messages.
    [[nodiscard]] virtual std::string shown(const std::string& name) const = 0;
};

class BundleLoader {
  public:
    /// More files than this are refused: a generator went wild.
    static constexpr std::size_t kMostFiles = 1000;

    explicit BundleLoader(const FileSource& files, MachineChecks checks = {})
        : files_(files), checks_(std::move(checks)) {}
    /// Once.
    [[nodiscard]] LoadResult load(const std::string& name);

  private:
    struct Waiting {
        std::size_t index = 0;
        std::string name;
    };

    void load_machine_file(const Waiting& next);
    /// A machine of the file `name`, whose text is `source`.
    void read_into(std::size_t index, const InlineMachine& machine, const std::string& name,
                   std::string_view source);
    /// `path` is that of the machine in its file, with the point behind it.
    void resolve_machines(MachineDefinition& machine, const std::string& path,
                          const std::string& name, Findings& findings);
    void resolve_agents(MachineDefinition& machine, const std::string& path,
                        const std::string& name, Findings& findings);
    /// The document of an agent's file; nullptr when it is missing or cannot be read.
    const Node* agent_document(const std::string& name);
    /// The prompt that the document of the file `from` names; reports that it is missing.
    void bring_prompt(const Node& document, const std::string& from);
    /// The catalogue that a profile's name is looked up in: beside the agent, else the machine.
    void bring_catalogue(const Node& document, const std::string& from, const std::string& machine);
    /// False when there is no such file. What is wrong in it is reported.
    bool bring(const std::string& name);
    /// What `is_child` has keeps it from being started, not those that call it.
    void report(const std::vector<Diagnostic>& found, bool is_child);

    const FileSource& files_;
    const MachineChecks checks_;
    MachineBundle bundle_;
    std::deque<Waiting> waiting_;
    std::map<std::string, std::size_t> by_name_;  ///< machine files
    std::vector<Diagnostic> diagnostics_;
};

}  // namespace fleet::config
