// A checkpoint as that of another execution.
#pragma once

#include <string>

#include "common/base/json_text.hpp"

namespace fleet::model {

/// The snapshot's JSON with `to` as its execution and `from` as the parent, without pending
/// launches. Everything else stays byte for byte: numbers of any size, NaN and infinities. Throws
/// base::ProtocolError when it is no object.
[[nodiscard]] base::JsonText cloned_snapshot(const base::JsonText& json, const std::string& from,
                                             const std::string& to);

}  // namespace fleet::model
