#include "machines/agents/event_stream.hpp"

#include <algorithm>

namespace fleet::agents {
namespace {

std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    return line;
}

}  // namespace

std::vector<StreamEvent> parse_events(std::string_view text) {
    std::vector<StreamEvent> events;
    StreamEvent event;
    bool has_data = false;
    while (!text.empty()) {
        const bool is_ended = text.find('\n') != std::string_view::npos;
        const std::string_view line = take_line(text);
        if (!is_ended) {
            break;
        }
        if (line.empty()) {
            if (has_data) {
                events.push_back(std::move(event));
            }
            event = {};
            has_data = false;
            continue;
        }
        const std::size_t colon = std::min(line.find(':'), line.size());
        const std::string_view field = line.substr(0, colon);
        std::string_view value = line.substr(std::min(colon + 1, line.size()));
        value.remove_prefix(value.starts_with(' ') ? 1 : 0);
        if (field == "event") {
            event.name = value;
        } else if (field == "data") {
            event.data += has_data ? "\n" : "";
            event.data += value;
            has_data = true;
        }
    }
    return events;
}

}  // namespace fleet::agents
