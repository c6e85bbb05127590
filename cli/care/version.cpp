#include <memory>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {

void add_version_command(Commands& commands) {
    CLI::App& app = commands.add("version", Group::care, "prints the version",
                                 {.description = "The same as `fleet --version`.",
                                  .examples = "  fleet version\n  fleet version --json\n"});
    const auto json = std::make_shared<bool>(false);
    app.add_flag("--json,--jsonl", *json, "print one JSON object on one line");
    commands.on(app, [json](CommandContext& context) {
        if (*json) {
            model::JsonObjectWriter object;
            object.text("program", "fleet");
            object.text("version", FLEET_VERSION);
            context.out << object.finish() << '\n';
        } else {
            context.out << "fleet " FLEET_VERSION "\n";
        }
        return kExitDone;
    });
}

}  // namespace fleet::cli
