#include "common/base/hash.hpp"

#include <catch2/catch.hpp>

namespace fleet::base {

TEST_CASE("content is hashed by BLAKE2b of 256 bits") {
    CHECK(content_hash("") == "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    CHECK(content_hash("abc") ==
          "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    const std::string with_zero{"a\0b", 3};
    CHECK(content_hash(with_zero) != content_hash("a"));
    CHECK(content_digest("abc")[0] == 0xbd);
}

}  // namespace fleet::base
