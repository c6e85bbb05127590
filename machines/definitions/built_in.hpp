// The fleet's own machines, as they are compiled into the programs: no file is needed at run time.
// Constant; from any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "machines/config/machine_bundle.hpp"

namespace fleet::definitions {

struct BuiltIn {
    std::string_view name;       ///< "worker"
    std::string_view text;       ///< the file as it was written
    std::string_view canonical;  ///< with all that it refers to, see config::canonical_text
};

/// In the order of their names.
[[nodiscard]] std::span<const BuiltIn> built_ins();
/// nullptr: there is none of this name.
[[nodiscard]] const BuiltIn* find_built_in(std::string_view name);

/// Throws base::ConfigError that names the nearest one when there is none.
[[nodiscard]] config::LoadResult load_built_in(std::string_view name);

}  // namespace fleet::definitions
