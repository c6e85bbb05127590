#include "common/process/utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace fleet::process {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
}

bool is_continuation(std::uint8_t byte) {
    return (byte & 0xC0U) == 0x80U;
}

/// Length of the character that begins the bytes (RFC 3629: shortest forms, no surrogates, up to
/// U+10FFFF), 0 if none does.
std::size_t character_length(std::string_view bytes) {
    const std::uint8_t first = byte_at(bytes, 0);
    if (first < 0x80) {
        return 1;
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || bytes.size() < length) {
        return 0;
    }
    const std::uint8_t second = byte_at(bytes, 1);
    const std::uint8_t lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const std::uint8_t highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (second < lowest || second > highest) {
        return 0;
    }
    for (std::size_t i = 2; i < length; ++i) {
        if (!is_continuation(byte_at(bytes, i))) {
            return 0;
        }
    }
    return length;
}

}  // namespace

Utf8Text to_utf8(std::string_view bytes) {
    Utf8Text result;
    result.text.reserve(bytes.size());
    while (!bytes.empty()) {
        const std::size_t length = character_length(bytes);
        if (length == 0) {
            result.text.append(kReplacement);
            result.lossy = true;
        } else {
            result.text.append(bytes.substr(0, length));
        }
        bytes.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return result;
}

std::string_view utf8_suffix(std::string_view bytes, std::size_t max_bytes) {
    if (bytes.size() <= max_bytes) {
        return bytes;
    }
    bytes.remove_prefix(bytes.size() - max_bytes);
    // A character has at most three more bytes; more of them are not text, and are kept.
    for (int i = 0; i < 3 && !bytes.empty() && is_continuation(byte_at(bytes, 0)); ++i) {
        bytes.remove_prefix(1);
    }
    return bytes;
}

std::string_view utf8_prefix(std::string_view bytes, std::size_t max_bytes) {
    if (bytes.size() <= max_bytes) {
        return bytes;
    }
    std::size_t end = max_bytes;
    for (int i = 0; i < 3 && end > 0 && is_continuation(byte_at(bytes, end)); ++i) {
        --end;
    }
    return bytes.substr(0, end);
}

}  // namespace fleet::process
