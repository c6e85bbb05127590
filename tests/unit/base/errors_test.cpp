#include "common/base/errors.hpp"

#include <cerrno>
#include <fcntl.h>

#include <catch2/catch.hpp>

#include "common/base/fd.hpp"

using fleet::base::ConfigError;
using fleet::base::describe_errno;
using fleet::base::Error;
using fleet::base::StoreError;
using fleet::base::UniqueFd;

TEST_CASE("an error prints what happened and what to do") {
    CHECK(ConfigError("reading a.yml: no such file", "create it").full_text() ==
          "reading a.yml: no such file; create it");
    CHECK(Error("reading a.yml: no such file").full_text() == "reading a.yml: no such file");
    const StoreError error(StoreError::Kind::busy, "committing", "wait");
    CHECK(error.kind() == StoreError::Kind::busy);
    CHECK(std::string(error.what()) == "committing");
}

TEST_CASE("a failed system call is described with the system's text") {
    CHECK(describe_errno("opening x", ENOENT) == "opening x: No such file or directory");
}

TEST_CASE("a descriptor is closed by its owner and can be handed over") {
    const auto is_open = [](int fd) { return ::fcntl(fd, F_GETFD) != -1; };
    UniqueFd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int number = first.get();
    REQUIRE(is_open(number));
    UniqueFd second(std::move(first));
    CHECK(is_open(number));
    second = UniqueFd();
    CHECK_FALSE(is_open(number));
    CHECK_FALSE(second);
}
