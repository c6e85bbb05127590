// Which store errors pass by themselves.
#pragma once

#include "common/base/errors.hpp"

namespace fleet::worker {

/// True when the same call (with the same ids) may succeed later.
[[nodiscard]] inline bool may_be_repeated(const base::StoreError& error) {
    switch (error.kind()) {
        case base::StoreError::Kind::unavailable:
        case base::StoreError::Kind::busy:
        case base::StoreError::Kind::full:
        case base::StoreError::Kind::unknown:
            return true;
        case base::StoreError::Kind::corrupt:
        case base::StoreError::Kind::too_new:
        case base::StoreError::Kind::internal:
            break;
    }
    return false;
}

}  // namespace fleet::worker
