// Time-ordered UUIDs (RFC 9562, version 7) and the random numbers behind them.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/time.hpp"

namespace fleet::base {

/// 16 bytes in network order; compares by time of creation first.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};
    auto operator<=>(const Uuid&) const = default;

    /// 36 characters, lower case.
    [[nodiscard]] std::string text() const;
    /// Accepts the 36-character form in either case; anything else is nullopt.
    [[nodiscard]] static std::optional<Uuid> parse(std::string_view text);
    [[nodiscard]] bool is_nil() const { return *this == Uuid{}; }
};

/// Makes version 7 UUIDs that grow within one generator even inside one millisecond.
/// Not thread-safe: one generator a thread.
class UuidGenerator {
  public:
    [[nodiscard]] Uuid next(WallTime now);

  private:
    const std::uint8_t* random_bytes(std::size_t count);

    std::int64_t last_ms_ = 0;
    std::uint32_t counter_ = 0;  ///< 26 bits: those right after the version and the variant
    /// Random bytes are fetched in blocks: one system call serves many ids.
    std::array<std::uint8_t, 384> random_{};
    std::size_t used_ = random_.size();
};

/// The id of item `index` of a batch: equal inputs give equal ids (so that a push may be repeated),
/// ids of one seed ascend with the index. `seed` is a version 7 UUID made once per batch;
/// index < 2^32.
[[nodiscard]] Uuid derived_uuid(const Uuid& seed, std::uint32_t index);

/// 63 random bits, never 0, from the kernel's generator.
[[nodiscard]] std::int64_t random_positive_int64();
/// Lower-case letters and digits without look-alikes, from the kernel's generator.
[[nodiscard]] std::string random_word(std::size_t length);

}  // namespace fleet::base
