// `fleet submit`: work for the workers that are there; prints the ids.
#include <memory>
#include <string>
#include <variant>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"
#include "cli/items/batch_loader.hpp"
#include "cli/operate/fleet_file_start.hpp"
#include "cli/work/dry_run.hpp"
#include "cli/work/host_scaler.hpp"
#include "cli/work/submission.hpp"
#include "common/base/errors.hpp"
#include "machines/calls/placeholder.hpp"

namespace fleet::cli {
namespace {

constexpr int kDefaultAttempts = 3;
constexpr int kPushTries = 5;

struct Options {
    SubmissionOptions submission;
    bool json = false;
};

const Help kHelp{
    .description =
        "Puts work into the store and returns when all of it is there; workers of the pool begin\n"
        "at once. Prints the ids of the executions, one per line, in the order of the items. Use\n"
        "`fleet run` to have workers started and to wait for the end.\n"
        "\n"
        "Items and placeholders are those of `fleet run --help`. With --items or --batch the\n"
        "executions form a batch, which `fleet wait`, `results` and `cancel` take by its name. A\n"
        "loading that was cut off goes on with `fleet resume BATCH`.\n"
        "\n"
        "--unique KEY does not submit what is in the pool already under that key and not "
        "finished;\n"
        "the id that holds the key is printed instead.\n"
        "\n"
        "A fleet.yml beside the store is applied first, as `fleet apply` does. --dry-run submits\n"
        "nothing and says what it would come to, as with `fleet run`.",
    .examples =
        "  fleet submit -- ./nightly-report\n"
        "  fleet submit --items urls.txt --batch fetch --unique '{}' -- curl -sSf -O {}\n"
        "  fleet submit --delay 10m --priority 5 --pool small -- ./cleanup\n"
        "  ID=$(fleet submit --input '{\"seconds\": 1}' builtin:sleep) && fleet wait $ID\n",
};

/// Prints ids as they are accepted.
class IdPrinter {
  public:
    IdPrinter(CommandContext& context, bool json)
        : context_(context), json_(json), list_(context.out, Format::json) {}

    void operator()(const contracts::PushedExecution& pushed) {
        if (pushed.outcome == contracts::PushedExecution::Outcome::duplicate_key) {
            ++duplicates_;
        }
        if (json_) {
            list_.add('"' + pushed.id.text() + '"');
        } else {
            context_.out << pushed.id.text() << '\n';
        }
    }
    void finish() {
        if (json_) {
            list_.finish();
        }
        context_.out << std::flush;
        if (duplicates_ > 0) {
            context_.err << with_commas(duplicates_)
                         << " not submitted: their unique keys are in the pool already"
                         << std::endl;
        }
    }

  private:
    CommandContext& context_;
    bool json_;
    JsonList list_;
    std::int64_t duplicates_ = 0;
};

contracts::PushRequest single_push(const CommandContext& context, contracts::Store& store,
                                   const SubmissionOptions& options, const Submission& submission) {
    contracts::PushRequest request;
    request.pool = options.pool;
    request.spec = store.work().put_spec(submission.spec);
    request.max_attempts = submission.spec.max_attempts;
    if (submission.machine) {
        store.checkpoints().put_config(submission.machine->config);
        request.stage = submission.machine->stage;
        request.stage_rank = submission.machine->stage_rank;
    }
    contracts::NewExecution execution;
    base::UuidGenerator ids;
    execution.id = ids.next(context.clock.wall_now());
    execution.input = submission.input;
    execution.item_number = 1;
    execution.priority = options.priority;
    execution.delay = submission.delay;
    if (!options.unique_key.empty()) {
        auto key = calls::TextTemplate(options.unique_key)
                       .expand(calls::Item(execution.input, execution.item_number));
        // The check of the submission refused a key that does not fit.
        execution.unique_key = std::get<std::string>(std::move(key));
    }
    request.executions.push_back(std::move(execution));
    return request;
}

void submit_one(CommandContext& context, contracts::Store& store, const Options& options,
                const Submission& submission, IdPrinter& print) {
    require_pool(store, options.submission.pool);
    const contracts::PushRequest request =
        single_push(context, store, options.submission, submission);
    for (int tries = 1;; ++tries) {
        try {
            const contracts::PushResult result = store.work().push(request);
            if (result.outcome != contracts::PushResult::Outcome::pushed) {
                require_pool(store, options.submission.pool);
                throw base::StoreError(
                    base::StoreError::Kind::internal,
                    "submitting to pool " + options.submission.pool + ": the store refused it");
            }
            print(result.executions.front());
            return;
        } catch (const base::StoreError& error) {
            // The id is fixed: repeating cannot submit twice.
            if (error.kind() != base::StoreError::Kind::unknown || tries == kPushTries) {
                throw;
            }
        }
    }
}

void submit_batch(CommandContext& context, contracts::Store& store, const Options& options,
                  const Submission& submission, IdPrinter& print) {
    const PreparedBatch prepared =
        prepare_batch(context, store, options.submission, submission, false, {});
    BatchLoader loader(store, prepared.batch, spool_folder(store) / prepared.options.spool,
                       prepared.options.load);
    BatchLoader::Step step = BatchLoader::Step::more;
    while (step == BatchLoader::Step::more) {
        step = loader.step([&print](const contracts::PushedExecution& pushed) { print(pushed); });
    }
    if (step == BatchLoader::Step::cancelled) {
        throw base::ConfigError("batch " + prepared.batch.name + " was cancelled while it loaded");
    }
}

int submit(CommandContext& context, const Options& options) {
    const Submission submission = prepare_submission(context, options.submission, kDefaultAttempts);
    if (options.submission.dry_run) {
        return dry_run(context, options.submission, submission, {.json = options.json});
    }
    const auto store = context.open_store(store::Missing::create);
    check_shared(*store);
    apply_fleet_file(context, *store);
    IdPrinter print(context, options.json);
    if (options.submission.items || !options.submission.batch.empty()) {
        submit_batch(context, *store, options, submission, print);
    } else {
        submit_one(context, *store, options, submission, print);
    }
    print.finish();
    if (context.terminal.err_is_terminal() && !find_host_scaler(*store) &&
        count_workers(*store, options.submission.pool, "") == 0) {
        context.err << "no worker serves pool " << options.submission.pool
                    << " now; start one with `scaler --store "
                    << store->url().text_without_secrets() << "`" << std::endl;
    }
    return kExitDone;
}

}  // namespace

void add_submit_command(Commands& commands) {
    CLI::App& command =
        commands.add("submit", Group::work, "puts work into the store and prints its ids", kHelp);
    auto options = std::make_shared<Options>();
    add_submission_options(commands, command, options->submission);
    command.add_option("--delay", options->submission.delay, "not before this time has passed")
        ->type_name("TIME");
    command
        .add_option("--unique", options->submission.unique_key,
                    "not while the pool has this key; placeholders as in a command")
        ->type_name("KEY");
    command.add_flag("--json", options->json, "print the ids as one JSON array");
    commands.on(command, [options](CommandContext& context) { return submit(context, *options); });
}

}  // namespace fleet::cli
