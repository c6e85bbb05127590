// What `run` and `resume` say at the end. Pure: figures in, text out.
#pragma once

#include <string>
#include <vector>

#include "cli/core/terminal.hpp"
#include "common/base/json_text.hpp"
#include "common/base/time.hpp"
#include "common/contracts/work.hpp"
#include "common/model/batch.hpp"

namespace fleet::cli {

/// The most groups of failures that a summary shows.
inline constexpr std::size_t kSummaryGroups = 5;

struct Summary {
    model::Batch batch;  ///< without a name: what the pool's workers share
    std::int64_t empty_lines = 0;
    std::int64_t finished_here = 0;  ///< since this command began
    base::Millis elapsed{0};
    std::vector<contracts::ErrorGroup> errors;  ///< one more than shown means: there are more
    std::string single_id;                      ///< of the one execution, if the batch has one
    std::string output;  ///< where the results were written; empty: the store only
    bool interrupted = false;
    bool only_new_is_open = false;  ///< what was begun has ended, the rest was to be left
    std::string how_to_go_on;       ///< said when the batch is not finished
    int exit_code = 0;
};

[[nodiscard]] std::vector<std::string> summary_lines(const Summary& summary,
                                                     const Terminal& terminal);
[[nodiscard]] base::JsonText summary_json(const Summary& summary);

}  // namespace fleet::cli
