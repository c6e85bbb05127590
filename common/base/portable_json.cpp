#include "common/base/portable_json.hpp"

#include <array>
#include <string_view>

namespace fleet::base {
namespace {

constexpr std::array<std::string_view, 3> kWords{"-Infinity", "Infinity", "NaN"};

/// The byte behind the string that begins at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        at += text[at] == '\\' ? 1 : 0;
    }
    return at < text.size() ? at + 1 : text.size();
}

std::string_view word_at(std::string_view text) {
    for (const std::string_view word : kWords) {
        if (text.starts_with(word)) {
            return word;
        }
    }
    return {};
}

}  // namespace

JsonText portable_json(JsonText kept) {
    const std::string_view text = kept;
    if (text.find("Infinity") == std::string_view::npos &&
        text.find("NaN") == std::string_view::npos) {
        return kept;
    }
    JsonText portable;
    portable.reserve(text.size() + 16);
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view word = word_at(text.substr(at));
        std::size_t end = at + 1;
        if (text[at] == '"') {
            end = end_of_string(text, at);
            portable += text.substr(at, end - at);
        } else if (!word.empty()) {
            end = at + word.size();
            portable += '"';
            portable += word;
            portable += '"';
        } else {
            portable += text[at];
        }
        at = end;
    }
    return portable;
}

}  // namespace fleet::base
