#include <filesystem>
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <system_error>

#include "cli/commands.hpp"
#include "cli/core/output.hpp"

namespace fleet::cli {
namespace {

int backup(CommandContext& context, const std::string& name) {
    const std::filesystem::path file = (context.directory / name).lexically_normal();
    const auto store = context.open_store(store::Missing::refuse);
    store->backup(file);
    std::error_code unknown_size;
    const auto bytes = std::filesystem::file_size(file, unknown_size);
    context.out << "copied " << store->url().text_without_secrets() << " to " << file.string();
    if (!unknown_size) {
        context.out << " (" << human_bytes(static_cast<std::int64_t>(bytes)) << ")";
    }
    context.out << '\n';
    return kExitDone;
}

}  // namespace

void add_backup_command(Commands& commands) {
    CLI::App& app = commands.add(
        "backup", Group::care, "copies the store into a file, while it is used",
        {.description =
             "The copy is consistent and is a store of its own: `--store FILE` opens it. FILE "
             "must\n"
             "not exist. Log files and large results lie beside the store and are not copied.",
         .examples = "  fleet backup /backups/fleet-monday.db\n"
                     "  fleet status --store /backups/fleet-monday.db\n"});
    const auto file = std::make_shared<std::string>();
    app.add_option("FILE", *file, "the file to make")->required();
    commands.on(app, [file](CommandContext& context) { return backup(context, *file); });
}

}  // namespace fleet::cli
