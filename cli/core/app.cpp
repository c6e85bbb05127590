#include "cli/core/app.hpp"

#include <algorithm>
#include <exception>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/core/help.hpp"
#include "common/base/nearest.hpp"

namespace fleet::cli {
namespace {

const char* heading(Group group) {
    switch (group) {
        case Group::work:
            return "Doing work";
        case Group::seeing:
            return "Seeing";
        case Group::running:
            return "Running a fleet";
        case Group::care:
            return "Looking after it";
    }
    return "";
}

void print_error(CommandContext& context, const std::string& text) {
    context.err << context.terminal.paint_err("fleet:", Colour::red) << ' ' << text << std::endl;
}

const CLI::App* parsed_command(const CLI::App& root) {
    const std::vector<CLI::App*> parsed = root.get_subcommands();
    return parsed.empty() ? nullptr : parsed.front();
}

std::string see_help(const CLI::App* command) {
    return command == nullptr ? "`fleet --help` lists the commands"
                              : "see `fleet " + command->get_name() + " --help`";
}

void collect_option_names(const CLI::App& app, std::vector<std::string>& names) {
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            names.push_back("--" + name);
        }
    }
}

std::string unknown_option_text(const CLI::App& root, const CLI::App* command,
                                const std::string& argument) {
    const std::string typed = argument.substr(0, argument.find('='));
    std::vector<std::string> names;
    if (command != nullptr) {
        collect_option_names(*command, names);
    }
    collect_option_names(root, names);
    const std::string where = command == nullptr ? "fleet" : "`fleet " + command->get_name() + "`";
    const auto nearest = base::nearest_name(typed, names);
    return "unknown option " + typed + " for " + where + "; " +
           (nearest ? "did you mean " + *nearest + "? " : "") + see_help(command);
}

std::string unknown_command_text(const CLI::App& root, const std::string& typed) {
    std::vector<std::string> names;
    for (const CLI::App* command : root.get_subcommands({})) {
        names.push_back(command->get_name());
    }
    const auto nearest = base::nearest_name(typed, names);
    return "unknown command \"" + typed + "\"; " +
           (nearest ? "did you mean `fleet " + *nearest + "`? " : "") + see_help(nullptr);
}

/// What is wrong with a command line that CLI11 has refused.
std::string usage_text(const CLI::App& root, const std::string& refusal) {
    const CLI::App* command = parsed_command(root);
    const std::vector<std::string> left = root.remaining(true);
    const auto option = std::find_if(left.begin(), left.end(), [](const std::string& argument) {
        return argument.size() > 1 && argument.front() == '-' && argument != "--";
    });
    if (option != left.end()) {
        return unknown_option_text(root, command, *option);
    }
    const auto word = std::find_if(left.begin(), left.end(),
                                   [](const std::string& argument) { return argument != "--"; });
    if (word != left.end()) {
        return command == nullptr ? unknown_command_text(root, *word)
                                  : "`fleet " + command->get_name() + "` has no place for \"" +
                                        *word + "\"; " + see_help(command);
    }
    return (command == nullptr ? "" : "`fleet " + command->get_name() + "`: ") + refusal + "; " +
           see_help(command);
}

/// `fleet help run` is `fleet run --help`. The part behind `--` is taken off.
std::vector<std::string> own_arguments(CommandContext& context,
                                       const std::vector<std::string>& arguments) {
    const auto mark = std::find(arguments.begin(), arguments.end(), "--");
    std::vector<std::string> own(arguments.begin(), mark);
    if (mark != arguments.end()) {
        context.command.emplace(mark + 1, arguments.end());
    }
    if (!own.empty() && own.front() == "help") {
        own.erase(own.begin());
        own.emplace_back("--help");
    }
    return own;
}

void set_up_root(CLI::App& root, Commands& commands, CommandContext& context) {
    root.name("fleet");
    root.description("decentralised, autoscaling workers for long work");
    root.set_help_flag("-h,--help", "print this page");
    root.set_version_flag("-V,--version", "fleet " FLEET_VERSION, "print the version");
    root.add_option("--store", context.store_option,
                    "the store (default: FLEET_STORE, else the .fleet/ found by walking up)")
        ->type_name("URL");
    root.require_subcommand(1);
    // Options of the root may stand behind the command's name.
    root.fallthrough();
    root.formatter(std::make_shared<CLI::FormatterLambda>(
        [&commands](const CLI::App* app, const std::string&, CLI::AppFormatMode) {
            return help_page(commands, *app);
        }));
}

int parse_and_run(CommandContext& context, CLI::App& root, const Commands& commands,
                  std::vector<std::string> arguments) {
    if (arguments.empty() && !context.command) {
        context.err << root.help();
        return kExitBadUsage;
    }
    std::reverse(arguments.begin(), arguments.end());
    try {
        root.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
        context.out << root.help() << std::flush;
        return kExitDone;
    } catch (const CLI::CallForVersion&) {
        context.out << "fleet " FLEET_VERSION "\n" << std::flush;
        return kExitDone;
    } catch (const CLI::ParseError& refusal) {
        print_error(context, usage_text(root, refusal.what()));
        return kExitBadUsage;
    }
    const CLI::App* command = parsed_command(root);
    if (context.command && !commands.may_take_command(command->get_name())) {
        throw UsageError("`fleet " + command->get_name() + "` takes nothing behind --");
    }
    try {
        const int code = commands.chosen()(context);
        context.out << std::flush;
        return code;
    } catch (const UsageError& wrong) {
        throw UsageError("`fleet " + command->get_name() + "`: " + wrong.what_happened(),
                         wrong.advice().empty() ? see_help(command) : wrong.advice());
    } catch (const base::Error&) {
        // What was printed up to here has happened, and ends with a whole line.
        context.out << std::flush;
        throw;
    }
}

}  // namespace

CLI::App& Commands::add(const std::string& name, Group group, const std::string& summary,
                        const Help& help) {
    entries_[name] = Entry{.help = help};
    CLI::App* command = root_.add_subcommand(name, summary);
    command->group(heading(group));
    return *command;
}

void Commands::on(CLI::App& command, const Action& action) {
    command.callback([this, action] { chosen_ = action; });
}

void Commands::takes_command(CLI::App& command) {
    entries_.at(command.get_name()).takes_command = true;
}

bool Commands::may_take_command(const std::string& name) const {
    const auto entry = entries_.find(name);
    return entry != entries_.end() && entry->second.takes_command;
}

const Help* Commands::help(const std::string& name) const {
    const auto entry = entries_.find(name);
    return entry == entries_.end() ? nullptr : &entry->second.help;
}

int run_program(CommandContext& context, const std::vector<std::string>& arguments,
                std::span<const AddCommands> adders) {
    try {
        CLI::App root;
        Commands commands(root);
        set_up_root(root, commands, context);
        for (const AddCommands add : adders) {
            add(commands);
        }
        return parse_and_run(context, root, commands, own_arguments(context, arguments));
    } catch (const UsageError& wrong) {
        const std::string advice = wrong.advice().empty() ? "see `fleet --help`" : wrong.advice();
        print_error(context, wrong.what_happened() + "; " + advice);
        return kExitBadUsage;
    } catch (const OutputClosed&) {
        return kExitOutputClosed;
    } catch (const base::Error& error) {
        print_error(context, error.full_text());
    } catch (const std::exception& error) {
        print_error(context, std::string("an unexpected failure: ") + error.what() +
                                 "; this is a fault of the program, please report it");
    }
    return kExitError;
}

}  // namespace fleet::cli
