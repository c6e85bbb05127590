// A number to spread things with: delays, mostly.
#pragma once

#include "common/base/ids.hpp"

namespace fleet::base {

/// In [0, 1), from the kernel's generator. Thread-safe.
[[nodiscard]] inline double random_share() {
    constexpr double kAllOfThem = 9223372036854775808.0;  // 2^63
    return static_cast<double>(random_positive_int64() - 1) / kAllOfThem;
}

}  // namespace fleet::base
