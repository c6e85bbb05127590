// One scaling decision with what it was made from and every clamp in its order, for people.
#pragma once

#include <ostream>

#include "cli/core/terminal.hpp"
#include "common/model/pool.hpp"

namespace fleet::cli {

/// Decisions of older programs lack parts; what is there is shown. Throws base::ConfigError when
/// the inputs are not JSON.
void explain_decision(std::ostream& out, const Terminal& terminal, const model::Decision& decision);

}  // namespace fleet::cli
