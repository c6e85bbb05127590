// What differs from run to run stands in expected results as a placeholder: `<uuid>` for an id that
// was made, `<dir>` for the working folder, `0x<addr>` for an address.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "common/base/json.hpp"

namespace fleet::conformance {

/// Replaces ids and folder in every text.
void put_placeholders(base::Json& result, const std::set<std::string>& ids,
                      const std::string& folder);

/// Whether the text is the expected one, with anything where that has a placeholder.
[[nodiscard]] bool matches(std::string_view expected, std::string_view text);

}  // namespace fleet::conformance
