#include "common/model/error_prefix.hpp"

#include <algorithm>
#include <cctype>

#include "common/base/ids.hpp"

namespace fleet::model {

namespace {

constexpr std::size_t kUuidLength = 36;
constexpr std::size_t kShortestHexId = 8;

bool is_digit(char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_hex(char c) {
    return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool is_hex_id(std::string_view word) {
    return word.size() >= kShortestHexId && std::all_of(word.begin(), word.end(), is_hex) &&
           std::any_of(word.begin(), word.end(), is_digit);
}

std::string shortened(std::string_view word) {
    if (is_hex_id(word)) {
        return "#";
    }
    const auto digits = static_cast<std::size_t>(
        std::find_if_not(word.begin(), word.end(), is_digit) - word.begin());
    return digits == 0 ? std::string{word} : "#" + std::string{word.substr(digits)};
}

}  // namespace

std::string error_prefix(std::string_view message) {
    std::string prefix;
    for (std::size_t at = 0; at < message.size() && prefix.size() <= kMaxErrorPrefix;) {
        if (base::Uuid::parse(message.substr(at, kUuidLength))) {
            prefix += '#';
            at += kUuidLength;
            continue;
        }
        if (!is_word(message[at])) {
            prefix += message[at++];
            continue;
        }
        const auto rest = message.substr(at);
        const auto length = static_cast<std::size_t>(
            std::find_if_not(rest.begin(), rest.end(), is_word) - rest.begin());
        prefix += shortened(rest.substr(0, length));
        at += length;
    }
    if (prefix.size() > kMaxErrorPrefix) {
        auto end = kMaxErrorPrefix;
        // Continuation bytes of UTF-8 begin with the bits 10.
        while (end > 0 && (static_cast<unsigned char>(prefix[end]) & 0xC0U) == 0x80U) {
            --end;
        }
        prefix.resize(end);
    }
    return prefix;
}

}  // namespace fleet::model
