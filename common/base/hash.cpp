#include "common/base/hash.hpp"

#include <sodium.h>

#include "common/base/errors.hpp"

namespace fleet::base {

std::array<std::uint8_t, kHashBytes> content_digest(std::string_view data) {
    if (::sodium_init() < 0) {
        throw StoreError(StoreError::Kind::internal,
                         "hashing content: libsodium cannot be initialised");
    }
    std::array<std::uint8_t, kHashBytes> digest{};
    ::crypto_generichash(digest.data(), digest.size(),
                         reinterpret_cast<const unsigned char*>(data.data()), data.size(), nullptr,
                         0);
    return digest;
}

std::string content_hash(std::string_view data) {
    const auto digest = content_digest(data);
    std::array<char, 2 * kHashBytes + 1> hex{};
    ::sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
    return std::string{hex.data()};
}

}  // namespace fleet::base
