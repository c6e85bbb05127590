// What a started process tells the benchmark through a FIFO. Smaller than PIPE_BUF: never torn.
#pragma once

#include <cstdint>

namespace fleet::bench {

struct StartMark {
    std::int64_t boot_ns = 0;  ///< CLOCK_BOOTTIME, which all processes of the machine share
    std::int32_t pid = 0;
    std::int32_t parent = 0;   ///< of a command: its worker
    std::int32_t attempt = 0;  ///< FLEET_ATTEMPT, 0 if it is not set
};

}  // namespace fleet::bench
