// Days of the calendar as people write them on a command line.
#pragma once

#include <string>
#include <string_view>

#include "common/base/time.hpp"

namespace fleet::cli {

/// "2026-11-21", as it stands. Throws UsageError naming `option` for anything that is no day.
[[nodiscard]] std::string parse_day(std::string_view text, const std::string& option);
/// The UTC day of that time.
[[nodiscard]] std::string utc_day(base::WallTime time);

}  // namespace fleet::cli
