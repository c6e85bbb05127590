#include "common/base/ids.hpp"

#include <algorithm>
#include <cerrno>
#include <span>

#include <sys/random.h>

#include "common/base/errors.hpp"

namespace fleet::base {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
/// 31 characters: i, l, o, 0 and 1 look alike in some fonts.
constexpr std::string_view kWordCharacters = "abcdefghjkmnpqrstuvwxyz23456789";
constexpr std::size_t kTextLength = 36;
constexpr std::uint32_t kCounterLimit = 1U << 26U;

void fill_random(std::span<std::uint8_t> bytes) {
    while (!bytes.empty()) {
        const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw Error(describe_errno("reading random bytes from the kernel", errno));
        }
        bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
}

constexpr bool is_dash_position(std::size_t at) {
    return at == 8 || at == 13 || at == 18 || at == 23;
}

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

}  // namespace

std::string Uuid::text() const {
    std::string text;
    text.reserve(kTextLength);
    for (const std::uint8_t byte : bytes) {
        if (is_dash_position(text.size())) {
            text.push_back('-');
        }
        text.push_back(kHexDigits[byte >> 4U]);
        text.push_back(kHexDigits[byte & 0x0FU]);
    }
    return text;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
    if (text.size() != kTextLength) {
        return std::nullopt;
    }
    Uuid result;
    std::size_t at = 0;
    for (std::uint8_t& byte : result.bytes) {
        if (is_dash_position(at) && text[at++] != '-') {
            return std::nullopt;
        }
        const int high = hex_value(text[at]);
        const int low = hex_value(text[at + 1]);
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        byte = static_cast<std::uint8_t>(high * 16 + low);
        at += 2;
    }
    return result;
}

const std::uint8_t* UuidGenerator::random_bytes(std::size_t count) {
    if (used_ + count > random_.size()) {
        fill_random(random_);
        used_ = 0;
    }
    const std::uint8_t* bytes = random_.data() + used_;
    used_ += count;
    return bytes;
}

Uuid UuidGenerator::next(WallTime now) {
    const std::int64_t now_ms = now.time_since_epoch().count();
    if (now_ms > last_ms_) {
        last_ms_ = now_ms;
        // Starts in the lower half, so that there is room to count.
        const std::uint8_t* start = random_bytes(4);
        counter_ = (std::uint32_t{start[0]} << 24U | std::uint32_t{start[1]} << 16U |
                    std::uint32_t{start[2]} << 8U | start[3]) %
                   (kCounterLimit / 2);
    } else if (++counter_ == kCounterLimit) {
        // The clock stands still or went back: the ids run ahead of it rather than repeat.
        ++last_ms_;
        counter_ = 0;
    }

    Uuid id;
    const auto time = static_cast<std::uint64_t>(last_ms_);
    for (std::size_t i = 0; i < 6; ++i) {
        id.bytes[i] = static_cast<std::uint8_t>(time >> (40U - 8U * i));
    }
    // The counter's upper 12 bits are rand_a, its lower 14 bits the beginning of rand_b.
    id.bytes[6] = static_cast<std::uint8_t>(0x70U | (counter_ >> 22U));
    id.bytes[7] = static_cast<std::uint8_t>(counter_ >> 14U);
    id.bytes[8] = static_cast<std::uint8_t>(0x80U | (counter_ >> 8U & 0x3FU));
    id.bytes[9] = static_cast<std::uint8_t>(counter_);
    std::copy_n(random_bytes(6), 6, id.bytes.begin() + 10);
    return id;
}

Uuid derived_uuid(const Uuid& seed, std::uint32_t index) {
    Uuid id = seed;
    for (std::size_t i = 0; i < 4; ++i) {
        id.bytes[12 + i] = static_cast<std::uint8_t>(index >> (24U - 8U * i));
    }
    return id;
}

std::int64_t random_positive_int64() {
    for (;;) {
        std::array<std::uint8_t, 8> bytes{};
        fill_random(bytes);
        std::uint64_t value = 0;
        for (const std::uint8_t byte : bytes) {
            value = value << 8U | byte;
        }
        const auto positive = static_cast<std::int64_t>(value >> 1U);
        if (positive != 0) {
            return positive;
        }
    }
}

std::string random_word(std::size_t length) {
    // Bytes from here on would favour the first characters.
    constexpr std::uint8_t kLimit = 256 / kWordCharacters.size() * kWordCharacters.size();
    std::string word;
    word.reserve(length);
    std::array<std::uint8_t, 32> bytes{};
    while (word.size() < length) {
        fill_random(bytes);
        for (const std::uint8_t byte : bytes) {
            if (byte < kLimit && word.size() < length) {
                word.push_back(kWordCharacters[byte % kWordCharacters.size()]);
            }
        }
    }
    return word;
}

}  // namespace fleet::base
