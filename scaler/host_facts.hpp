// What a scaler tells the others about its box, in the metadata of its host's registration. Pure.
#pragma once

#include <string>

#include "scaler/observation.hpp"

namespace fleet::scaler {

/// An object with `memory_used`, `descriptors_used`, `cpu_pressure` (shares, null if not known) and
/// `unhealthy` ({pool: {reason, room}}).
[[nodiscard]] base::JsonText host_facts(const HostView& host);
/// Reads them back; what is absent or of another form is left as it is: other programs register
/// hosts too.
void read_host_facts(HostView& host, const base::JsonText& metadata);

}  // namespace fleet::scaler
