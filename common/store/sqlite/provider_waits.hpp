// Executions that were put back until a provider may be called again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/store/sqlite/writer.hpp"

namespace fleet::store::sqlite {

/// A place in the order in which executions become due.
struct DuePlace {
    std::int64_t due_at_ms = 0;
    std::int64_t seq = 0;
};

/// Those that wait for the provider and are due after `after` (unset: after now) are ready at once.
/// Looks at a bounded number of executions, so that no other writer waits for long. Returns where
/// to go on in a transaction of its own, nullopt at the end.
[[nodiscard]] std::optional<DuePlace> end_provider_waits(WriteTransaction& transaction,
                                                         const std::string& provider,
                                                         const std::optional<DuePlace>& after);

}  // namespace fleet::store::sqlite
