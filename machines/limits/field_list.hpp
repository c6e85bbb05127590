// Lists as HTTP headers write them: `"name";q=100;w=60, 10;w=1`. Pure; what is malformed is read as
// far as it makes sense.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace fleet::limits {

inline constexpr std::size_t kMostListItems = 32;
inline constexpr std::size_t kMostParameters = 8;

/// All views are into the header.
struct ListItem {
    std::string_view value;  ///< without its quotes
    bool is_quoted = false;
    std::vector<std::pair<std::string_view, std::string_view>> parameters;

    /// Without quotes; empty when there is none.
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

/// Items beyond kMostListItems are left out.
[[nodiscard]] std::vector<ListItem> parse_list(std::string_view text);

}  // namespace fleet::limits
