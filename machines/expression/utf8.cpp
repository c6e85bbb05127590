#include "machines/expression/utf8.hpp"

#include <clocale>
#include <cwctype>

namespace fleet::expression {
namespace {

/// Character classes come from the C library's table for UTF-8, whatever locale the process has.
class CharacterTable {
  public:
    CharacterTable() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}
    CharacterTable(const CharacterTable&) = delete;
    CharacterTable& operator=(const CharacterTable&) = delete;
    ~CharacterTable() {
        if (locale_ != nullptr) {
            freelocale(locale_);
        }
    }
    [[nodiscard]] char32_t upper(char32_t c) const {
        return locale_ == nullptr
                   ? static_cast<char32_t>(std::towupper(static_cast<wint_t>(c)))
                   : static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), locale_));
    }
    [[nodiscard]] char32_t lower(char32_t c) const {
        return locale_ == nullptr
                   ? static_cast<char32_t>(std::towlower(static_cast<wint_t>(c)))
                   : static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), locale_));
    }
    [[nodiscard]] bool letter(char32_t c) const {
        return locale_ == nullptr ? std::iswalpha(static_cast<wint_t>(c)) != 0
                                  : iswalpha_l(static_cast<wint_t>(c), locale_) != 0;
    }
    [[nodiscard]] bool printable(char32_t c) const {
        return locale_ == nullptr ? c >= 0xa0 : iswprint_l(static_cast<wint_t>(c), locale_) != 0;
    }

  private:
    locale_t locale_;
};

const CharacterTable& table() {
    static const CharacterTable the_table;
    return the_table;
}

bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

/// Bytes of the character that begins here.
std::size_t character_size(std::string_view text, std::size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    std::size_t size = 1;
    if (first >= 0xf0 && first < 0xf8) {
        size = 4;
    } else if (first >= 0xe0) {
        size = first < 0xf0 ? 3 : 1;
    } else if (first >= 0xc2) {
        size = 2;
    }
    if (at + size > text.size()) {
        return 1;
    }
    for (std::size_t i = 1; i < size; ++i) {
        if (!is_continuation(text[at + i])) {
            return 1;
        }
    }
    return size;
}

template <typename Change>
std::string change_each(std::string_view text, Change change) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = character_size(text, at);
        if (size == 1 && static_cast<unsigned char>(text[at]) >= 0x80) {
            result += text[at];
        } else {
            utf8_append(result, change(utf8_decode(text.substr(at, size))));
        }
        at += size;
    }
    return result;
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); at += character_size(text, at)) {
        ++count;
    }
    return count;
}

std::size_t utf8_offset(std::string_view text, std::size_t character) {
    std::size_t at = 0;
    for (; at < text.size() && character > 0; --character) {
        at += character_size(text, at);
    }
    return at;
}

std::vector<std::string_view> utf8_characters(std::string_view text) {
    std::vector<std::string_view> result;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = character_size(text, at);
        result.push_back(text.substr(at, size));
        at += size;
    }
    return result;
}

char32_t utf8_decode(std::string_view character) {
    constexpr char32_t kReplacement = 0xfffd;
    if (character.empty()) {
        return kReplacement;
    }
    const std::size_t size = character_size(character, 0);
    const auto byte = [&](std::size_t at) {
        return static_cast<char32_t>(static_cast<unsigned char>(character[at]));
    };
    switch (size) {
        case 1:
            return byte(0) < 0x80 ? byte(0) : kReplacement;
        case 2:
            return ((byte(0) & 0x1fU) << 6U) | (byte(1) & 0x3fU);
        case 3:
            return ((byte(0) & 0xfU) << 12U) | ((byte(1) & 0x3fU) << 6U) | (byte(2) & 0x3fU);
        default:
            return ((byte(0) & 7U) << 18U) | ((byte(1) & 0x3fU) << 12U) |
                   ((byte(2) & 0x3fU) << 6U) | (byte(3) & 0x3fU);
    }
}

void utf8_append(std::string& text, char32_t code_point) {
    const auto add = [&](char32_t byte) { text += static_cast<char>(byte); };
    if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point < 0xe000)) {
        code_point = 0xfffd;
    }
    if (code_point < 0x80) {
        add(code_point);
    } else if (code_point < 0x800) {
        add(0xc0U | (code_point >> 6U));
        add(0x80U | (code_point & 0x3fU));
    } else if (code_point < 0x10000) {
        add(0xe0U | (code_point >> 12U));
        add(0x80U | ((code_point >> 6U) & 0x3fU));
        add(0x80U | (code_point & 0x3fU));
    } else {
        add(0xf0U | (code_point >> 18U));
        add(0x80U | ((code_point >> 12U) & 0x3fU));
        add(0x80U | ((code_point >> 6U) & 0x3fU));
        add(0x80U | (code_point & 0x3fU));
    }
}

std::string upper_case(std::string_view text) {
    return change_each(text, [](char32_t c) { return table().upper(c); });
}

std::string lower_case(std::string_view text) {
    return change_each(text, [](char32_t c) { return table().lower(c); });
}

bool is_space(char32_t c) {
    return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}

bool is_letter(char32_t c) {
    return c < 0x80 ? (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') : table().letter(c);
}

bool is_upper(char32_t c) {
    return table().lower(c) != c;
}

bool is_lower(char32_t c) {
    return table().upper(c) != c;
}

bool is_printable(char32_t c) {
    return c < 0x7f ? c >= ' ' : c > 0xa0 && c != 0xad && table().printable(c);
}

}  // namespace fleet::expression
