#include "cli/work/stored_machine.hpp"

#include <algorithm>
#include <vector>

#include "cli/machine/load.hpp"
#include "common/base/errors.hpp"
#include "common/base/hash.hpp"
#include "machines/config/machine_bundle.hpp"

namespace fleet::cli {
namespace {

std::string stage_of(const config::MachineDefinition& machine, const config::State& state) {
    return state.stage.empty() ? machine.stage : state.stage;
}

/// In the order in which the states name them.
int rank_of(const config::MachineDefinition& machine, const std::string& stage) {
    std::vector<std::string> stages;
    for (const config::State& state : machine.states) {
        const std::string one = stage_of(machine, state);
        if (std::ranges::find(stages, one) == stages.end()) {
            stages.push_back(one);
        }
    }
    return static_cast<int>(std::ranges::find(stages, stage) - stages.begin());
}

}  // namespace

bool names_machine_file(const std::string& machine) {
    return machine.ends_with(".yml") || machine.ends_with(".yaml") || machine.ends_with(".json") ||
           (machine.find('/') != std::string::npos && !machine.starts_with("builtin:"));
}

StoredMachine read_machine_file(CommandContext& context, const std::string& file) {
    LoadedFile loaded = load_machine_file(context, file);
    for (const config::Diagnostic& one : loaded.diagnostics) {
        context.err << one.line() << '\n';
    }
    if (!loaded.bundle || loaded.would_fail) {
        throw base::ConfigError(
            "the machine " + file +
                (loaded.bundle ? " would fail on its way: " : " cannot be started: ") +
                std::to_string(loaded.diagnostics.size()) + " errors and warnings stand above",
            "mend the file (`fleet validate " + file + "` checks it); nothing was submitted");
    }
    const auto folder = (context.directory / file).lexically_normal().parent_path();
    loaded.bundle->hooks = hooks_beside(context, folder);
    const config::MachineDefinition& machine = loaded.bundle->machines.front();
    StoredMachine stored;
    stored.config.raw = config::canonical_text(*loaded.bundle);
    stored.config.hash = base::content_hash(stored.config.raw);
    stored.config.machine_name = machine.name;
    stored.config.spec_version = machine.spec_version;
    stored.folder = folder.string();
    stored.stage = stage_of(machine, machine.states[machine.initial]);
    stored.stage_rank = rank_of(machine, stored.stage);
    return stored;
}

}  // namespace fleet::cli
