// What a scaler tells the others about its box, in the metadata of its host's registration. Pure.
#pragma once

#include <string>

#include "common/base/json.hpp"
#include "scaler/observation.hpp"

namespace fleet::scaler {

/// Puts `memory_used`, `descriptors_used`, `cpu_pressure` (shares, absent if not known) and
/// `unhealthy` ({pool: {reason, room}}) into the object.
void put_host_facts(base::Json& metadata, const HostView& host);
/// Reads them back; what is absent or of another form is left as it is: other programs register
/// hosts too.
void read_host_facts(HostView& host, const base::JsonText& metadata);

}  // namespace fleet::scaler
