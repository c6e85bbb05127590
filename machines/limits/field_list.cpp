#include "machines/limits/field_list.hpp"

#include <algorithm>

#include "machines/limits/reset_time.hpp"

namespace fleet::limits {
namespace {

/// Takes the text up to the separator, which does not count inside quotes.
std::string_view take_until(std::string_view& text, char separator) {
    bool is_quoted = false;
    std::size_t end = 0;
    while (end < text.size() && (is_quoted || text[end] != separator)) {
        is_quoted = text[end] == '"' ? !is_quoted : is_quoted;
        ++end;
    }
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return trimmed(taken);
}

bool has_quotes(std::string_view text) {
    return text.size() >= 2 && text.front() == '"' && text.back() == '"';
}

std::string_view without_quotes(std::string_view text) {
    return has_quotes(text) ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

std::string_view ListItem::parameter(std::string_view name) const {
    const auto found =
        std::ranges::find_if(parameters, [&](const auto& one) { return one.first == name; });
    return found == parameters.end() ? std::string_view() : found->second;
}

std::vector<ListItem> parse_list(std::string_view text) {
    std::vector<ListItem> items;
    while (!text.empty() && items.size() < kMostListItems) {
        std::string_view rest = take_until(text, ',');
        ListItem item;
        const std::string_view value = take_until(rest, ';');
        item.is_quoted = has_quotes(value);
        item.value = without_quotes(value);
        while (!rest.empty() && item.parameters.size() < kMostParameters) {
            std::string_view parameter = take_until(rest, ';');
            const std::string_view name = take_until(parameter, '=');
            item.parameters.emplace_back(name, without_quotes(trimmed(parameter)));
        }
        items.push_back(std::move(item));
    }
    return items;
}

}  // namespace fleet::limits
