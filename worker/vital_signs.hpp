// What this process uses, for its heartbeats. Thread-safe: no state.
#pragma once

#include <cstdint>

namespace fleet::worker {

/// Resident memory; 0 if /proc cannot be read.
[[nodiscard]] std::int64_t own_rss_bytes();
/// Open file descriptors; 0 if /proc cannot be read.
[[nodiscard]] int own_open_fds();

}  // namespace fleet::worker
