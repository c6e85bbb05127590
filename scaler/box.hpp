// What this box has left, read from /proc. Thread-safe: no state.
#pragma once

#include <optional>
#include <string_view>

#include "scaler/observation.hpp"

namespace fleet::scaler {

/// Cores that this process may run on, shares of memory and descriptors in use, PSI of the
/// processors (share of the last 10 s in which something waited for one) where the kernel has it.
[[nodiscard]] HostView look_at_box(const std::string& host);

/// 1 - MemAvailable / MemTotal of a /proc/meminfo text.
[[nodiscard]] std::optional<double> memory_used(std::string_view meminfo);
/// The "some avg10" of a /proc/pressure/cpu text, 0..1.
[[nodiscard]] std::optional<double> cpu_pressure(std::string_view pressure);
/// First and third number of a /proc/sys/fs/file-nr text.
[[nodiscard]] std::optional<double> descriptors_used(std::string_view file_nr);

}  // namespace fleet::scaler
