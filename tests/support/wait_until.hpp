// The one place where a test looks again and again: until a condition holds or time is up.
#pragma once

#include <algorithm>
#include <chrono>
#include <poll.h>
#include <utility>

namespace fleet::test_support {

/// True as soon as `predicate()` is true, false when it was still false after `limit`. It is asked
/// at least once, at once, and then after pauses that grow from 1 to 10 ms.
template <typename Predicate>
[[nodiscard]] bool wait_until(Predicate&& predicate,
                              std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (int pause_ms = 1;; pause_ms = std::min(pause_ms + 1, 10)) {
        // Read before asking, so that a slow machine gets one more look after the time is up.
        const bool last = std::chrono::steady_clock::now() >= end;
        if (std::forward<Predicate>(predicate)()) {
            return true;
        }
        if (last) {
            return false;
        }
        ::poll(nullptr, 0, pause_ms);
    }
}

}  // namespace fleet::test_support
