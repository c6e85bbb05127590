// JSON kept as its text where nobody needs to look inside (inputs, outputs, snapshots).
#pragma once

#include <string>

namespace fleet::base {

/// One JSON value in compact UTF-8 form; empty means "no value".
using JsonText = std::string;

}  // namespace fleet::base
