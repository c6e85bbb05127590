#include "common/base/fd.hpp"

#include <unistd.h>

namespace fleet::base {

void UniqueFd::reset() noexcept {
    if (fd_ >= 0) {
        // Linux frees the descriptor even when close is interrupted: it must not be repeated.
        ::close(std::exchange(fd_, -1));
    }
}

}  // namespace fleet::base
