// When a provider is left alone, and how it is tried again. Pure.
#pragma once

#include <optional>
#include <string>

#include "common/model/provider.hpp"

namespace fleet::pace {

/// How long a probe is waited for; unreported it is free again and says nothing.
inline constexpr base::Millis kProbeLife = std::chrono::minutes(2);

/// Moves an open circuit whose cooldown is over to half_open, and forgets probes that ran out.
void advance_circuit(model::Circuit& circuit, base::StoreTime now);
/// How many calls it lets begin now: nullopt when it is closed (any number).
[[nodiscard]] std::optional<int> free_probes(const model::Circuit& circuit,
                                             const model::CircuitRules& rules);
/// Why nothing may begin; only when free_probes is 0.
[[nodiscard]] model::Hold circuit_hold(const model::Circuit& circuit, base::StoreTime now);
void take_probe(model::Circuit& circuit, base::StoreTime now);

/// A call's outcome; `permit_epoch` and `was_probe` as its permit had them. The density has it
/// counted already. Outcomes of another epoch change nothing.
void feed_circuit(model::Circuit& circuit, const model::CircuitRules& rules,
                  const model::Density& density, const model::Permit& permit,
                  const model::CallOutcome& outcome, base::StoreTime now);

/// By a person, or for a billing or auth refusal: until a person closes it.
void open_circuit(model::Circuit& circuit, std::string reason, base::StoreTime now);
void close_circuit(model::Circuit& circuit, base::StoreTime now);

}  // namespace fleet::pace
