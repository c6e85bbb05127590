#include <memory>
#include <string>

#include <CLI/App.hpp>

#include "cli/care/completion_script.hpp"
#include "cli/commands.hpp"

namespace fleet::cli {
namespace {

std::vector<CompletedOption> options_of(const CLI::App& app) {
    std::vector<CompletedOption> options;
    for (const CLI::Option* option : app.get_options()) {
        if (!option->nonpositional()) {
            continue;
        }
        CompletedOption completed;
        for (const std::string& name : option->get_lnames()) {
            completed.names.push_back("--" + name);
        }
        for (const std::string& name : option->get_snames()) {
            completed.names.push_back("-" + name);
        }
        completed.value = option->get_items_expected_max() == 0 ? "" : option->get_type_name();
        completed.description = option->get_description();
        options.push_back(std::move(completed));
    }
    return options;
}

std::string argument_of(const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_positional()) {
            return option->get_name(true);
        }
    }
    return "";
}

CompletedProgram program_of(const Commands& commands, const CLI::App& root) {
    CompletedProgram program;
    program.options = options_of(root);
    for (const CLI::App* app : root.get_subcommands({})) {
        CompletedCommand command;
        command.name = app->get_name();
        command.summary = app->get_description();
        command.options = options_of(*app);
        command.argument = argument_of(*app);
        command.takes_command = commands.may_take_command(command.name);
        program.commands.push_back(std::move(command));
    }
    return program;
}

}  // namespace

void add_completion_command(Commands& commands) {
    CLI::App& app = commands.add(
        "completion", Group::care, "prints a completion script for bash or zsh",
        {.description = "The script completes commands, options, and the names of pools, batches,\n"
                        "workers and hosts in the store.",
         .examples = "  source <(fleet completion bash)\n"
                     "  fleet completion bash > /etc/bash_completion.d/fleet\n"
                     "  fleet completion zsh > ~/.zfunc/_fleet\n"});
    const auto shell = std::make_shared<std::string>();
    app.add_option("SHELL", *shell, "bash or zsh")->required();
    commands.on(app, [shell, &commands](CommandContext& context) {
        const CompletedProgram program = program_of(commands, commands.root());
        if (*shell == "bash") {
            context.out << bash_completion(program);
        } else if (*shell == "zsh") {
            context.out << zsh_completion(program);
        } else {
            throw UsageError("no completion for the shell \"" + *shell + "\"",
                             "known are bash and zsh");
        }
        return kExitDone;
    });
}

}  // namespace fleet::cli
