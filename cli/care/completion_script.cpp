#include "cli/care/completion_script.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace fleet::cli {
namespace {

/// What can be offered for a value, by its name in the help: a word list, or a listing of `fleet`
/// whose JSON lines are searched for a key.
struct Offer {
    std::string_view value;
    std::string_view words;
    std::string_view command;
    std::string_view key;
};
constexpr std::array<Offer, 9> kOffers{{
    {"STATUS,...",
     "pending running waiting done failed cancelled active terminating terminated lost", "", ""},
    {"WHAT", "failed all none", "", ""},
    {"KIND",
     "exit_code signal timeout spawn rate_limit config agent lost_worker cancelled internal "
     "machine",
     "", ""},
    {"SHELL", "bash zsh", "", ""},
    {"POOL", "", "scale", "pool"},
    {"BATCH", "", "batches", "batch"},
    {"WORKER", "", "workers --live", "id"},
    {"HOST", "", "workers --live", "host"},
    {"PROVIDER", "", "providers", "provider"},
}};

const Offer* offer_for(const std::string& value) {
    const auto* found = std::find_if(kOffers.begin(), kOffers.end(),
                                     [&value](const Offer& offer) { return offer.value == value; });
    return found == kOffers.end() ? nullptr : found;
}

/// Arguments of the shell functions that list or offer names of the store.
std::string listing(const Offer& offer) {
    return std::string(offer.key) + " " + std::string(offer.command);
}

/// Names out of JSON lines, by sed alone: a completion must not need more than a shell.
constexpr std::string_view kListNames =
    "_fleet_names() {\n"
    "    local key=$1; shift\n"
    "    fleet \"$@\" --jsonl 2>/dev/null |\n"
    "        sed -n 's/^{[^{}]*\"'\"$key\"'\":\"\\([^\"]*\\)\".*$/\\1/p' | sort -u\n"
    "}\n";

std::string joined(const std::vector<std::string>& words, const std::string& separator) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : separator) + word;
    }
    return text;
}

std::string option_words(const std::vector<CompletedOption>& options) {
    std::string words;
    for (const CompletedOption& option : options) {
        words += (words.empty() ? "" : " ") + joined(option.names, " ");
    }
    return words;
}

std::string bash_reply(const Offer* offer) {
    if (offer == nullptr) {
        return "COMPREPLY=() ;;\n";  // the default of `complete -o default`: files
    }
    const std::string words = offer->words.empty() ? "$(_fleet_names " + listing(*offer) + ")"
                                                   : std::string(offer->words);
    return "COMPREPLY=($(compgen -W \"" + words + "\" -- \"$current\")); return ;;\n";
}

void append_bash_values(std::string& script, const std::string& command,
                        const std::vector<CompletedOption>& options) {
    for (const CompletedOption& option : options) {
        if (option.value.empty()) {
            continue;
        }
        std::string patterns;
        for (const std::string& name : option.names) {
            patterns += (patterns.empty() ? "'" : "|'") + command + " " + name + "'";
        }
        const Offer* offer = offer_for(option.value);
        script +=
            "        " + patterns + ") " + (offer == nullptr ? "return ;;\n" : bash_reply(offer));
    }
}

std::string zsh_quoted(const std::string& text) {
    std::string quoted;
    for (const char character : text) {
        if (character == '\'') {
            quoted += "'\\''";
        } else if (character == '[' || character == ']' || character == ':') {
            quoted += std::string("\\") + character;
        } else {
            quoted += character;
        }
    }
    return quoted;
}

std::string zsh_action(const std::string& value) {
    const Offer* offer = offer_for(value);
    if (offer == nullptr) {
        return "_files";
    }
    return offer->words.empty() ? "{_fleet_offer " + listing(*offer) + "}"
                                : "(" + std::string(offer->words) + ")";
}

void append_zsh_option(std::string& script, const CompletedOption& option) {
    for (const std::string& name : option.names) {
        script += " \\\n                '" + name + "[" + zsh_quoted(option.description) + "]";
        if (!option.value.empty()) {
            script += ":" + zsh_quoted(option.value) + ":" + zsh_action(option.value);
        }
        script += "'";
    }
}

}  // namespace

