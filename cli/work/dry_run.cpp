#include "cli/work/dry_run.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <utility>

#include <system_error>

#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"
#include "common/base/errors.hpp"
#include "common/pace/default_rules.hpp"
#include "common/pace/provider_row.hpp"
#include "machines/engine/program.hpp"
#include "machines/estimate/sample.hpp"
#include "machines/fleet_file/changes.hpp"

namespace fleet::cli {
namespace {

/// Enough for a mean, and soon done.
constexpr std::size_t kMostSampled = 50;

/// What a real submission would find, unchanged.
struct Ground {
    std::unique_ptr<contracts::Store> store;
    fleet_file::FleetFile file;  ///< empty when there is none
};

/// A store that is not there yet knows what a new one would.
std::unique_ptr<contracts::Store> look_into_store(const CommandContext& context) {
    const base::StoreUrl url = context.store_url();
    std::error_code error;
    if (url.scheme == "sqlite" && !std::filesystem::exists(url.path, error)) {
        return store::open_store(base::StoreUrl::parse("memory:", context.directory), context.clock,
                                 store::Missing::create);
    }
    auto store = context.open_store(store::Missing::refuse);
    check_shared(*store);
    return store;
}

Ground look_around(CommandContext& context) {
    Ground ground{look_into_store(context), {}};
    const auto path = fleet_file::file_beside(base::data_folder(context.store_url()));
    if (path.empty()) {
        return ground;
    }
    auto read = fleet_file::read_fleet_file(path);
    for (const config::Diagnostic& one : read.diagnostics) {
        context.err << one.line() << '\n';
    }
    if (!read.file) {
        throw fleet_file::error_of(read, path.string());
    }
    ground.file = *std::move(read.file);
    // Throws what applying it would throw.
    const auto changes = fleet_file::changes_for(ground.file, *ground.store);
    if (read.exists && !changes.empty()) {
        context.err << "fleet: would apply " << fleet_file::kFileName << ": "
                    << printable(changes.summary()) << std::endl;
    }
    return ground;
}

/// As it would be once the file is applied.
model::PoolPolicy pool_of(const Ground& ground, const std::string& name) {
    const auto declared =
        std::ranges::find(ground.file.pools, name, &fleet_file::PoolDeclaration::pool);
    model::PoolPolicy policy;
    if (declared == ground.file.pools.end()) {
        return require_pool(*ground.store, name);
    }
    policy = ground.store->scaling().pool(name).value_or(policy);
    policy.slots_per_worker = declared->slots_per_worker.value_or(policy.slots_per_worker);
    return policy;
}

/// The provider's row as it would be once the file is applied.
model::Provider row_of(const std::string& name, const std::vector<model::Provider>& rows,
                       const fleet_file::FleetFile& file, const pace::Moment& moment) {
    const auto declared = [&file](const std::string& one) -> std::optional<model::ProviderRules> {
        const auto found = std::ranges::find(file.providers, one, &model::ProviderRules::name);
        return found == file.providers.end() ? std::nullopt : std::optional(*found);
    };
    const auto stored = [&rows](const std::string& one) -> const model::Provider* {
        const auto found = std::ranges::find_if(
            rows, [&one](const model::Provider& row) { return row.rules.name == one; });
        return found == rows.end() ? nullptr : &*found;
    };
    const std::string provider = pace::provider_of(name);
    const model::Provider* const known = stored(name);
    std::optional<model::ProviderRules> rules = declared(name);
    if (!rules && !provider.empty() && (known == nullptr || !known->configured)) {
        if (const auto of_all = declared(provider)) {
            rules = pace::rules_for(*of_all, name);
        } else if (const model::Provider* const parent = stored(provider);
                   parent != nullptr && parent->configured) {
            rules = pace::rules_for(parent->rules, name);
        }
    }
    if (known == nullptr) {
        return pace::new_provider(rules.value_or(model::ProviderRules{.name = name}), moment);
    }
    model::Provider row = *known;
    if (rules && row.rules != *rules) {
        pace::change_rules(row, *rules, moment);
    }
    return row;
}

void look_at_providers(const Ground& ground, DryRun& run) {
    const std::vector<model::Provider> rows = ground.store->usage().providers();
    const pace::Moment moment{ground.store->now(), run.now};
    for (const estimate::ProviderLine& line : run.estimate->providers) {
        ProviderOutlook outlook{line, row_of(line.provider, rows, ground.file, moment), {}, {}};
        outlook.left = estimate::budget_left(outlook.row, moment.wall);
        outlook.course = estimate::course_of(line.need(), outlook.row, moment.wall);
        run.providers.push_back(std::move(outlook));
    }
}

void add_notes(const engine::Program& program, DryRun& run) {
    std::set<std::string> without_price;
    for (const estimate::AgentLine& line : run.estimate->agents) {
        if (!line.trouble.empty()) {
            run.notes.push_back("the agent `" + line.agent +
                                "` could not be called: " + line.trouble);
        } else if (!line.provider.empty() && !line.cost_micros &&
                   without_price.insert(line.provider).second) {
            run.notes.push_back("no price known for " + line.provider + ": set `providers: " +
                                line.provider + ": prices: {input: N, output: N}` in fleet.yml");
        }
    }
    const bool has_hooks = std::ranges::any_of(program.machines(), [](const auto& machine) {
        return !machine.lifecycle_hooks.empty() ||
               std::ranges::any_of(machine.states, [](const engine::State& state) {
                   return !state.hooks.empty() || state.definition->action.has_value();
               });
    });
    if (has_hooks) {
        run.notes.emplace_back(
            "actions and hooks were not run: what they would tell, and where they would lead, is "
            "not in the figures");
    }
    if (run.trials.ended_early > 0) {
        run.notes.push_back(std::to_string(run.trials.ended_early) + " of " +
                            std::to_string(run.trials.items) +
                            " trial runs did not come to their end: " + run.trials.why);
    }
    if (run.trials.is_cut) {
        run.notes.emplace_back("the trial runs were cut off: they take long, or go around");
    }
}

void estimate_machine(const CommandContext& context, const Ground& ground,
                      const Submission& submission, const std::vector<std::string>& sample,
                      DryRun& run) {
    auto loaded = config::load_canonical(submission.machine->config.raw);
    const auto program = engine::Program::compile(*std::move(loaded.bundle));
    const estimate::AllAgents agents = estimate::read_agents(*program, ground.file.settings);
    const estimate::CallHistories calls = estimate::read_calls(*ground.store, run.now);
    run.history = estimate::read_machine(*ground.store, run.pool, submission.machine->config.hash,
                                         submission.machine->config.machine_name);
    const auto answer_tokens = [&calls](const estimate::AgentFacts& agent,
                                        const std::string& stage) {
        const auto known = calls.find({agent.provider, stage});
        return known == calls.end()
                   ? agent.most_output_tokens
                   : static_cast<std::int64_t>(std::llround(known->second.output_tokens));
    };
    estimate::TrialRuns trials({.program = program,
                                .agents = agents,
                                .providers = ground.file.settings,
                                .clock = context.clock,
                                .answer_tokens = answer_tokens});
    for (const std::string& item : sample) {
        if (!trials.run(item)) {
            break;
        }
    }
    run.trials = trials.result();
    run.estimate = estimate::make_estimate({.program = *program,
                                            .entry = 0,
                                            .items = run.items,
                                            .max_attempts = submission.spec.max_attempts,
                                            .agents = agents,
                                            .trials = run.trials,
                                            .calls = calls,
                                            .machine = run.history});
    look_at_providers(ground, run);
    add_notes(*program, run);
}

int slots_there(contracts::Store& store, const std::string& pool) {
    contracts::WorkerFilter filter;
    filter.statuses = {model::WorkerStatus::active};
    filter.kind = model::WorkerKind::worker;
    int slots = 0;
    for (const model::WorkerRecord& worker : store.registration().list(filter)) {
        slots += worker.pool == pool && worker.batch.empty() && !worker.stale ? worker.slots : 0;
    }
    return slots;
}

std::string name_of(const Submission& submission) {
    if (submission.machine) {
        return submission.machine->config.machine_name;
    }
    return submission.spec.argv.empty() ? submission.spec.machine : submission.spec.argv.front();
}

}  // namespace

int dry_run(CommandContext& context, const SubmissionOptions& options, const Submission& submission,
            const DryRunOptions& how) {
    const Ground ground = look_around(context);
    const model::PoolPolicy pool = pool_of(ground, options.pool);
    if (!options.batch.empty()) {
        require_new_batch(*ground.store, options.batch);
    }
    DryRun run;
    run.what = name_of(submission);
    run.pool = options.pool;
    run.now = context.clock.wall_now();
    run.items = 1;
    estimate::ItemSample sample(kMostSampled);
    if (options.items) {
        const SpoolSummary summary = read_items(
            absolute_items(context, *options.items), options.raw,
            [&](std::string_view input, std::int64_t line) {
                submission.check(input, line);
                sample.add(input);
            },
            how.stop_fd);
        run.items = summary.items;
        run.empty_lines = summary.empty_lines;
    } else {
        sample.add(submission.input);
    }
    const bool runs_commands = submission.spec.machine == "builtin:command";
    run.slots =
        how.run ? most_workers(how.run->workers) * slots_of_worker(*how.run, pool, runs_commands)
                : slots_there(*ground.store, options.pool);
    if (submission.machine) {
        estimate_machine(context, ground, submission, sample.items(), run);
    } else {
        run.times = estimate::read_times(*ground.store, options.pool, submission.spec);
    }
    if (how.json) {
        context.out << to_json_text(run) << std::endl;
    } else {
        print_dry_run(context, run);
    }
    return kExitDone;
}

}  // namespace fleet::cli
