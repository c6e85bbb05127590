// The hash by which content is addressed: result files, configurations, ids of children.
// Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fleet::base {

inline constexpr std::size_t kHashBytes = 32;

/// BLAKE2b of 256 bits. Throws StoreError internal if the library cannot be initialised.
[[nodiscard]] std::array<std::uint8_t, kHashBytes> content_digest(std::string_view data);
/// The same as 64 lower-case hexadecimal digits.
[[nodiscard]] std::string content_hash(std::string_view data);

}  // namespace fleet::base
