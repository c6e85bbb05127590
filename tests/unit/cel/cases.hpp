// Rows of expressions with what comes out of them.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "machines/cel/cel.hpp"

namespace fleet::cel_test {

struct Case {
    std::string_view text;
    /// The result as JSON, or "!" and the kind of the error: "!type".
    std::string_view expected;
};

[[nodiscard]] const cel::Variables& variables();
/// In the form of Case::expected.
[[nodiscard]] std::string outcome(std::string_view text);
/// Reports every row that gives something else.
void check(std::initializer_list<Case> cases);

}  // namespace fleet::cel_test
