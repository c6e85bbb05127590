// How families of providers speak of limits in headers, and how they say no. Pure; safe from any
// thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/mock_provider/call.hpp"
#include "tests/support/mock_provider/limiter.hpp"
#include "tests/support/mock_provider/reply.hpp"
#include "tests/support/mock_provider/scenario.hpp"

namespace fleet::mock_provider {

/// The family whose words an endpoint uses when the scenario names none.
[[nodiscard]] Family family_of(const Scenario& scenario, Endpoint endpoint);
[[nodiscard]] HeaderFamily header_family_of(const Scenario& scenario, Endpoint endpoint);

/// What `states` look like in a family's headers. `time` is the provider's, skewed. Where a family
/// has one header for several limits, the limit of which the smallest share is left is shown.
[[nodiscard]] Headers limit_headers(HeaderFamily family, const std::vector<LimitState>& states,
                                    Instant time);

/// Retry-After in the given forms for a wait; a call that would never pass is told `kNeverWait`.
constexpr Nanos kNeverWait = std::chrono::hours(1);
[[nodiscard]] Headers retry_after_headers(const std::vector<RetryAfter>& forms,
                                          std::optional<Nanos> wait, Instant time);

/// The body of an error: the family's form and type for the status, with this message.
[[nodiscard]] std::string error_body(Family family, int status, const std::string& message);
/// The same for a call that a limit refused, which some families say more about.
[[nodiscard]] std::string limit_error_body(Family family, const Admission& admission,
                                           const std::string& model);
/// A sentence for a status that nobody asked a better one for.
[[nodiscard]] std::string default_message(int status);

}  // namespace fleet::mock_provider
