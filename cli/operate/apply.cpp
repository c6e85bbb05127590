// `fleet apply`: what a fleet's file declares, into the store.
#include <algorithm>
#include <memory>
#include <string>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/output.hpp"
#include "cli/operate/fleet_file_start.hpp"
#include "common/base/store_url.hpp"
#include "common/model/json_writer.hpp"
#include "machines/fleet_file/changes.hpp"

namespace fleet::cli {
namespace {

struct ApplyOptions {
    std::string file;
    bool dry_run = false;
    FormatOptions format;
};

struct Source {
    std::filesystem::path path;
    std::string shown;
    bool is_beside = true;  ///< the one that workers read
};

Source source_of(const CommandContext& context, const ApplyOptions& options) {
    const auto beside = fleet_file::file_beside(base::data_folder(context.store_url()));
    if (options.file.empty()) {
        if (beside.empty()) {
            throw UsageError("this store has no folder in which a fleet.yml could be",
                             "name the file: fleet apply FILE");
        }
        return {beside, beside.string(), true};
    }
    const auto path = (context.directory / options.file).lexically_normal();
    std::error_code error;
    return {path, options.file, std::filesystem::equivalent(path, beside, error)};
}

fleet_file::FleetFile read(CommandContext& context, const Source& source) {
    const auto read = fleet_file::read_fleet_file(source.path, source.shown);
    for (const config::Diagnostic& one : read.diagnostics) {
        print_diagnostic(context.terminal, context.err, one);
    }
    if (!read.exists) {
        throw base::ConfigError("there is no file " + source.shown,
                                "write one (docs/fleet_file.md), or name it: fleet apply FILE");
    }
    if (!read.file) {
        throw fleet_file::error_of(read, source.shown);
    }
    return *read.file;
}

/// What stays in the file is read by workers, from the one that is theirs.
void warn_of_other_file(CommandContext& context, const fleet_file::FleetFile& file,
                        const Source& source) {
    if (!source.is_beside &&
        (!file.hooks.empty() || !file.settings.empty() || !file.error_classes.added.empty())) {
        context.err << "fleet: " << source.shown
                    << " is not the fleet.yml beside the store: its hooks, error classes and its "
                       "providers' addresses and keys are not used; put it there\n";
    }
}

std::string kind_of(fleet_file::Subject subject) {
    switch (subject) {
        case fleet_file::Subject::pool:
            return "pool";
        case fleet_file::Subject::stage:
            return "stage";
        case fleet_file::Subject::provider:
            break;
    }
    return "provider";
}

base::JsonText to_json(const fleet_file::Change& change, const fleet_file::SettingChange* setting) {
    model::JsonObjectWriter json;
    json.text("kind", kind_of(change.subject));
    json.text("name", change.name);
    if (change.subject == fleet_file::Subject::stage) {
        json.text("stage", change.stage);
    }
    json.boolean("new", change.is_new);
    if (setting == nullptr) {
        json.null("setting");
    } else {
        json.text("setting", setting->setting);
        if (change.is_new) {
            json.null("before");
        } else {
            json.text("before", setting->before);
        }
        json.text("after", setting->after);
    }
    return json.finish();
}

void print_json(CommandContext& context, const fleet_file::Changes& changes, Format format) {
    JsonList list(context.out, format);
    for (const fleet_file::Change& change : changes.all) {
        for (const fleet_file::SettingChange& setting : change.settings) {
            list.add(to_json(change, &setting));
        }
        if (change.settings.empty()) {
            list.add(to_json(change, nullptr));
        }
    }
    list.finish();
}

void print_text(CommandContext& context, const fleet_file::Changes& changes, bool dry_run) {
    for (const fleet_file::Change& change : changes.all) {
        context.out << printable(change.line()) << '\n';
    }
    if (changes.empty()) {
        context.out << "nothing to change\n";
    } else if (dry_run) {
        context.out << "(a dry run: nothing was changed)\n";
    }
}

int apply(CommandContext& context, const ApplyOptions& options) {
    const Source source = source_of(context, options);
    const fleet_file::FleetFile file = read(context, source);
    warn_of_other_file(context, file, source);
    const auto store =
        context.open_store(options.dry_run ? store::Missing::refuse : store::Missing::create);
    const fleet_file::Changes changes = fleet_file::changes_for(file, *store);
    if (!options.dry_run) {
        fleet_file::apply(changes, *store);
    }
    const Format format = options.format.format();
    if (format == Format::table) {
        print_text(context, changes, options.dry_run);
    } else {
        print_json(context, changes, format);
    }
    return kExitDone;
}

}  // namespace

void add_apply_command(Commands& commands) {
    CLI::App& app = commands.add(
        "apply", Group::running, "makes the fleet what its fleet.yml says",
        {.description =
             "Reads fleet.yml (by default the one beside the store's folder), lists all its\n"
             "mistakes at once, and else changes in the store what differs: pools, stages and\n"
             "their marks, limits, circuits and budgets of providers. It says what changed.\n"
             "A running fleet follows at once. What the file does not name stays as it is.\n"
             "\n"
             "`fleet run`, `fleet resume`, `fleet submit` and `scaler` do the same when they "
             "start,\n"
             "and do not start with a wrong file. Hooks, error classes and where providers are\n"
             "and keep their keys are not stored: workers read them from the file when they\n"
             "start.",
         .examples = "  fleet apply\n"
                     "  fleet apply --dry-run\n"
                     "  fleet apply staging.yml --store sqlite:/srv/fleet/fleet.db\n"
                     "  fleet apply --jsonl | jq -r .setting\n"});
    const auto options = std::make_shared<ApplyOptions>();
    app.add_option("FILE", options->file, "the file (default: fleet.yml beside the store)");
    app.add_flag("--dry-run", options->dry_run, "say what would change, change nothing");
    add_format_options(app, options->format);
    commands.on(app, [options](CommandContext& context) { return apply(context, *options); });
}

}  // namespace fleet::cli
