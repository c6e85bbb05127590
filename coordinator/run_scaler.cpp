#include "coordinator/run_scaler.hpp"

#include <ostream>
#include <unistd.h>
#include <utility>

#include <system_error>

#include "common/base/errors.hpp"
#include "common/process/tree.hpp"
#include "coordinator/scaler_loop.hpp"
#include "machines/definitions/fleet_hooks.hpp"
#include "machines/definitions/own_machine.hpp"
#include "machines/fleet_file/changes.hpp"
#include "scaler/observe.hpp"

namespace fleet::coordinator {
namespace {

constexpr int kExitUsage = 2;

int print_plan(contracts::Store& store, const base::Clock& clock, const ScalerOptions& options,
               std::ostream& out) {
    scaler::Observer observer(store, clock, ScalerLoop::observe_options(store, options));
    const scaler::Observed observed = observer.look();
    const scaler::Plan plan = scaler::decide(observed.observation, observed.policy);
    if (options.json) {
        out << scaler::to_json_text(plan) << '\n';
        return 0;
    }
    for (const scaler::PoolPlan& pool : plan.pools) {
        out << "pool " << pool.pool << ": " << pool.workers << " workers now, " << pool.planned
            << " planned, start " << pool.start << ", retire " << pool.retire.size() << "\n  "
            << pool.reason << '\n';
    }
    if (plan.pools.empty()) {
        out << "there is no pool\n";
    }
    return 0;
}

/// Throws base::ConfigError when it is wrong, after its errors were told.
void apply_fleet_file(contracts::Store& store, base::Log& log, std::ostream& err) {
    const auto changes = fleet_file::apply_beside(
        store, [&err](const config::Diagnostic& one) { err << one.line() << '\n'; });
    if (changes) {
        log.info("applied fleet.yml",
                 {{"changes", changes->empty() ? "none" : changes->summary()}});
    }
}

}  // namespace

std::filesystem::path sibling_program(const char* name) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) {
        throw base::StoreError(
            base::StoreError::Kind::internal,
            "finding the program beside this one: /proc/self/exe: " + error.message(),
            "mount /proc");
    }
    const auto program = self.parent_path() / name;
    if (::access(program.c_str(), X_OK) != 0) {
        throw base::ConfigError(
            "looking for the program " + program.string() + ": it is not there or not executable",
            "install all of Flatfleet's programs into one folder");
    }
    return program;
}

int run_scaler(contracts::Store& store, const base::Clock& clock, base::Log& log,
               const ScalerOptions& options, std::ostream& out, std::ostream& err) {
    if (options.dry_run) {
        return print_plan(store, clock, options, out);
    }
    apply_fleet_file(store, log, err);
    definitions::OwnMachine machine;
    if (!options.machine_file.empty()) {
        const auto hooks_of = [&](const std::filesystem::path& folder) {
            return definitions::fleet_hooks(store, folder, clock, log);
        };
        auto loaded = definitions::loaded_or_explained(
            definitions::load_own_machine(options.machine_file, ScalerLoop::action_names(),
                                          hooks_of),
            err);
        if (!loaded) {
            return kExitUsage;
        }
        machine = std::move(*loaded);
    }
    process::become_subreaper();
    ScalerLoop loop(store, clock, log, options, sibling_program("worker"), std::move(machine));
    return loop.run();
}

}  // namespace fleet::coordinator
