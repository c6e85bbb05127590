#include "cli/work/import_machines.hpp"

#include <algorithm>
#include <utility>

#include "cli/machine/load.hpp"
#include "common/base/errors.hpp"
#include "common/base/hash.hpp"
#include "machines/config/bundle_loader.hpp"

namespace fleet::cli {
namespace {

constexpr const char* kName = "machine.yml";

/// The one file that was stored: what it refers to was not.
class StoredFile final : public config::FileSource {
  public:
    explicit StoredFile(const std::string& text) : text_(text) {}

    [[nodiscard]] std::optional<config::ParsedDocument> read(
        const std::string& name) const override {
        // JSON is YAML as well, and the family stores either.
        return name == kName ? std::optional(config::parse_document(text_, "its configuration",
                                                                    config::Syntax::yaml))
                             : std::nullopt;
    }
    [[nodiscard]] bool exists(const std::string& name) const override { return name == kName; }
    [[nodiscard]] std::string shown(const std::string& /*name*/) const override {
        return "its configuration";
    }

  private:
    const std::string& text_;
};

config::LoadResult load_text(const std::string& text) {
    try {
        return config::load_canonical(text);  // another fleet's
    } catch (const base::ConfigError&) {
        const StoredFile files(text);
        return config::BundleLoader(files).load(kName);
    }
}

ImportMachine machine_of(config::MachineBundle bundle, const std::optional<config::Node>& hooks) {
    if (!bundle.hooks) {
        bundle.hooks = hooks;
    }
    ImportMachine machine;
    machine.definition = bundle.machines.front();
    machine.config.raw = config::canonical_text(bundle);
    machine.config.hash = base::content_hash(machine.config.raw);
    machine.config.machine_name = machine.definition.name;
    machine.config.spec_version = machine.definition.spec_version;
    return machine;
}

bool has_state(const config::MachineDefinition& machine, const engine::MachineSnapshot& snapshot) {
    // machine_start is before the first state.
    return snapshot.event == engine::Event::machine_start ||
           std::ranges::any_of(machine.states, [&](const config::State& state) {
               return state.name == snapshot.current_state;
           });
}

}  // namespace

ImportMachines::ImportMachines(CommandContext& context, family::Archive& archive,
                               const std::string& file)
    : archive_(archive),
      hooks_(hooks_beside(context, (context.directory / file).lexically_normal().parent_path())) {
    if (file.empty()) {
        return;
    }
    LoadedFile loaded = load_machine_file(context, file);
    for (const config::Diagnostic& one : loaded.diagnostics) {
        context.err << one.line() << '\n';
    }
    if (!loaded.bundle) {
        throw base::ConfigError(
            "the machine " + file + " cannot be started",
            "mend the file (`fleet validate " + file + "` checks it); nothing was imported");
    }
    given_ = machine_of(*std::move(loaded.bundle), hooks_);
}

ImportMachines::Found ImportMachines::load(const std::string& hash) {
    const std::optional<std::string> text = archive_.config(hash);
    if (!text) {
        return "its configuration " + hash + " is not stored there; give its file with --machine";
    }
    config::LoadResult loaded = load_text(*text);
    if (!loaded.bundle) {
        return "its configuration cannot be started: " + (loaded.diagnostics.empty()
                                                              ? "it has no machine"
                                                              : loaded.diagnostics.front().line());
    }
    return machine_of(*std::move(loaded.bundle), hooks_);
}

std::variant<const ImportMachine*, std::string> ImportMachines::find(
    const engine::MachineSnapshot& snapshot) {
    const ImportMachine* machine = given_ ? &*given_ : nullptr;
    if (!snapshot.config_hash.empty()) {
        auto found = by_hash_.find(snapshot.config_hash);
        if (found == by_hash_.end()) {
            found = by_hash_.emplace(snapshot.config_hash, load(snapshot.config_hash)).first;
        }
        if (const auto* stored = std::get_if<ImportMachine>(&found->second)) {
            machine = stored;
        } else if (machine == nullptr) {
            return std::get<std::string>(found->second);
        }
    }
    if (machine == nullptr) {
        return "its checkpoint names no configuration; give its file with --machine";
    }
    if (machine->config.machine_name != snapshot.machine_name) {
        return "it runs machine " + snapshot.machine_name + ", the configuration is of machine " +
               machine->config.machine_name;
    }
    if (!has_state(machine->definition, snapshot)) {
        return "its state " + snapshot.current_state + " is not in the configuration";
    }
    return machine;
}

}  // namespace fleet::cli
