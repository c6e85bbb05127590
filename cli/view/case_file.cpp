#include "cli/view/case_file.hpp"

#include <algorithm>
#include <utility>

#include "cli/core/find_execution.hpp"
#include "cli/view/log_place.hpp"
#include "cli/view/provider_wait.hpp"
#include "common/pace/closed.hpp"

namespace fleet::cli {
namespace {

/// The record of an attempt is written at its end; until then its files tell about it.
void add_running_attempt(contracts::Store& store, CaseFile& file) {
    const model::Execution& execution = file.execution;
    const int number = execution.counters.attempt;
    if (execution.status != model::Status::running || !execution.started_at || number == 0) {
        return;
    }
    file.running_attempt = number;
    if (file.attempts.empty() || file.attempts.back().number != number) {
        model::Attempt running;
        running.number = number;
        running.worker_id = execution.worker_id;
        running.started_at = *execution.started_at;
        file.attempts.push_back(std::move(running));
    }
    model::Attempt& running = file.attempts.back();
    if (const auto place = locate_logs(store.data_folder(), execution, file.attempts, number)) {
        running.stdout_path = place->stdout_path;
        running.stderr_path = place->stderr_path;
    }
}

std::optional<model::Provider> find_provider(contracts::Store& store, const std::string& name) {
    for (model::Provider& provider : store.usage().providers()) {
        if (provider.rules.name == name) {
            return std::move(provider);
        }
    }
    return std::nullopt;
}

/// The provider of the stage that the execution is ready to enter; empty: none.
std::string provider_of_stage(const model::Execution& execution, const model::PoolPolicy& pool) {
    const bool is_ready = execution.status == model::Status::pending &&
                          !execution.due_in.value_or(base::Millis{0}).count();
    const auto stage = std::ranges::find(pool.stages, execution.stage, &model::StagePolicy::stage);
    return is_ready && stage != pool.stages.end() ? stage->provider : "";
}

/// Needs the execution and its pool.
void add_provider(contracts::Store& store, base::WallTime wall, CaseFile& file) {
    if (const auto wait = provider_waited_for(file.execution)) {
        file.provider = find_provider(store, wait->provider);
    }
    const std::string of_stage = file.pool ? provider_of_stage(file.execution, *file.pool) : "";
    if (of_stage.empty()) {
        return;
    }
    if (const auto provider = find_provider(store, of_stage)) {
        file.closed = pace::closed(*provider, {store.now(), wall});
        file.provider = file.closed ? provider : file.provider;
    }
}

}  // namespace

CaseFile read_case_file(contracts::Store& store, const std::string& typed, base::WallTime wall) {
    CaseFile file;
    file.execution = find_execution(store, typed);
    const model::Execution& execution = file.execution;
    file.attempts = store.work().attempts(execution.id);
    add_running_attempt(store, file);
    if (execution.spec > 0) {
        file.spec = store.work().spec(execution.spec);
    }
    if (file.spec && !file.spec->config.empty()) {
        if (const auto config = store.checkpoints().config(file.spec->config)) {
            file.machine_name = config->machine_name;
        }
        file.checkpoint = last_checkpoint(store, execution.id);
    }
    file.wait = children_wait(store, execution);
    if (!execution.batch.empty()) {
        file.batch = store.work().batch(execution.batch);
    }
    file.pool = store.scaling().pool(execution.pool);
    add_provider(store, wall, file);
    // Work of a private lane is taken by workers bound to its batch only, and they take nothing
    // else.
    const std::string lane = file.batch && file.batch->private_lane ? execution.batch : "";
    file.pressure = store.work().pressure(execution.pool, lane);
    contracts::WorkerFilter live;
    live.statuses = {model::WorkerStatus::active, model::WorkerStatus::terminating};
    for (model::WorkerRecord& worker : store.registration().list(live)) {
        if (worker.stale) {
            continue;
        }
        if (worker.kind == model::WorkerKind::host) {
            file.scaler_hosts.push_back(worker.host);
        } else if (worker.pool == execution.pool && worker.batch == lane &&
                   worker.status == model::WorkerStatus::active) {
            file.servers.push_back(std::move(worker));
        }
    }
    if (!execution.worker_id.empty()) {
        file.owner = store.registration().get(execution.worker_id);
    }
    file.store_text = store.url().text_without_secrets();
    file.now = store.now();
    return file;
}

}  // namespace fleet::cli
