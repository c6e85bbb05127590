// The parts of terminal.hpp that measure text.
#include <algorithm>
#include <array>
#include <cstdint>

#include "cli/core/terminal.hpp"

namespace fleet::cli {
namespace {

constexpr char32_t kInvalid = 0xFFFFFFFF;

struct CodePoint {
    char32_t value = kInvalid;
    std::size_t bytes = 1;
};

/// Strict: overlong forms, surrogates and cut sequences are invalid, one byte long.
CodePoint code_point_at(std::string_view text, std::size_t at) {
    const auto byte = [&text](std::size_t index) {
        return static_cast<unsigned char>(text[index]);
    };
    const unsigned char first = byte(at);
    if (first < 0x80) {
        return {first, 1};
    }
    std::size_t length = 0;
    char32_t value = 0;
    char32_t least = 0;
    if ((first & 0xE0U) == 0xC0U) {
        length = 2, value = first & 0x1FU, least = 0x80;
    } else if ((first & 0xF0U) == 0xE0U) {
        length = 3, value = first & 0x0FU, least = 0x800;
    } else if ((first & 0xF8U) == 0xF0U) {
        length = 4, value = first & 0x07U, least = 0x10000;
    }
    if (length == 0 || at + length > text.size()) {
        return {};
    }
    for (std::size_t next = at + 1; next < at + length; ++next) {
        if ((byte(next) & 0xC0U) != 0x80U) {
            return {};
        }
        value = (value << 6U) | (byte(next) & 0x3FU);
    }
    if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        return {};
    }
    return {value, length};
}

struct Range {
    char32_t first;
    char32_t last;
};

bool within(char32_t value, const Range* begin, const Range* end) {
    return std::any_of(begin, end, [value](const Range& range) {
        return value >= range.first && value <= range.last;
    });
}

/// Marks that sit on the character before them, and joiners.
constexpr std::array<Range, 8> kZeroWidth{{{0x300, 0x36F},
                                           {0x483, 0x489},
                                           {0x591, 0x5BD},
                                           {0x200B, 0x200F},
                                           {0x20D0, 0x20F0},
                                           {0xFE00, 0xFE0F},
                                           {0xFE20, 0xFE2F},
                                           {0xFEFF, 0xFEFF}}};
/// East Asian wide characters and pictures.
constexpr std::array<Range, 9> kWide{{{0x1100, 0x115F},
                                      {0x2E80, 0x303E},
                                      {0x3041, 0xA4CF},
                                      {0xAC00, 0xD7A3},
                                      {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},
                                      {0xFF00, 0xFF60},
                                      {0x1F300, 0x1FAFF},
                                      {0x20000, 0x3FFFD}}};

std::size_t columns_of(char32_t value) {
    if (within(value, kZeroWidth.begin(), kZeroWidth.end())) {
        return 0;
    }
    return within(value, kWide.begin(), kWide.end()) ? 2 : 1;
}

/// Length of the colour sequence that begins at `at`, 0 if none does.
std::size_t escape_length(std::string_view text, std::size_t at) {
    if (text.substr(at, 2) != "\x1b[") {
        return 0;
    }
    std::size_t end = at + 2;
    while (end < text.size() && (text[end] < '@' || text[end] > '~')) {
        ++end;
    }
    return std::min(end + 1, text.size()) - at;
}

bool is_control(char32_t value) {
    // Bidirectional overrides reorder what a person reads, so they count as well.
    return value < 0x20 || (value >= 0x7F && value < 0xA0) ||
           (value >= 0x202A && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069);
}

}  // namespace

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size();) {
        if (const std::size_t escape = escape_length(text, at); escape > 0) {
            at += escape;
            continue;
        }
        const CodePoint point = code_point_at(text, at);
        width += point.value == kInvalid ? 1 : columns_of(point.value);
        at += point.bytes;
    }
    return width;
}

std::string cut_to_width(std::string_view text, std::size_t columns) {
    if (display_width(text) <= columns) {
        return std::string(text);
    }
    if (columns == 0) {
        return {};
    }
    std::string kept;
    std::size_t width = 0;
    bool coloured = false;
    for (std::size_t at = 0; at < text.size();) {
        if (const std::size_t escape = escape_length(text, at); escape > 0) {
            kept += text.substr(at, escape);
            coloured = true;
            at += escape;
            continue;
        }
        const CodePoint point = code_point_at(text, at);
        const std::size_t wide = point.value == kInvalid ? 1 : columns_of(point.value);
        if (width + wide + 1 > columns) {
            break;
        }
        kept += text.substr(at, point.bytes);
        width += wide;
        at += point.bytes;
    }
    kept += "…";
    return coloured ? kept + "\x1b[0m" : kept;
}

std::string printable(std::string_view text) {
    std::string shown;
    shown.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint point = code_point_at(text, at);
        if (point.value == '\n' || point.value == '\t' || point.value == '\r') {
            shown += ' ';
        } else if (point.value == kInvalid || is_control(point.value)) {
            shown += "\xEF\xBF\xBD";
        } else {
            shown += text.substr(at, point.bytes);
        }
        at += point.bytes;
    }
    return shown;
}

}  // namespace fleet::cli
