// Does an item fit what is to be run on it? Asked for every item before the first is submitted.
#pragma once

#include <string>

#include "cli/items/items_file.hpp"
#include "common/model/work_spec.hpp"

namespace fleet::cli {

/// The longest single argument that the kernel passes to a program (MAX_ARG_STRLEN), without its
/// final zero byte.
inline constexpr std::size_t kMaxArgumentBytes = 131'071;

/// A check for the items of `spec` with the unique key `unique_key` (a template, may be empty). It
/// throws ConfigError naming `source` and the line. Empty input means that there is no item.
[[nodiscard]] ItemCheck make_item_check(const model::WorkSpec& spec, const std::string& unique_key,
                                        const std::string& source);

}  // namespace fleet::cli
