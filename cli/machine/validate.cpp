#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/output.hpp"
#include "cli/machine/load.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

struct ValidateOptions {
    std::vector<std::string> files;
    FormatOptions format;
};

base::JsonText to_json(const config::Diagnostic& one) {
    model::JsonObjectWriter json;
    json.text("file", one.file);
    json.integer("line", one.at.line);
    json.integer("column", one.at.column);
    json.text("severity", one.severity == config::Severity::warning ? "warning" : "error");
    json.text("path", one.path);
    json.text("message", one.message);
    json.text("advice", one.advice);
    return json.finish();
}

void print(CommandContext& context, const config::Diagnostic& one) {
    const bool is_warning = one.severity == config::Severity::warning;
    const std::string line = one.line();
    // The same line that editors look for, with its middle in a colour.
    const std::string kind = is_warning ? "warning: " : "error: ";
    const auto at = line.find(": " + kind) + 2;
    context.out << line.substr(0, at)
                << context.terminal.paint(kind, is_warning ? Colour::yellow : Colour::red)
                << line.substr(at + kind.size()) << '\n';
}

int validate(CommandContext& context, const ValidateOptions& options) {
    const Format format = options.format.format();
    JsonList list(context.out, format);
    bool is_valid = true;
    for (const std::string& file : options.files) {
        const config::LoadResult result = load_machine_file(context, file);
        const bool has_errors = config::has_errors(result.diagnostics);
        is_valid = is_valid && !has_errors;
        for (const config::Diagnostic& one : result.diagnostics) {
            if (format == Format::table) {
                print(context, one);
            } else {
                list.add(to_json(one));
            }
        }
        if (format == Format::table && !has_errors) {
            context.out << file << ": valid\n";
        }
    }
    if (format != Format::table) {
        list.finish();
    }
    return is_valid ? kExitDone : kExitError;
}

}  // namespace

void add_validate_command(Commands& commands) {
    CLI::App& app = commands.add(
        "validate", Group::running, "says what is wrong in machine files",
        {.description = "Reads machine files and every file that they refer to, and lists all\n"
                        "mistakes at once: where each is, what is wrong, what would be right.\n"
                        "Nothing is run, no store is opened. Warnings do not fail.",
         .examples = "  fleet validate machine.yml\n"
                     "  fleet validate machines/*.yml\n"
                     "  fleet validate machine.yml --jsonl | jq -r .message\n",
         .exit_codes = "  0  all files are valid\n  1  a file has errors, or cannot be read\n"
                       "  2  bad usage\n"});
    const auto options = std::make_shared<ValidateOptions>();
    app.add_option("FILE", options->files, "machine files, YAML or JSON")->required();
    add_format_options(app, options->format);
    commands.on(app, [options](CommandContext& context) { return validate(context, *options); });
}

}  // namespace fleet::cli
