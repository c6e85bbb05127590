#include "cli/core/help.hpp"

#include <CLI/App.hpp>

#include "cli/core/terminal.hpp"

namespace fleet::cli {
namespace {

constexpr std::size_t kLeftWidth = 26;
constexpr std::size_t kPageWidth = 92;

/// "  left      right", the right side wrapped and indented.
void append_entry(std::string& page, const std::string& left, const std::string& right) {
    std::string line = "  " + left;
    if (display_width(line) + 2 > kLeftWidth) {
        page += line + '\n';
        line.clear();
    }
    line.resize(line.size() + kLeftWidth - display_width(line), ' ');
    std::size_t begin = 0;
    while (begin < right.size()) {
        std::size_t end = right.size();
        const std::size_t room = kPageWidth - kLeftWidth;
        if (end - begin > room) {
            const std::size_t space = right.rfind(' ', begin + room);
            end = space == std::string::npos || space <= begin ? begin + room : space;
        }
        page += line + right.substr(begin, end - begin) + '\n';
        line.assign(kLeftWidth, ' ');
        begin = end < right.size() && right[end] == ' ' ? end + 1 : end;
    }
}

std::string value_name(const CLI::Option& option) {
    // A flag takes no value; for the rest the type's name says what to write.
    return option.get_items_expected_max() == 0 ? "" : option.get_type_name();
}

std::string option_left(const CLI::Option& option) {
    std::string names;
    for (const std::string& name : option.get_snames()) {
        names += (names.empty() ? "-" : ", -") + name;
    }
    for (const std::string& name : option.get_lnames()) {
        names += (names.empty() ? "--" : ", --") + name;
    }
    const std::string value = value_name(option);
    return value.empty() ? names : names + " " + value;
}

bool is_many(const CLI::Option& option) {
    return option.get_items_expected_max() > 1;
}

std::string positional_usage(const CLI::Option& option) {
    std::string text = option.get_name(true) + (is_many(option) ? "..." : "");
    return option.get_required() ? text : "[" + text + "]";
}

std::string usage(const Commands& commands, const CLI::App& command) {
    std::string text = "fleet " + command.get_name() + " [OPTION...]";
    for (const CLI::Option* option : command.get_options()) {
        if (option->get_positional()) {
            text += " " + positional_usage(*option);
        }
    }
    return commands.may_take_command(command.get_name()) ? text + " [-- COMMAND [ARG...]]" : text;
}

void append_options(std::string& page, const std::string& title, const CLI::App& app) {
    std::string entries;
    for (const CLI::Option* option : app.get_options()) {
        if (!option->nonpositional() || option->get_group().empty()) {
            continue;
        }
        append_entry(entries, option_left(*option), option->get_description());
    }
    if (!entries.empty()) {
        page += "\n" + title + "\n" + entries;
    }
}

void append_arguments(std::string& page, const CLI::App& app) {
    std::string entries;
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_positional()) {
            append_entry(entries, option->get_name(true), option->get_description());
        }
    }
    if (!entries.empty()) {
        page += "\nArguments\n" + entries;
    }
}

void append_text(std::string& page, const std::string& title, const std::string& text) {
    if (!text.empty()) {
        page += "\n" + title + "\n" + text + (text.back() == '\n' ? "" : "\n");
    }
}

/// Each line indented by two spaces.
std::string indented(const std::string& text) {
    std::string result;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        result += (end > begin ? "  " : "") + text.substr(begin, end - begin) + '\n';
        begin = end + 1;
    }
    return result;
}

std::string root_page(const CLI::App& root) {
    std::string page = "fleet - " + root.get_description() +
                       "\n\nUsage\n  fleet COMMAND [OPTION...] [ARG...]\n"
                       "  fleet COMMAND --help\n";
    std::string group;
    for (const CLI::App* command : root.get_subcommands({})) {
        if (command->get_group() != group) {
            group = command->get_group();
            page += "\n" + group + "\n";
        }
        append_entry(page, command->get_name(), command->get_description());
    }
    append_options(page, "Options", root);
    append_text(page, "Examples",
                "  fleet run --items files.txt -- sha256sum {}\n"
                "  fleet status\n"
                "  fleet why last\n");
    append_text(page, "Environment",
                "  FLEET_STORE   the store, where --store is not given\n"
                "  NO_COLOR      set to anything: no colours\n");
    return page;
}

}  // namespace

std::string help_page(const Commands& commands, const CLI::App& command) {
    const Help* help = commands.help(command.get_name());
    if (help == nullptr) {
        return root_page(command);
    }
    std::string page = "fleet " + command.get_name() + " - " + command.get_description() +
                       "\n\nUsage\n  " + usage(commands, command) + "\n";
    append_text(page, "Description", indented(help->description));
    append_arguments(page, command);
    append_options(page, "Options", command);
    append_options(page, "Options of every command", *command.get_parent());
    append_text(page, "Examples", help->examples);
    append_text(page, "Exit codes",
                help->exit_codes.empty() ? "  0  done\n  1  an error, told on standard error\n"
                                           "  2  bad usage\n"
                                         : help->exit_codes);
    return page;
}

}  // namespace fleet::cli