std::string bash_completion(const CompletedProgram& program) {
    std::string names;
    for (const CompletedCommand& command : program.commands) {
        names += (names.empty() ? "" : " ") + command.name;
    }
    const std::string common = option_words(program.options);
    std::string script = "# bash completion of fleet: source <(fleet completion bash)\n";
    script += kListNames;
    script +=
        "_fleet() {\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
        "    local command= word at options= argument=\n"
        "    COMPREPLY=()\n"
        "    for ((at = 1; at < COMP_CWORD; at++)); do\n"
        "        word=${COMP_WORDS[at]}\n"
        "        if [[ $word == -- ]]; then\n"
        "            COMPREPLY=($(compgen -c -f -- \"$current\")); return\n"
        "        fi\n"
        "        if [[ -z $command && $word != -* && ${COMP_WORDS[at-1]} != --store ]]; then\n"
        "            command=$word\n"
        "        fi\n"
        "    done\n"
        "    if [[ -z $command ]]; then\n"
        "        [[ $previous == --store ]] && return\n"
        "        COMPREPLY=($(compgen -W \"" +
        names + " " + common +
        "\" -- \"$current\")); return\n"
        "    fi\n"
        "    [[ $previous == --store ]] && return\n"
        "    case \"$command $previous\" in\n";
    for (const CompletedCommand& command : program.commands) {
        append_bash_values(script, command.name, command.options);
    }
    script += "    esac\n    case $command in\n";
    for (const CompletedCommand& command : program.commands) {
        const Offer* offer = offer_for(command.argument);
        const std::string words = offer == nullptr       ? ""
                                  : offer->words.empty() ? "$(_fleet_names " + listing(*offer) + ")"
                                                         : std::string(offer->words);
        script += "        " + command.name + ") options='" + option_words(command.options) + "'";
        script += words.empty() ? "" : "; [[ $current != -* ]] && argument=\"" + words + "\"";
        script += " ;;\n";
    }
    script +=
        "    esac\n"
        "    if [[ $current == -* ]]; then\n"
        "        COMPREPLY=($(compgen -W \"$options " +
        common +
        "\" -- \"$current\"))\n"
        "    elif [[ -n $argument ]]; then\n"
        "        COMPREPLY=($(compgen -W \"$argument\" -- \"$current\"))\n"
        "    fi\n"
        "}\n"
        "complete -o default -F _fleet fleet\n";
    return script;
}

std::string zsh_completion(const CompletedProgram& program) {
    std::string script =
        "#compdef fleet\n"
        "# zsh completion of fleet: put it as _fleet into a folder of $fpath\n";
    script += kListNames;
    script += "_fleet_offer() { compadd -- ${(f)\"$(_fleet_names \"$@\")\"} }\n";
    script +=
        "_fleet() {\n    local curcontext=$curcontext state line\n    local -a commands\n"
        "    commands=(\n";
    for (const CompletedCommand& command : program.commands) {
        script += "        '" + command.name + ":" + zsh_quoted(command.summary) + "'\n";
    }
    script += "    )\n    _arguments -C";
    for (const CompletedOption& option : program.options) {
        append_zsh_option(script, option);
    }
    script +=
        " \\\n                '1:command:->command' \\\n                '*::argument:->argument'\n"
        "    case $state in\n"
        "        command) _describe -t commands 'fleet command' commands ;;\n"
        "        argument)\n            case $words[1] in\n";
    for (const CompletedCommand& command : program.commands) {
        script += "            " + command.name + ") _arguments";
        for (const CompletedOption& option : command.options) {
            append_zsh_option(script, option);
        }
        for (const CompletedOption& option : program.options) {
            append_zsh_option(script, option);
        }
        if (command.takes_command) {
            script += " \\\n                '*::command:_normal'";
        } else if (!command.argument.empty()) {
            script += " \\\n                '*:" + command.argument + ":" +
                      zsh_action(command.argument) + "'";
        }
        script += " ;;\n";
    }
    script +=
        "            esac ;;\n    esac\n}\n"
        "if [[ $funcstack[1] == _fleet ]]; then _fleet \"$@\"; else compdef _fleet fleet; fi\n";
    return script;
}

}  // namespace fleet::cli
