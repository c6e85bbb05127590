#include "machines/fleet_file/changes.hpp"

#include <algorithm>
#include <utility>

#include "common/contracts/trigger.hpp"
#include "machines/fleet_file/settings_text.hpp"

namespace fleet::fleet_file {

void take_settings(const PoolDeclaration& pool, model::PoolPolicy& policy) {
    policy.min_workers = pool.min_workers.value_or(policy.min_workers);
    policy.max_workers = pool.max_workers.value_or(policy.max_workers);
    policy.slots_per_worker = pool.slots_per_worker.value_or(policy.slots_per_worker);
    policy.drain_target = pool.drain_target.value_or(policy.drain_target);
    policy.max_wait = pool.max_wait.value_or(policy.max_wait);
    policy.stabilization = pool.stabilization.value_or(policy.stabilization);
    policy.service_prior = pool.service_prior.value_or(policy.service_prior);
}

namespace {

std::string_view word_of(Subject subject) {
    return subject == Subject::provider ? "provider" : "pool";
}

/// Both lists have the same names. What is new has no values before.
std::vector<SettingChange> difference(const SettingList& before, const SettingList& after,
                                      bool is_new) {
    std::vector<SettingChange> changed;
    for (std::size_t i = 0; i < after.size(); ++i) {
        if (before[i].second != after[i].second) {
            changed.push_back(
                {after[i].first, is_new ? std::string() : before[i].second, after[i].second});
        }
    }
    return changed;
}

void declare(const PoolDeclaration& pool, model::PoolPolicy& policy) {
    take_settings(pool, policy);
    if (policy.max_workers && policy.min_workers > *policy.max_workers) {
        const std::string least = std::to_string(policy.min_workers);
        const std::string most = std::to_string(*policy.max_workers);
        const bool says_min = pool.min_workers.has_value();
        throw base::ConfigError(
            "applying pool \"" + pool.pool + "\" in line " + std::to_string(pool.at.line) +
                ": its least number of workers " + (says_min ? "" : "in the store ") + "(" + least +
                ") would be above its most " + (says_min ? "in the store " : "") + "(" + most + ")",
            "write both `min` and `max` into the file");
    }
}

void declare_stages(const PoolDeclaration& pool, model::PoolPolicy& policy,
                    std::vector<Change>& all) {
    for (const model::StagePolicy& stage : pool.stages) {
        const auto found =
            std::ranges::find(policy.stages, stage.stage, &model::StagePolicy::stage);
        Change change{.subject = Subject::stage, .name = pool.pool, .stage = stage.stage};
        change.is_new = found == policy.stages.end();
        const model::StagePolicy before = change.is_new ? model::StagePolicy{} : *found;
        change.settings = difference(settings_of(before), settings_of(stage), change.is_new);
        if (change.is_new) {
            policy.stages.push_back(stage);
        } else {
            *found = stage;
        }
        if (change.is_new || !change.settings.empty()) {
            all.push_back(std::move(change));
        }
    }
    std::ranges::stable_sort(policy.stages, {}, &model::StagePolicy::rank);
}

void compare_pool(const PoolDeclaration& pool, contracts::Store& store, Changes& changes) {
    const auto known = store.scaling().pool(pool.pool);
    Change change{.subject = Subject::pool, .name = pool.pool, .is_new = !known};
    model::PoolPolicy policy = known.value_or(model::PoolPolicy{});
    const model::PoolPolicy before = policy;
    policy.pool = pool.pool;
    declare(pool, policy);
    change.settings = difference(settings_of(before), settings_of(policy), change.is_new);
    if (change.is_new || !change.settings.empty()) {
        changes.all.push_back(std::move(change));
    }
    declare_stages(pool, policy, changes.all);
    if (!known || policy != before) {
        changes.pools.push_back(std::move(policy));
    }
}

/// What the store has of it and what is declared; nothing when they are the same.
void compare_provider(const model::ProviderRules& rules,
                      const std::vector<model::Provider>& providers, bool only_known,
                      Changes& changes) {
    const auto known = std::ranges::find_if(
        providers, [&](const model::Provider& one) { return one.rules.name == rules.name; });
    Change change{.subject = Subject::provider, .name = rules.name};
    change.is_new = known == providers.end() || !known->configured;
    if (change.is_new && only_known) {
        return;
    }
    const model::ProviderRules before =
        change.is_new ? model::ProviderRules{.name = rules.name} : known->rules;
    if (!change.is_new && before == rules) {
        return;
    }
    change.settings = difference(settings_of(before), settings_of(rules), change.is_new);
    changes.all.push_back(std::move(change));
    changes.providers.push_back(rules);
}

void compare_providers(const FleetFile& file, contracts::Store& store, Changes& changes) {
    if (file.providers.empty() && file.without_rules.empty()) {
        return;
    }
    const std::vector<model::Provider> providers = store.usage().providers();
    for (const model::ProviderRules& rules : file.providers) {
        compare_provider(rules, providers, false, changes);
    }
    // What the file does not say any more holds no more.
    for (const std::string& name : file.without_rules) {
        compare_provider(model::ProviderRules{.name = name}, providers, true, changes);
    }
}

}  // namespace

std::string Change::line() const {
    std::string text = std::string(word_of(subject)) + ' ' + name;
    text += subject == Subject::stage ? ", stage " + stage + ": " : ": ";
    text += is_new ? "new" : "";
    for (const SettingChange& one : settings) {
        std::string setting = one.setting;
        std::ranges::replace(setting, '.', ' ');
        const bool is_first = &one == settings.data();
        text += is_first && !is_new ? "" : is_first ? ": " : ", ";
        text += setting + ' ' + (is_new ? "" : one.before + " -> ") + one.after;
    }
    return text;
}

std::string Changes::summary() const {
    constexpr std::size_t kShown = 4;
    std::string text;
    for (std::size_t i = 0; i < std::min(kShown, all.size()); ++i) {
        text += (i == 0 ? "" : "; ") + all[i].line();
    }
    return all.size() <= kShown ? text
                                : text + "; and " + std::to_string(all.size() - kShown) + " more";
}

Changes changes_for(const FleetFile& file, contracts::Store& store) {
    Changes changes;
    for (const PoolDeclaration& pool : file.pools) {
        compare_pool(pool, store, changes);
    }
    compare_providers(file, store, changes);
    return changes;
}

void apply(const Changes& changes, contracts::Store& store) {
    for (const model::PoolPolicy& policy : changes.pools) {
        store.scaling().put_pool(policy);
    }
    if (!changes.providers.empty()) {
        store.usage().configure(changes.providers);
    }
    if (!changes.empty()) {
        store.triggers().notify(contracts::scaler_topic());
    }
}

std::filesystem::path file_beside(const std::filesystem::path& data_folder) {
    return data_folder.empty() ? data_folder : data_folder.parent_path() / kFileName;
}

base::ConfigError error_of(const FleetFileRead& read, const std::string& shown) {
    const auto errors = std::ranges::count_if(read.diagnostics, [](const config::Diagnostic& one) {
        return one.severity != config::Severity::warning;
    });
    return base::ConfigError("the fleet's file " + shown + " has " + std::to_string(errors) +
                                 (errors == 1 ? " error" : " errors"),
                             "mend what is listed above; nothing was changed");
}

std::optional<Changes> apply_beside(contracts::Store& store,
                                    const std::function<void(const config::Diagnostic&)>& tell) {
    const std::filesystem::path path = file_beside(store.data_folder());
    if (path.empty()) {
        return std::nullopt;
    }
    const FleetFileRead read = read_fleet_file(path);
    std::ranges::for_each(read.diagnostics, tell);
    if (!read.file) {
        throw error_of(read, path.string());
    }
    if (!read.exists) {
        return std::nullopt;
    }
    Changes changes = changes_for(*read.file, store);
    apply(changes, store);
    return changes;
}

}  // namespace fleet::fleet_file
