#include "tests/conformance/placeholders.hpp"

#include <array>

namespace fleet::conformance {
namespace {

using base::Json;

void replace_all(std::string& text, const std::string& what, std::string_view with) {
    for (auto at = text.find(what); at != std::string::npos;
         at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
}

}  // namespace

void put_placeholders(Json& result, const std::set<std::string>& ids, const std::string& folder) {
    if (result.is_string()) {
        std::string text = result.get<std::string>();
        for (const std::string& id : ids) {
            replace_all(text, id, "<uuid>");
        }
        replace_all(text, folder, "<dir>");
        result = std::move(text);
    } else if (result.is_structured()) {
        for (Json& member : result) {
            put_placeholders(member, ids, folder);
        }
    }
}

bool matches(std::string_view expected, std::string_view text) {
    constexpr std::array<std::string_view, 3> kPlaceholders{"<uuid>", "<dir>", "<addr>"};
    std::string_view first;
    auto at = std::string_view::npos;
    for (const std::string_view placeholder : kPlaceholders) {
        if (const auto found = expected.find(placeholder); found < at) {
            at = found;
            first = placeholder;
        }
    }
    if (at == std::string_view::npos) {
        return expected == text;
    }
    if (text.substr(0, at) != expected.substr(0, at)) {
        return false;
    }
    const std::string_view rest = expected.substr(at + first.size());
    for (std::size_t end = at + 1; end <= text.size(); ++end) {
        if (matches(rest, text.substr(end))) {
            return true;
        }
    }
    return false;
}

}  // namespace fleet::conformance
