// Brings the items of a spool file into the store, in chunks that may each be repeated, and seals
// the batch. Whatever kills it, another loader goes on where the store says the last one was.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/items/line_reader.hpp"
#include "common/base/errors.hpp"
#include "common/base/fd.hpp"
#include "common/base/time.hpp"
#include "common/contracts/store.hpp"
#include "common/model/batch.hpp"

namespace fleet::cli {

/// What all items of a load have in common, besides what the batch says.
struct LoadOptions {
    int max_attempts = 1;
    int priority = 0;
    base::Millis delay{0};
    std::string unique_key;  ///< a template (placeholder.hpp); empty: none
    std::string stage = {};  ///< in which they begin; empty: the pool's default stage
    int stage_rank = 0;
};

class BatchLoader {
  public:
    using OnPushed = std::function<void(const contracts::PushedExecution&)>;

    /// `batch` must be loading; lines up to its `loaded_lines` are skipped. Throws ConfigError when
    /// the spool file is not there.
    BatchLoader(contracts::Store& store, const model::Batch& batch, std::filesystem::path spool,
                LoadOptions options);

    enum class Step {
        more,       ///< call again
        finished,   ///< everything is in, the batch is sealed, the spool file is removed
        cancelled,  ///< somebody cancelled the batch; the spool file is removed
    };
    /// Pushes one chunk, in one transaction. `on_pushed` sees each of it in order.
    Step step(const OnPushed& on_pushed = {});
    /// Items pushed by this loader.
    [[nodiscard]] std::int64_t pushed() const { return pushed_; }

  private:
    void fill_chunk();
    void add_item(std::int64_t line, std::string_view input);
    Step load_chunk(const OnPushed& on_pushed);
    [[nodiscard]] base::StoreError cut_off(const base::StoreError& error) const;
    contracts::PushResult push_repeatedly(const contracts::PushRequest& request);
    void remove_spool();

    contracts::Store& store_;
    model::Batch batch_;
    std::filesystem::path spool_;
    LoadOptions options_;
    base::UniqueFd fd_;
    std::optional<LineReader> reader_;
    contracts::PushRequest chunk_;
    std::size_t chunk_bytes_ = 0;
    bool at_end_ = false;
    std::int64_t pushed_ = 0;
};

/// DATA/spool.
[[nodiscard]] std::filesystem::path spool_folder(contracts::Store& store);
/// A new name of a spool file for the batch. (Two submissions may try the same batch name at once.)
[[nodiscard]] std::string new_spool_name(const std::string& batch);

/// Removes spool files older than a day whose batch is not loading: leftovers of submissions that
/// were ended before their batch was made, or right after it was sealed.
void remove_stale_spools(contracts::Store& store);

}  // namespace fleet::cli
