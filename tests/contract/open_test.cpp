// Opening a store by its URL.
#include "common/store/open.hpp"

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_clock.hpp"

namespace fleet::contract_test {
namespace {

base::StoreUrl url_of(const std::string& text, const test_support::TemporaryFolder& folder) {
    return base::StoreUrl::parse(text, folder.path());
}

TEST_CASE("a store that is not there is refused by path, with what to do, and is not made") {
    const test_support::TemporaryFolder folder;
    const test_support::TestClock clock;
    const base::StoreUrl url = url_of("sqlite:missing.db", folder);
    try {
        (void)store::open_store(url, clock, store::Missing::refuse);
        FAIL("it was opened");
    } catch (const base::ConfigError& error) {
        CHECK_THAT(error.what(), Catch::Contains((folder / "missing.db").string()));
        CHECK_FALSE(error.advice().empty());
    }
    CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a store that is there is opened with what it holds") {
    const test_support::TemporaryFolder folder;
    const test_support::TestClock clock;
    const base::StoreUrl url = url_of("sqlite:here.db", folder);
    {
        const auto made = store::open_store(url, clock);
        model::PoolPolicy policy;
        policy.pool = "kept";
        made->scaling().put_pool(policy);
    }
    const auto opened = store::open_store(url, clock, store::Missing::refuse);
    CHECK(opened->url().text() == url.text());
    CHECK(opened->scaling().pool("kept"));
}

TEST_CASE("a memory store needs nothing to be there and has no files") {
    const test_support::TemporaryFolder folder;
    const test_support::TestClock clock;
    const auto opened = store::open_store(url_of("memory:", folder), clock, store::Missing::refuse);
    CHECK(opened->url().text() == "memory:");
    CHECK(opened->data_folder().empty());
    CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a kind of store that is not built in is named in the error") {
    const test_support::TestClock clock;
    base::StoreUrl url;
    url.scheme = "carrier-pigeon";
    try {
        (void)store::open_store(url, clock);
        FAIL("it was opened");
    } catch (const base::ConfigError& error) {
        CHECK_THAT(error.what(), Catch::Contains("carrier-pigeon"));
        CHECK_FALSE(error.advice().empty());
    }
}

}  // namespace
}  // namespace fleet::contract_test
