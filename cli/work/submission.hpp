// What `run` and `submit` have in common: the options that say what to run and on which items, and
// their checks, all of them before anything is submitted.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/core/app.hpp"
#include "cli/items/items_file.hpp"
#include "cli/work/batch_options.hpp"
#include "cli/work/stored_machine.hpp"
#include "common/base/json_text.hpp"
#include "common/model/batch.hpp"
#include "common/model/work_spec.hpp"

namespace fleet::cli {

struct SubmissionOptions {
    std::string machine;
    std::optional<std::string> items;
    bool raw = false;
    std::optional<std::string> input;
    std::string pool = "default";
    std::string batch;  ///< empty: a name is made
    std::optional<int> max_attempts;
    std::string timeout;
    std::string grace = "30s";
    std::string directory;
    std::vector<std::string> environment;
    bool item_on_stdin = false;
    int priority = 0;
    std::string delay;       ///< submit only
    std::string unique_key;  ///< submit only
    bool dry_run = false;    ///< say what it would come to, submit nothing
};

/// Adds the options of both commands, and that they take a command behind `--`.
void add_submission_options(Commands& commands, CLI::App& command, SubmissionOptions& options);

/// What passed the checks that need no store and no items.
struct Submission {
    model::WorkSpec spec;
    base::JsonText input;  ///< of the one execution when there are no items; empty: none
    std::optional<StoredMachine> machine;  ///< of a machine file
    base::Millis delay{0};
    /// Refuses an item that does not fit the command, the machine or the unique key.
    ItemCheck check;
};

/// `default_attempts` stands where --max-attempts was not given. Throws UsageError, or ConfigError
/// for a command that cannot be started and a directory that is not there.
[[nodiscard]] Submission prepare_submission(CommandContext& context,
                                            const SubmissionOptions& options, int default_attempts);

/// Submitted work is run by other processes. Throws ConfigError for a store that only this one
/// sees.
void check_shared(const contracts::Store& store);

/// "-", or the file's absolute path.
[[nodiscard]] std::string absolute_items(const CommandContext& context, const std::string& items);

/// Throws ConfigError when there is a batch of that name.
void require_new_batch(contracts::Store& store, const std::string& name);

/// A batch that is made and still empty; its items wait in the spool file.
struct PreparedBatch {
    model::Batch batch;
    BatchOptions options;
    std::int64_t empty_lines = 0;
};

/// Validates all items (or the one input) into the spool file, then makes the batch. Throws
/// ConfigError, also when the name is taken or the pool is unknown, and Cancelled once `stop_fd`
/// (-1: none) is readable; nothing is submitted then. `batch_options` gets what belongs to the
/// items.
[[nodiscard]] PreparedBatch prepare_batch(const CommandContext& context, contracts::Store& store,
                                          const SubmissionOptions& options,
                                          const Submission& submission, bool private_lane,
                                          BatchOptions batch_options, int stop_fd = -1);

}  // namespace fleet::cli
