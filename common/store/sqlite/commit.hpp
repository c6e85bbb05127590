// Applies step commits: fenced, idempotent, all or nothing each.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/model/step_commit.hpp"
#include "common/store/sqlite/database.hpp"

namespace fleet::store::sqlite {

/// What is prepared before the transaction, so that the write lock is held shortly.
struct PreparedCommit {
    const model::StepCommit* commit = nullptr;
    std::string output_file;  ///< name of the file that holds a very long output, else empty
    std::vector<std::string> in_place_files;  ///< the same for each in-place step
};

[[nodiscard]] model::CommitResult apply_commit(WriteTransaction& transaction, Database& database,
                                               const PreparedCommit& prepared);

}  // namespace fleet::store::sqlite
