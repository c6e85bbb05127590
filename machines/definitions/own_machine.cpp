#include "machines/definitions/own_machine.hpp"

#include <algorithm>
#include <optional>
#include <ostream>
#include <utility>

#include <system_error>

#include "common/base/errors.hpp"
#include "machines/config/bundle_loader.hpp"
#include "machines/definitions/built_in.hpp"
#include "machines/engine/expression_checks.hpp"

namespace fleet::definitions {
namespace {

namespace fs = std::filesystem;
using config::Diagnostic;
using config::MachineDefinition;

/// A folder, and behind it the built-in machines.
class CopyFiles final : public config::FileSource {
  public:
    explicit CopyFiles(fs::path folder) : folder_(std::move(folder)) {}

    [[nodiscard]] std::optional<config::ParsedDocument> read(
        const std::string& name) const override {
        const fs::path file = folder_ / name;
        if (const auto text = config::read_text(file)) {
            return config::parse_document(*text, shown(name), config::syntax_of(file));
        }
        const BuiltIn* const one = built_in(name);
        return one == nullptr ? std::nullopt
                              : std::optional(config::parse_document(one->text, shown(name),
                                                                     config::Syntax::yaml));
    }
    [[nodiscard]] bool exists(const std::string& name) const override {
        std::error_code error;
        return fs::exists(folder_ / name, error) || error || built_in(name) != nullptr;
    }
    [[nodiscard]] std::string shown(const std::string& name) const override {
        return (folder_ / name).lexically_normal().string();
    }
    /// The file itself must be there: a built-in one is no edited copy.
    [[nodiscard]] bool is_there(const std::string& name) const {
        std::error_code error;
        return fs::exists(folder_ / name, error) || error;
    }

  private:
    static const BuiltIn* built_in(const std::string& name) {
        const fs::path file = name;
        return file.has_parent_path() || file.extension() != ".yml"
                   ? nullptr
                   : find_built_in(file.stem().string());
    }

    fs::path folder_;
};

/// What the engine can do elsewhere and a program's own machine must not, and what would be called
/// and is not there.
class OwnChecks {
  public:
    OwnChecks(std::span<const std::string_view> actions, std::vector<std::string> hooks)
        : actions_(actions.begin(), actions.end()), hooks_(std::move(hooks)) {}

    [[nodiscard]] std::vector<Diagnostic> check(const MachineDefinition& machine,
                                                bool is_first) const {
        config::Findings findings(machine.file);
        const config::Place place{machine.at, "data"};
        if (is_first && (!machine.persistence || machine.persistence->enabled)) {
            findings.error(place, "a program's own machine keeps no checkpoints",
                           "write `persistence: {enabled: false}`");
        }
        if (is_first && !machine.settings.max_steps) {
            findings.error(place, "it would end after 1000 steps",
                           "write `settings: {max_steps: 0}`");
        }
        for (const config::HooksReference& hooks : machine.lifecycle_hooks) {
            check_hooks(hooks, {hooks.at, "data.lifecycle_hooks"}, findings);
        }
        for (const config::State& state : machine.states) {
            check_state(state, findings);
        }
        return findings.all();
    }

  private:
    void check_state(const config::State& state, config::Findings& findings) const {
        const config::Place place{state.at, "data.states." + state.name};
        if (state.agent || state.wait_for || !state.stage.empty()) {
            findings.error(place,
                           "the state `" + state.name + "` has " +
                               (state.agent      ? "an agent"
                                : state.wait_for ? "`wait_for`"
                                                 : "a stage"),
                           "a program's own machine has actions and machines only");
        }
        for (const config::HooksReference& hooks : state.hooks) {
            check_hooks(hooks, {hooks.at, place.path + ".hooks"}, findings);
        }
        if (state.action) {
            check_action(state, {state.at, place.path + ".action"}, findings);
        }
    }

    void check_hooks(const config::HooksReference& hooks, const config::Place& place,
                     config::Findings& findings) const {
        if (std::ranges::find(hooks_, hooks.name) == hooks_.end()) {
            findings.error(place, "there are no hooks `" + hooks.name + "`",
                           config::suggestion(hooks.name, hooks_));
        }
    }

    void check_action(const config::State& state, const config::Place& place,
                      config::Findings& findings) const {
        if (state.hooks.empty()) {
            findings.error(place, "nobody runs the action `" + *state.action + "`",
                           "write `hooks: " + std::string(kOwnHooks) + "`");
            return;
        }
        // Hooks that only look on know no actions of their own.
        const bool may_be_theirs = std::ranges::any_of(state.hooks, [this](const auto& hooks) {
            return hooks.name != kOwnHooks && hooks.name != "logging" && hooks.name != "metrics" &&
                   std::ranges::find(hooks_, hooks.name) != hooks_.end();
        });
        if (!may_be_theirs && std::ranges::find(actions_, *state.action) == actions_.end()) {
            findings.error(place, "there is no action `" + *state.action + "`",
                           config::suggestion(*state.action, actions_));
        }
    }

    const std::vector<std::string> actions_;
    const std::vector<std::string> hooks_;
};

bool uses_other_hooks(const config::MachineBundle& bundle) {
    const auto is_other = [](const config::HooksReference& hooks) {
        return hooks.name != kOwnHooks;
    };
    return std::ranges::any_of(bundle.machines, [&](const MachineDefinition& machine) {
        return std::ranges::any_of(machine.lifecycle_hooks, is_other) ||
               std::ranges::any_of(machine.states, [&](const config::State& state) {
                   return std::ranges::any_of(state.hooks, is_other);
               });
    });
}

}  // namespace

OwnMachine built_in_machine(std::string_view name) {
    config::LoadResult loaded = load_built_in(name);
    return {engine::Program::compile(std::move(loaded.bundle.value())), nullptr};
}

LoadedMachine load_own_machine(const fs::path& file, std::span<const std::string_view> actions,
                               const HooksOf& hooks_of) {
    const CopyFiles files(file.parent_path());
    const std::string name = file.filename().string();
    config::LoadResult loaded =
        files.is_there(name) ? config::BundleLoader(files, engine::check_expressions).load(name)
                             : config::load_machine(file);
    std::vector<Diagnostic> all = std::move(loaded.diagnostics);
    std::shared_ptr<calls::HooksRegistry> hooks;
    if (loaded.bundle) {
        std::vector<std::string> names{std::string(kOwnHooks)};
        if (uses_other_hooks(*loaded.bundle)) {
            hooks = hooks_of(file.parent_path());
            for (std::string& known : hooks->names()) {
                names.push_back(std::move(known));
            }
        }
        const OwnChecks checks(actions, std::move(names));
        for (const MachineDefinition& machine : loaded.bundle->machines) {
            const auto found = checks.check(machine, &machine == &loaded.bundle->machines.front());
            all.insert(all.end(), found.begin(), found.end());
        }
    }
    config::sort(all);
    if (!loaded.bundle || config::has_errors(all)) {
        return all;
    }
    return OwnMachine{engine::Program::compile(std::move(*loaded.bundle)), std::move(hooks)};
}

std::optional<OwnMachine> loaded_or_explained(LoadedMachine loaded, std::ostream& err) {
    if (auto* const machine = std::get_if<OwnMachine>(&loaded)) {
        return std::move(*machine);
    }
    for (const Diagnostic& one : std::get<std::vector<Diagnostic>>(loaded)) {
        err << one.line() << '\n';
    }
    return std::nullopt;
}

}  // namespace fleet::definitions
