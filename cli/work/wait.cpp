// `fleet wait`: blocks until executions or a batch have ended.
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/duration.hpp"
#include "cli/core/find_execution.hpp"
#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"
#include "common/base/errors.hpp"

namespace fleet::cli {
namespace {

/// The net under the wake-ups.
constexpr base::Millis kLongestWait{1'000};

struct Options {
    std::vector<std::string> ids;
    std::string batch;
    std::string timeout;
};

const Help kHelp{
    .description =
        "Waits until all the executions named, or all of a batch, have ended. Uses no\n"
        "processor time while it waits. It starts no workers.",
    .examples =
        "  fleet wait --batch nightly --timeout 2h\n"
        "  fleet wait $(fleet submit -- ./report)\n",
    .exit_codes =
        "  0    all are done\n"
        "  1    an error\n"
        "  2    bad usage\n"
        "  3    some failed or were cancelled\n"
        "  4    the time was over before all had ended\n",
};

/// Looks again whenever the topic is notified, until `look` gives an answer or the time is over.
class Waiter {
  public:
    Waiter(const CommandContext& context, contracts::Store& store,
           std::optional<base::Millis> limit)
        : clock_(context.clock),
          triggers_(store.triggers()),
          deadline_(limit ? context.clock.boot_now() + *limit : base::BootTime::max()) {}

    template <typename Look>
    [[nodiscard]] bool until(const std::string& topic, Look look) {
        for (;;) {
            const auto ticket = triggers_.ticket(topic);
            if (look()) {
                return true;
            }
            const auto left = std::chrono::ceil<base::Millis>(deadline_ - clock_.boot_now());
            const base::Millis rest = std::min(kLongestWait, left);
            if (rest.count() <= 0) {
                return false;
            }
            static_cast<void>(triggers_.wait(topic, ticket, rest, std::stop_token()));
        }
    }

  private:
    const base::Clock& clock_;
    contracts::TriggerBackend& triggers_;
    const base::BootTime deadline_;
};

int wait_batch(CommandContext& context, contracts::Store& store, const Options& options,
               Waiter& waiter) {
    model::Batch batch = require_batch(store, options.batch);
    const bool over = waiter.until(contracts::batch_topic(batch.name), [&] {
        batch = require_batch(store, options.batch);
        return batch.state != model::BatchState::loading &&
               batch.counts.terminal() == batch.counts.total();
    });
    const model::StatusCounts& counts = batch.counts;
    if (!over) {
        context.err << "batch " << batch.name << ": "
                    << with_commas(counts.total() - counts.terminal()) << " of "
                    << with_commas(counts.total()) << " not finished"
                    << (batch.state == model::BatchState::loading ? ", and more are loaded" : "")
                    << std::endl;
        return kExitTimedOut;
    }
    if (counts.failed + counts.cancelled > 0) {
        context.err << "batch " << batch.name << ": " << with_commas(counts.failed) << " failed, "
                    << with_commas(counts.cancelled) << " cancelled; see `fleet errors --batch "
                    << batch.name << "`" << std::endl;
        return kExitSomeFailed;
    }
    return kExitDone;
}

int wait_ids(CommandContext& context, contracts::Store& store, const Options& options,
             Waiter& waiter) {
    int exit_code = kExitDone;
    // One after the other: all of them have to end anyway.
    for (const model::ExecutionId& id : resolve_ids(store, options.ids)) {
        model::Execution execution;
        const auto look = [&] {
            auto found = store.work().get(id);
            if (!found) {
                throw base::ConfigError("execution " + id.text() + " is not in the store any more",
                                        "it was pruned");
            }
            execution = std::move(*found);
            return model::is_terminal(execution.status);
        };
        if (look()) {
            // No need to wait.
        } else if (!waiter.until(execution.batch.empty() ? contracts::results_topic()
                                                         : contracts::batch_topic(execution.batch),
                                 look)) {
            context.err << "execution " << id.text() << " is " << to_text(execution.status)
                        << std::endl;
            return kExitTimedOut;
        }
        if (execution.status != model::Status::done) {
            context.err << "execution " << id.text() << " is " << to_text(execution.status)
                        << "; see `fleet why " << id.text() << "`" << std::endl;
            exit_code = kExitSomeFailed;
        }
    }
    return exit_code;
}

int wait(CommandContext& context, const Options& options) {
    if (options.ids.empty() == options.batch.empty()) {
        throw UsageError("name executions or one --batch");
    }
    std::optional<base::Millis> limit;
    if (!options.timeout.empty()) {
        limit = parse_duration(options.timeout, "--timeout");
    }
    const auto store = context.open_store(store::Missing::refuse);
    Waiter waiter(context, *store, limit);
    return options.batch.empty() ? wait_ids(context, *store, options, waiter)
                                 : wait_batch(context, *store, options, waiter);
}

}  // namespace

void add_wait_command(Commands& commands) {
    CLI::App& command =
        commands.add("wait", Group::work, "waits until executions have ended", kHelp);
    auto options = std::make_shared<Options>();
    command.add_option("ID", options->ids, "executions");
    command.add_option("--batch", options->batch, "all of this batch")->type_name("NAME");
    command.add_option("--timeout", options->timeout, "the longest wait (30s, 2h)")
        ->type_name("TIME");
    commands.on(command, [options](CommandContext& context) { return wait(context, *options); });
}

}  // namespace fleet::cli
