// Results as JSON lines: id, status, input, output, error. Read page by page; nothing is written
// while a read of the store is under way.
#pragma once

#include <cstdint>
#include <filesystem>
#include <ostream>
#include <string>

#include "common/base/json_text.hpp"
#include "common/contracts/store.hpp"

namespace fleet::cli {

/// One line without its line break.
[[nodiscard]] base::JsonText result_line(const model::Execution& execution);

/// All that the filter finds (its limit and page are set here). Returns how many.
std::int64_t write_results(contracts::WorkBackend& work, contracts::ExecutionFilter filter,
                           std::ostream& out);

/// The same into a file, which appears under its name when it is complete. Throws ConfigError.
std::int64_t write_results_file(contracts::WorkBackend& work,
                                const contracts::ExecutionFilter& filter,
                                const std::filesystem::path& file);

/// Asked before work begins: throws ConfigError when the file's folder is not there or the file
/// cannot be written.
void check_output_file(const std::filesystem::path& file);

}  // namespace fleet::cli
