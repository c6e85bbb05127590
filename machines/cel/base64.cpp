#include "machines/cel/base64.hpp"

#include <cstdint>

namespace fleet::cel {

std::string base64_text(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    while (!bytes.empty()) {
        const std::string_view group = bytes.substr(0, 3);
        std::uint32_t bits = 0;
        for (std::size_t at = 0; at < 3; ++at) {
            bits = bits << 8U | (at < group.size() ? static_cast<unsigned char>(group[at]) : 0U);
        }
        for (std::size_t at = 0; at < 4; ++at) {
            text += at <= group.size() ? kDigits[bits >> (18 - 6 * at) & 63U] : '=';
        }
        bytes.remove_prefix(group.size());
    }
    return text;
}

}  // namespace fleet::cel
