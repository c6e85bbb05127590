// Clock, statistics and memory, as all benchmarks take them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace fleet::bench {

/// CLOCK_BOOTTIME in nanoseconds: comparable with a StartMark of another process.
[[nodiscard]] std::int64_t boot_ns();
[[nodiscard]] double milliseconds(std::int64_t from_ns, std::int64_t to_ns);

/// Of at least one value; `share` 0.5 is the median, 0.99 the p99.
[[nodiscard]] double quantile(std::vector<double> values, double share);

/// Proportional set size: shared pages are counted in parts. nullopt when the process is gone.
[[nodiscard]] std::optional<double> pss_mebibytes(pid_t pid);

/// Looks every `pause` until it is true; throws std::runtime_error naming `what` after `limit`.
void wait_until(const std::string& what, const std::function<bool()>& is_true,
                std::chrono::milliseconds limit = std::chrono::seconds{60},
                std::chrono::microseconds pause = std::chrono::milliseconds{2});

/// Wall time of a program from its start to its end, in milliseconds; throws when it does not exit
/// with 0. Its output is thrown away.
[[nodiscard]] double run_milliseconds(const std::vector<std::string>& argv);

}  // namespace fleet::bench
