#include "cli/items/batch_loader.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <limits>
#include <utility>
#include <variant>

#include <system_error>

#include "cli/items/items_file.hpp"
#include "common/base/errors.hpp"
#include "machines/calls/placeholder.hpp"

namespace fleet::cli {
namespace {

/// With large items a transaction is kept short by its bytes.
constexpr std::size_t kChunkBytes = 4U << 20U;
constexpr int kPushTries = 5;
constexpr std::size_t kSpoolSuffix = 8;
/// Number, tab and line break around an input.
constexpr std::size_t kSpoolOverhead = 32;

std::string unique_key_of(const LoadOptions& options, std::string_view input, std::int64_t line) {
    const calls::Item item(base::JsonText(input), line);
    auto key = calls::TextTemplate(options.unique_key).expand(item);
    if (const auto* error = std::get_if<calls::TemplateError>(&key)) {
        throw base::ConfigError("the unique key of item " + std::to_string(line) + ": " +
                                error->message);
    }
    return std::get<std::string>(std::move(key));
}

}  // namespace

BatchLoader::BatchLoader(contracts::Store& store, const model::Batch& batch,
                         std::filesystem::path spool, LoadOptions options)
    : store_(store), batch_(batch), spool_(std::move(spool)), options_(std::move(options)) {
    fd_ = base::UniqueFd(::open(spool_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd_) {
        throw base::ConfigError(
            base::describe_errno("loading batch " + batch.name + ": opening " + spool_.string(),
                                 errno),
            "without that file the rest of its items is not known; `fleet cancel --batch " +
                batch.name + "` and submit them again");
    }
    reader_.emplace(fd_.get(), spool_.string(), contracts::kMaxInputBytes + kSpoolOverhead);
    chunk_.batch = batch.name;
    chunk_.pool = batch.pool;
    chunk_.spec = batch.spec;
    chunk_.max_attempts = options_.max_attempts;
    chunk_.stage = options_.stage;
    chunk_.stage_rank = options_.stage_rank;
}

void BatchLoader::add_item(std::int64_t line, std::string_view input) {
    contracts::NewExecution item;
    item.id = base::derived_uuid(batch_.id_seed, static_cast<std::uint32_t>(line));
    item.input = base::JsonText(input);
    item.item_number = line;
    item.priority = options_.priority;
    item.delay = options_.delay;
    if (!options_.unique_key.empty()) {
        item.unique_key = unique_key_of(options_, input, line);
    }
    chunk_.executions.push_back(std::move(item));
    chunk_.loaded_lines = line;
    chunk_bytes_ += input.size();
}

void BatchLoader::fill_chunk() {
    chunk_.executions.clear();
    chunk_bytes_ = 0;
    while (chunk_.executions.size() < contracts::kMaxPush && chunk_bytes_ < kChunkBytes) {
        const auto line = reader_->next();
        if (!line) {
            at_end_ = true;
            return;
        }
        const SpooledItem item = parse_spool_line(*line, spool_.string());
        if (item.line > std::numeric_limits<std::uint32_t>::max()) {
            throw base::ConfigError("batch " + batch_.name + ": line " + std::to_string(item.line) +
                                        " is beyond the last number",
                                    "split the items into several batches");
        }
        if (item.line > batch_.loaded_lines) {
            add_item(item.line, item.input);
        }
    }
}

base::StoreError BatchLoader::cut_off(const base::StoreError& error) const {
    // What is in stays in: the batch is `loading` and its spool holds the rest.
    const std::string text = "loading batch " + batch_.name + ": " + error.what();
    if (error.kind() == base::StoreError::Kind::full) {
        return {error.kind(), text,
                "free some space, then go on with `fleet resume " + batch_.name +
                    "`, or drop it with `fleet cancel --batch " + batch_.name + "`"};
    }
    return {error.kind(), text, error.advice()};
}

contracts::PushResult BatchLoader::push_repeatedly(const contracts::PushRequest& request) {
    for (int tries = 1;; ++tries) {
        try {
            return store_.work().push(request);
        } catch (const base::StoreError& error) {
            const bool repeatable = error.kind() == base::StoreError::Kind::unknown ||
                                    error.kind() == base::StoreError::Kind::busy;
            if (!repeatable || tries == kPushTries) {
                throw;
            }
        }
    }
}

void BatchLoader::remove_spool() {
    std::error_code ignored;  // It is only room on the disk; remove_stale_spools looks again.
    std::filesystem::remove(spool_, ignored);
}

BatchLoader::Step BatchLoader::step(const OnPushed& on_pushed) {
    try {
        return load_chunk(on_pushed);
    } catch (const base::StoreError& error) {
        throw cut_off(error);
    }
}

BatchLoader::Step BatchLoader::load_chunk(const OnPushed& on_pushed) {
    fill_chunk();
    if (!chunk_.executions.empty()) {
        const contracts::PushResult result = push_repeatedly(chunk_);
        using Outcome = contracts::PushResult::Outcome;
        switch (result.outcome) {
            case Outcome::pushed:
                break;
            case Outcome::batch_cancelled:
                remove_spool();
                return Step::cancelled;
            case Outcome::batch_sealed:
                // Another process finished this loading: everything is in.
                remove_spool();
                return Step::finished;
            case Outcome::unknown_pool:
            case Outcome::unknown_batch:
                throw base::StoreError(base::StoreError::Kind::internal,
                                       "loading batch " + batch_.name + ": its pool " +
                                           batch_.pool + " or itself is not in the store any more");
        }
        pushed_ += static_cast<std::int64_t>(result.executions.size());
        if (on_pushed) {
            for (const contracts::PushedExecution& execution : result.executions) {
                on_pushed(execution);
            }
        }
    }
    if (!at_end_) {
        return Step::more;
    }
    store_.work().seal_batch(batch_.name);
    remove_spool();
    const auto sealed = store_.work().batch(batch_.name);
    return sealed && sealed->state == model::BatchState::cancelled ? Step::cancelled
                                                                   : Step::finished;
}

std::filesystem::path spool_folder(contracts::Store& store) {
    return store.data_folder() / "spool";
}

std::string new_spool_name(const std::string& batch) {
    return batch + '.' + base::random_word(kSpoolSuffix) + ".jsonl";
}

void remove_stale_spools(contracts::Store& store) {
    namespace fs = std::filesystem;
    const auto day_ago = fs::file_time_type::clock::now() - std::chrono::hours(24);
    std::error_code error;
    for (fs::directory_iterator file(spool_folder(store), error), end; !error && file != end;
         file.increment(error)) {
        std::error_code gone;
        if (file->last_write_time(gone) > day_ago || gone) {
            continue;
        }
        const fs::path name = file->path().filename();
        if (name.extension() != ".part") {
            const auto batch = store.work().batch(name.stem().stem().string());
            if (batch && batch->state == model::BatchState::loading) {
                continue;
            }
        }
        fs::remove(file->path(), gone);
    }
}

}  // namespace fleet::cli
