// Completion scripts, written from the tree of commands and options itself. Pure.
#pragma once

#include <string>
#include <vector>

namespace fleet::cli {

struct CompletedOption {
    std::vector<std::string> names;  ///< with their dashes
    std::string value;               ///< "POOL"; empty for a flag
    std::string description;
};

struct CompletedCommand {
    std::string name;
    std::string summary;
    std::vector<CompletedOption> options;
    std::string argument;        ///< "ID", "WORKER"; empty: takes none
    bool takes_command = false;  ///< what follows `--` is a command line
};

struct CompletedProgram {
    std::vector<CompletedOption> options;  ///< of every command
    std::vector<CompletedCommand> commands;
};

[[nodiscard]] std::string bash_completion(const CompletedProgram& program);
[[nodiscard]] std::string zsh_completion(const CompletedProgram& program);

}  // namespace fleet::cli
