// Server-sent events: what a streamed answer is made of. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fleet::agents {

struct StreamEvent {
    std::string name;  ///< may be empty
    std::string data;
};

/// An event that its text does not end (by an empty line) is left out.
[[nodiscard]] std::vector<StreamEvent> parse_events(std::string_view text);

}  // namespace fleet::agents
