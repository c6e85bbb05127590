// Whether a provider's door is closed to all calls for a while: work that needs it is not begun
// then. Pure.
#pragma once

#include <optional>

#include "common/model/provider.hpp"
#include "common/pace/provider_row.hpp"

namespace fleet::pace {

/// A shorter pause that a provider asked for is waited for by whoever calls.
inline constexpr base::Millis kLongPause{10'000};

/// Why no call may begin for a while: an open circuit, a long pause, a budget that is spent (not
/// held only). nullopt: calls begin at their pace, or as probes of a circuit whose cooldown is
/// over.
[[nodiscard]] std::optional<model::Hold> closed(const model::Provider& row, const Moment& moment);

}  // namespace fleet::pace
