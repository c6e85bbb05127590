// Which store errors pass by themselves, and which end the worker.
#pragma once

#include <exception>
#include <string>

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

/// Nothing that is written to the store can be relied on any more.
[[nodiscard]] inline bool is_ruined(base::StoreError::Kind kind) {
    return kind == base::StoreError::Kind::corrupt || kind == base::StoreError::Kind::too_new;
}

/// `internal` for what is not a failure of the store.
[[nodiscard]] inline base::StoreError::Kind kind_of(const std::exception& error) {
    const auto* of_store = dynamic_cast<const base::StoreError*>(&error);
    return of_store != nullptr ? of_store->kind() : base::StoreError::Kind::internal;
}

/// With the advice, where there is one.
[[nodiscard]] inline std::string text_of(const std::exception& error) {
    const auto* known = dynamic_cast<const base::Error*>(&error);
    return known != nullptr ? known->full_text() : error.what();
}

}  // namespace fleet::worker
