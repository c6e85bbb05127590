// Applies step commits: fenced, idempotent, all or nothing each.
#pragma once

#include <filesystem>
#include <string>

#include "common/model/step_commit.hpp"
#include "common/store/sqlite/database.hpp"

namespace fleet::store::sqlite {

/// What is prepared before the transaction, so that the write lock is held shortly.
struct PreparedCommit {
    const model::StepCommit* commit = nullptr;
    std::string output_file;  ///< name of the file that holds a very long output, else empty
};

[[nodiscard]] model::CommitResult apply_commit(WriteTransaction& transaction, Database& database,
                                               const PreparedCommit& prepared);

}  // namespace fleet::store::sqlite
