#include "cli/items/utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fleet::cli {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t at) {
    return static_cast<std::uint8_t>(text[at]);
}

/// True for eight bytes that are all below 0x80.
bool all_ascii(const char* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return (word & 0x8080'8080'8080'8080U) == 0;
}

/// What a lead byte asks for: the sequence's length and the range of its second byte.
struct Sequence {
    std::size_t length = 0;  ///< 0: not a lead byte
    std::uint8_t second_min = 0x80;
    std::uint8_t second_max = 0xBF;
};

Sequence sequence_of(std::uint8_t lead) {
    if (lead < 0x80) {
        return {.length = 1};
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        return {.length = 2};
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        return {.length = 3,
                .second_min = static_cast<std::uint8_t>(lead == 0xE0 ? 0xA0 : 0x80),
                .second_max = static_cast<std::uint8_t>(lead == 0xED ? 0x9F : 0xBF)};
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        return {.length = 4,
                .second_min = static_cast<std::uint8_t>(lead == 0xF0 ? 0x90 : 0x80),
                .second_max = static_cast<std::uint8_t>(lead == 0xF4 ? 0x8F : 0xBF)};
    }
    return {};
}

/// How many bytes at `at` belong together, and whether they make a character.
struct Piece {
    std::size_t length = 1;
    bool valid = false;
};

Piece piece_at(std::string_view text, std::size_t at) {
    const Sequence sequence = sequence_of(byte_at(text, at));
    if (sequence.length == 0) {
        return {};
    }
    for (std::size_t index = 1; index < sequence.length; ++index) {
        if (at + index >= text.size()) {
            return {.length = index, .valid = false};
        }
        const std::uint8_t byte = byte_at(text, at + index);
        const std::uint8_t lowest = index == 1 ? sequence.second_min : std::uint8_t{0x80};
        const std::uint8_t highest = index == 1 ? sequence.second_max : std::uint8_t{0xBF};
        if (byte < lowest || byte > highest) {
            return {.length = index, .valid = false};
        }
    }
    return {.length = sequence.length, .valid = true};
}

bool needs_escape(char character) {
    return static_cast<std::uint8_t>(character) < 0x20 || character == '"' || character == '\\' ||
           character == '\x7F';
}

void append_escaped(std::string& json, char character) {
    constexpr std::string_view kHex = "0123456789abcdef";
    switch (character) {
        case '"':
            json += "\\\"";
            return;
        case '\\':
            json += "\\\\";
            return;
        case '\n':
            json += "\\n";
            return;
        case '\r':
            json += "\\r";
            return;
        case '\t':
            json += "\\t";
            return;
        default:
            break;
    }
    const auto byte = static_cast<std::uint8_t>(character);
    json += "\\u00";
    json += kHex[byte >> 4U];
    json += kHex[byte & 0x0FU];
}

}  // namespace

std::size_t first_invalid_utf8(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (at + 8 <= text.size() && all_ascii(text.data() + at)) {
            at += 8;
            continue;
        }
        const Piece piece = piece_at(text, at);
        if (!piece.valid) {
            return at;
        }
        at += piece.length;
    }
    return std::string_view::npos;
}

std::string replaced_utf8(std::string_view text) {
    std::string replaced;
    replaced.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Piece piece = piece_at(text, at);
        if (piece.valid) {
            replaced += text.substr(at, piece.length);
        } else {
            replaced += "\xEF\xBF\xBD";
        }
        at += piece.length;
    }
    return replaced;
}

void append_json_string(std::string& json, std::string_view text) {
    json += '"';
    std::size_t plain_from = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (needs_escape(text[at])) {
            json += text.substr(plain_from, at - plain_from);
            append_escaped(json, text[at]);
            plain_from = at + 1;
        }
    }
    json += text.substr(plain_from);
    json += '"';
}

void append_base64(std::string& target, std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t index = 0; index < 3; ++index) {
            group = (group << 8U) | (index < count ? byte_at(bytes, at + index) : 0U);
        }
        for (std::size_t index = 0; index < 4; ++index) {
            target += index <= count ? kDigits[(group >> (18U - 6U * index)) & 0x3FU] : '=';
        }
    }
}

}  // namespace fleet::cli
