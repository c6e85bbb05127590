// What follows a step: parking, entering a stage, and the steps of in-place children. Every
// function runs inside a write transaction.
#pragma once

#include <string>
#include <string_view>

#include "common/contracts/work.hpp"
#include "common/model/step_commit.hpp"
#include "common/store/sqlite/execution_row.hpp"

namespace fleet::store::sqlite {

inline void go_on(WriteTransaction& /*transaction*/, const ExecutionRow& /*row*/,
                  const model::NextRunning& /*next*/) {}
void go_on(WriteTransaction& transaction, const ExecutionRow& row, const model::NextPending& next);
void go_on(WriteTransaction& transaction, const ExecutionRow& row, const model::NextWaiting& next);
void go_on(WriteTransaction& transaction, const ExecutionRow& row, const model::NextChildren& next);

/// One step of an open in-place child; `output_file` as in PreparedCommit.
void apply_in_place(WriteTransaction& transaction, const model::InPlaceStep& step,
                    const std::string& output_file);

/// What stands in the row for this resume point: itself, or nothing when it is long and was put
/// among the payloads.
[[nodiscard]] std::string_view put_resume_point(WriteTransaction& transaction, std::int64_t seq,
                                                std::string_view json);
/// Goes on from the latest checkpoint if that is newer than the resume point: another member of the
/// family has written it.
void adopt_newer(WriteTransaction& transaction, contracts::Claimed& claimed);
/// True: the output is short, the caller writes it into the row. False: it is kept elsewhere.
[[nodiscard]] bool put_output(WriteTransaction& transaction, std::int64_t seq,
                              const std::string& output, const std::string& output_file);

}  // namespace fleet::store::sqlite
