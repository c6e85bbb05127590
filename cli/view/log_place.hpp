// Where the log files of one attempt are, also while it runs and its record is not written yet.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/model/execution.hpp"

namespace fleet::cli {

struct LogPlace {
    std::string stdout_path;
    std::string stderr_path;
    /// Where the command's own output begins; unset: after the header, which must be looked for.
    std::optional<std::int64_t> stdout_offset;
};

/// From the attempt's record, else by looking where a worker puts them. nullopt: there are none
/// (work inside the worker, or not begun).
[[nodiscard]] std::optional<LogPlace> locate_logs(const std::filesystem::path& data_folder,
                                                  const model::Execution& execution,
                                                  const std::vector<model::Attempt>& attempts,
                                                  int number);

/// Length of the header at the beginning of a stdout log; 0 if it does not begin with one.
[[nodiscard]] std::int64_t header_length(const std::string& beginning);
/// So much of a file is read to find its header's end.
inline constexpr std::size_t kHeaderSearch = 256U << 10U;

}  // namespace fleet::cli
