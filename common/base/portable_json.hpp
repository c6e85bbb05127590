// JSON for readers outside of the fleet.
#pragma once

#include "common/base/json_text.hpp"

namespace fleet::base {

/// Kept JSON may hold NaN, Infinity and -Infinity, which JSON does not know: they become the
/// strings "NaN", "Infinity" and "-Infinity". Other text is returned as it is, also what is no
/// JSON at all. Pure.
[[nodiscard]] JsonText portable_json(JsonText kept);

}  // namespace fleet::base
