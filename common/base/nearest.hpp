// "Did you mean": the known name closest to what a person typed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fleet::base {

/// The candidate with the smallest edit distance (Damerau-Levenshtein, adjacent transpositions
/// count one), if it is near enough to be meant: at most a third of the longer length, at least 1.
/// Ties go to the earlier candidate.
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view typed,
                                                      std::span<const std::string> candidates);

}  // namespace fleet::base
