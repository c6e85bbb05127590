// Reads one machine of a document. Files that it names are not opened: it returns their names.
#pragma once

#include <string>
#include <vector>

#include "machines/config/diagnostic.hpp"
#include "machines/config/machine_config.hpp"

namespace fleet::config {

/// A machine that stands in the file that calls it.
struct InlineMachine {
    std::size_t reference = 0;  ///< into MachineDefinition::machines
    const Node* wrapper = nullptr;
    std::string path;
};

struct ReadMachine {
    MachineDefinition definition;
    std::vector<InlineMachine> in_place;
};

/// `wrapper` is the document, or an inline machine at `path`; it outlives the result. `findings` is
/// this machine's own. References to files are left as they were written.
[[nodiscard]] ReadMachine read_machine(const Node& wrapper, const std::string& path,
                                       Findings& findings);

/// Reports what makes a file no flatagent.
void check_agent_document(const Node& document, const std::string& path, Findings& findings);

}  // namespace fleet::config
