// How fast a provider is called: its known limit, what its headers say, or what is learned from
// its refusals. Pure.
//
// - A known limit (configured or stated by headers) is taken less a margin, evenly spaced.
// - A learned pace grows while it is used and nothing is refused: fast before the first refusal;
//   after one it returns to just below the pace at which the refusal came, stays close to it, and
//   probes further ever faster the longer nothing is refused (the shape of TCP CUBIC, RFC 9438).
// - A refusal cuts once per epoch of the row, however many calls see the same event.
#pragma once

#include "common/model/provider.hpp"
#include "common/pace/density.hpp"

namespace fleet::pace {

/// Of a known limit, what is left unused.
inline constexpr double kMargin = 0.02;
/// What a cut leaves of the pace.
inline constexpr double kCut = 0.8;
/// The slowest learned pace: a call in a hundred seconds.
inline constexpr double kSlowest = 0.01;

[[nodiscard]] model::Pace start_pace(const model::ProviderRules& rules, base::StoreTime now);
/// After the rules have changed: what was learned stays where it is still asked for.
void apply_rules(model::Pace& pace, const model::ProviderRules& rules, base::StoreTime now);

/// Growth of the time since it was last counted in.
void grow_pace(model::Pace& pace, const model::ProviderRules& rules, const model::Density& density,
               base::StoreTime now);
/// What one answer's headers say, whatever the answer was.
void feed_headers(model::Pace& pace, const model::ProviderRules& rules,
                  const model::RateLimit& stated, base::StoreTime now);
/// An outcome: a rate limit cuts if the permit's epoch is the row's; `jitter` in [0, 1) spreads the
/// waits of a provider that names none.
void feed_pace(model::Pace& pace, const model::Density& density, const model::Permit& permit,
               const model::CallOutcome& outcome, base::StoreTime now, double jitter);

/// The pause that the provider asked for, while it lasts.
[[nodiscard]] model::Hold pause_hold(const model::Pace& pace, base::StoreTime now);

}  // namespace fleet::pace
