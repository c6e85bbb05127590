// `fleet retire`: asks workers to leave.
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/duration.hpp"
#include "cli/core/interrupts.hpp"
#include "cli/view/describe.hpp"
#include "common/base/nearest.hpp"

namespace fleet::cli {
namespace {

/// The longest wait for a wake-up before the store and the signals are looked at again.
constexpr base::Millis kLook{500};

struct RetireOptions {
    std::vector<std::string> workers;
    std::string host;
    std::string timeout;
    bool wait = false;
};

std::vector<model::WorkerRecord> live_workers(contracts::Store& store, const std::string& host) {
    contracts::WorkerFilter filter;
    filter.kind = model::WorkerKind::worker;
    filter.statuses = {model::WorkerStatus::active, model::WorkerStatus::terminating};
    filter.host = host;
    return store.registration().list(filter);
}

std::vector<std::string> chosen(contracts::Store& store, const RetireOptions& options) {
    if (options.host.empty()) {
        return options.workers;
    }
    std::vector<std::string> ids;
    for (const model::WorkerRecord& worker : live_workers(store, options.host)) {
        ids.push_back(worker.worker_id);
    }
    if (ids.empty()) {
        throw base::ConfigError(
            "retiring the workers of host \"" + options.host + "\": none of them is alive",
            "`fleet workers --live` lists those that are");
    }
    return ids;
}

std::string unknown_worker_text(contracts::Store& store, const std::string& id) {
    std::vector<std::string> known;
    for (const model::WorkerRecord& worker : live_workers(store, "")) {
        known.push_back(worker.worker_id);
    }
    const auto nearest = base::nearest_name(id, known);
    return "retiring worker \"" + id + "\": it is not registered; " +
           (nearest ? "did you mean " + *nearest + "? " : "") + "`fleet workers --live` lists them";
}

/// False if it cannot retire; that was told.
bool retire_one(CommandContext& context, contracts::Store& store, const std::string& id) {
    using Outcome = contracts::StatusChange::Outcome;
    const contracts::StatusChange change = store.registration().update_status(
        id, model::WorkerStatus::terminating, "retired by `fleet retire`");
    switch (change.outcome) {
        case Outcome::changed:
            context.out << "worker " << id << " retires: nothing new, it finishes what it has\n";
            return true;
        case Outcome::unchanged:
            context.out << "worker " << id << " was retiring already\n";
            return true;
        case Outcome::illegal:
            context.err << "fleet: retiring worker " << id << ": " << change.message
                        << "; there is nothing left to retire" << std::endl;
            return false;
        case Outcome::not_found:
            break;
    }
    context.err << "fleet: " << unknown_worker_text(store, id) << std::endl;
    return false;
}

/// Those that have not ended.
std::vector<model::WorkerRecord> still_there(contracts::Store& store,
                                             const std::vector<std::string>& ids) {
    std::vector<model::WorkerRecord> there;
    for (const std::string& id : ids) {
        std::optional<model::WorkerRecord> worker = store.registration().get(id);
        if (worker && (worker->status == model::WorkerStatus::active ||
                       worker->status == model::WorkerStatus::terminating)) {
            there.push_back(*std::move(worker));
        }
    }
    return there;
}

int wait_for_end(CommandContext& context, contracts::Store& store,
                 const std::vector<std::string>& ids, std::optional<base::Millis> timeout,
                 Interrupts& interrupts) {
    const base::BootTime begin = context.clock.boot_now();
    for (;;) {
        // Every change of a worker's status tells the scalers' topic.
        const auto ticket = store.triggers().ticket(contracts::scaler_topic());
        const std::vector<model::WorkerRecord> there = still_there(store, ids);
        if (there.empty()) {
            context.out << "all of them have ended\n";
            return kExitDone;
        }
        if (timeout && context.clock.boot_now() - begin >= *timeout) {
            context.err << "fleet: waiting for workers to end: "
                        << counted(static_cast<std::int64_t>(there.size()), "worker")
                        << " still there after " << base::human_duration(*timeout)
                        << ", the first is " << there.front().worker_id
                        << "; they go on retiring, `fleet workers --live` shows them" << std::endl;
            return kExitTimedOut;
        }
        if (interrupts.take() != 0) {
            context.err << "fleet: interrupted; the workers go on retiring" << std::endl;
            return kExitInterrupted;
        }
        static_cast<void>(
            store.triggers().wait(contracts::scaler_topic(), ticket, kLook, std::stop_token()));
    }
}

int retire(CommandContext& context, const RetireOptions& options) {
    if (options.workers.empty() == options.host.empty()) {
        throw UsageError("name workers, or a host by --host, but not both");
    }
    std::optional<base::Millis> timeout;
    if (!options.timeout.empty()) {
        timeout = parse_duration(options.timeout, "--timeout");
    }
    // Before the store, which has threads.
    std::optional<Interrupts> interrupts;
    if (options.wait) {
        interrupts.emplace();
    }
    const auto store = context.open_store(store::Missing::refuse);
    std::vector<std::string> retiring;
    bool all = true;
    for (const std::string& id : chosen(*store, options)) {
        if (retire_one(context, *store, id)) {
            retiring.push_back(id);
        } else {
            all = false;
        }
    }
    context.out << std::flush;
    if (interrupts) {
        const int code = wait_for_end(context, *store, retiring, timeout, *interrupts);
        if (code != kExitDone) {
            return code;
        }
    }
    return all ? kExitDone : kExitError;
}

}  // namespace

void add_retire_command(Commands& commands) {
    CLI::App& app = commands.add(
        "retire", Group::running, "asks workers to finish what they have and to leave",
        {.description =
             "A retiring worker claims nothing new, finishes what it runs (after its grace it "
             "hands\n"
             "it back) and exits. A scaler starts others while there is work for them: to have "
             "fewer\n"
             "workers, lower the pool's --max by `fleet scale` or end the host's scaler.",
         .examples = "  fleet retire box1-k3v9x2mq\n"
                     "  fleet retire --host box1 --wait --timeout 5m\n",
         .exit_codes = "  0    done\n  1    a worker could not be retired\n  2    bad usage\n"
                       "  4    --timeout passed before all had ended\n  130  interrupted\n"});
    const auto options = std::make_shared<RetireOptions>();
    app.add_option("WORKER", options->workers, "ids of workers, as in `fleet workers`");
    app.add_option("--host", options->host, "all live workers of this host")->type_name("HOST");
    CLI::Option* wait = app.add_flag("--wait", options->wait, "wait until they have ended");
    app.add_option("--timeout", options->timeout, "with --wait: at most so long")
        ->type_name("DURATION")
        ->needs(wait);
    commands.on(app, [options](CommandContext& context) { return retire(context, *options); });
}

}  // namespace fleet::cli
