// Durations as people write them on a command line.
#pragma once

#include <string>
#include <string_view>

#include "common/base/time.hpp"

namespace fleet::cli {

/// "250ms", "30s", "5m", "2h", "7d", "1w", "1h30m", "1.5h"; a plain number is seconds. Not
/// negative. Throws UsageError naming `option`.
[[nodiscard]] base::Millis parse_duration(std::string_view text, const std::string& option);

}  // namespace fleet::cli
