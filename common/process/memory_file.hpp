// A child's standard input that is known beforehand: it is read to its end, and nobody has to write
// while the child runs. Thread-safe.
#pragma once

#include <string_view>

#include "common/base/fd.hpp"

namespace fleet::process {

/// Holds the bytes and stands at their beginning; closed on exec. Empty, with errno set, when there
/// is no memory or descriptor for it.
[[nodiscard]] base::UniqueFd memory_file(std::string_view bytes);

}  // namespace fleet::process
