#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/output.hpp"
#include "cli/machine/load.hpp"
#include "cli/operate/fleet_file_start.hpp"
#include "common/model/json_writer.hpp"
#include "machines/fleet_file/fleet_file.hpp"

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

/// Machines, and what a fleet is declared in.
std::vector<config::Diagnostic> look_at(const CommandContext& context, const std::string& file) {
    const auto path = context.directory / file;
    if (!fleet_file::is_fleet_file(path)) {
        return load_machine_file(context, file).diagnostics;
    }
    fleet_file::FleetFileRead read = fleet_file::read_fleet_file(path, file);
    if (!read.exists) {
        config::Findings findings(file);
        findings.refuse({}, "there is no such file", "check the name", config::Fault::missing_file);
        return findings.all();
    }
    return std::move(read.diagnostics);
}

int validate(CommandContext& context, const ValidateOptions& options) {
    const Format format = options.format.format();
    JsonList list(context.out, format);
    bool is_valid = true;
    // A file that others refer to and that is named itself is read more than once.
    std::set<base::JsonText> told;
    for (const std::string& file : options.files) {
        const std::vector<config::Diagnostic> diagnostics = look_at(context, file);
        const bool has_errors = config::has_errors(diagnostics);
        is_valid = is_valid && !has_errors;
        for (const config::Diagnostic& one : diagnostics) {
            if (!told.insert(to_json(one)).second) {
                continue;
            }
            if (format == Format::table) {
                print_diagnostic(context.terminal, context.out, one);
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
        "validate", Group::running, "says what is wrong in machine files and in fleet.yml",
        {.description = "Reads machine files and every file that they refer to, and lists all\n"
                        "mistakes at once: where each is, what is wrong, what would be right.\n"
                        "A fleet.yml, which declares pools and providers, is read as such.\n"
                        "Nothing is run, no store is opened. Warnings do not fail.",
         .examples = "  fleet validate machine.yml\n"
                     "  fleet validate machines/*.yml fleet.yml\n"
                     "  fleet validate machine.yml --jsonl | jq -r .message\n",
         .exit_codes = "  0  all files are valid\n  1  a file has errors, or cannot be read\n"
                       "  2  bad usage\n"});
    const auto options = std::make_shared<ValidateOptions>();
    app.add_option("FILE", options->files, "machine files and fleet.yml, YAML or JSON")->required();
    add_format_options(app, options->format);
    commands.on(app, [options](CommandContext& context) { return validate(context, *options); });
}

}  // namespace fleet::cli
