#include "common/base/store_url.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "common/base/errors.hpp"
#include "tests/support/temporary_folder.hpp"

using fleet::base::ConfigError;
using fleet::base::data_folder;
using fleet::base::default_store_url;
using fleet::base::StoreUrl;
using fleet::test_support::TemporaryFolder;

namespace {

StoreUrl parse(const std::string& text) {
    return StoreUrl::parse(text, "/work/here");
}

std::string refusal(const std::string& text) {
    try {
        return "accepted: " + parse(text).text();
    } catch (const ConfigError& error) {
        return error.full_text();
    }
}

}  // namespace

TEST_CASE("store URLs become absolute") {
    struct Row {
        std::string written;
        std::string canonical;
    };
    const std::vector<Row> rows{
        {"sqlite:fleet.db", "sqlite:/work/here/fleet.db"},
        {"sqlite:/a/b.db", "sqlite:/a/b.db"},
        {"sqlite:///a/b.db", "sqlite:/a/b.db"},
        {"SQLite:b.db", "sqlite:/work/here/b.db"},
        {"fleet.db", "sqlite:/work/here/fleet.db"},
        {"../fleet.db", "sqlite:/work/fleet.db"},
        {"./a:b.db", "sqlite:/work/here/a:b.db"},
        {"sqlite:x.db?durability=full", "sqlite:/work/here/x.db?durability=full"},
        {"x.db?durability=normal", "sqlite:/work/here/x.db?durability=normal"},
        {"sqlite:a%3Fb%25.db", "sqlite:/work/here/a%3Fb%25.db"},
        {"100%.db", "sqlite:/work/here/100%25.db"},
        {"memory:", "memory:"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.written);
        CHECK(parse(row.written).text() == row.canonical);
    }
}

TEST_CASE("a store URL that cannot be used is refused with advice") {
    using Catch::Matchers::Contains;
    CHECK_THAT(refusal(""), Contains("empty"));
    CHECK_THAT(refusal("sqlite:"), Contains("path is empty"));
    CHECK_THAT(refusal("sqlit:x.db"),
               Contains("unknown scheme \"sqlit\"; did you mean \"sqlite\"?"));
    CHECK_THAT(refusal("sqlite:x.db?durabilty=full"), Contains("did you mean \"durability\"?"));
    CHECK_THAT(refusal("sqlite:x.db?durability=ful"), Contains("did you mean \"full\"?"));
    CHECK_THAT(refusal("sqlite:x.db?durability"), Contains("is not a durability"));
    CHECK_THAT(refusal("x.db?durability=full&durability=full"), Contains("twice"));
    CHECK_THAT(refusal("memory:?durability=full"), Contains("takes no options"));
    CHECK_THAT(refusal("memory:x"), Contains("takes no path"));
    CHECK_THAT(refusal("sqlite://host/x.db"), Contains("names a host"));
    CHECK_THAT(refusal("sqlite:folder/"), Contains("names a folder"));
    CHECK_THAT(refusal(".."), Contains("names a folder"));
    CHECK_THAT(refusal("sqlite:a%00b"), Contains("zero byte"));
}

TEST_CASE("a store that this build does not have is refused without repeating its password") {
    for (const std::string scheme : {"tcp", "ipc", "postgresql", "redis"}) {
        const std::string text = refusal(scheme + "://user:hunter2@host/db");
        CAPTURE(text);
        CHECK(text.find("this build does not have the store \"" + scheme + "\"") !=
              std::string::npos);
        CHECK(text.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("a canonical store URL parses to itself, whatever the file is called") {
    REQUIRE(rc::check("round trip", [] {
        const auto name =
            *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127)));
        RC_PRE(name.find('/') == std::string::npos && name != "." && name != "..");
        StoreUrl url;
        url.scheme = "sqlite";
        url.path = "/folder/" + name;
        if (*rc::gen::arbitrary<bool>()) {
            url.options["durability"] = "full";
        }
        const StoreUrl again = StoreUrl::parse(url.text(), "/elsewhere");
        RC_ASSERT(again.path == url.path);
        RC_ASSERT(again.options == url.options);
        RC_ASSERT(again.text() == url.text());
    }));
}

TEST_CASE("passwords and keys are not shown") {
    StoreUrl url;
    url.scheme = "postgresql";
    url.path = "//user:hunter2@host/db";
    url.options = {{"sslkey", "hunter2"}, {"password", "hunter2"}, {"timeout", "5"}};
    CHECK(url.text_without_secrets() == "postgresql://user@host/db?timeout=5");
    CHECK(parse("x.db").text_without_secrets() == "sqlite:/work/here/x.db");
}

TEST_CASE("the data folder is .fleet for the default file and PATH.d for any other") {
    CHECK(data_folder(parse("/p/.fleet/fleet.db")) == "/p/.fleet");
    CHECK(data_folder(parse("/p/.fleet/other.db")) == "/p/.fleet/other.db.d");
    CHECK(data_folder(parse("/p/jobs.db")) == "/p/jobs.db.d");
    CHECK(data_folder(parse("memory:")).empty());
}

TEST_CASE("the default store is the environment's, else the nearest .fleet above, else made here") {
    const TemporaryFolder folder;
    const auto deep = folder / "a/b/c";
    std::filesystem::create_directories(deep);

    CHECK(default_store_url(deep, "").path == (deep / ".fleet/fleet.db").string());

    std::filesystem::create_directories(folder / "a/.fleet");
    CHECK(default_store_url(deep, "").path == (folder / "a/.fleet/fleet.db").string());
    CHECK(default_store_url(folder / "a", "").path == (folder / "a/.fleet/fleet.db").string());

    // A file of that name is not a store.
    fleet::test_support::write_file(folder / "a/b/.fleet", "");
    CHECK(default_store_url(deep, "").path == (folder / "a/.fleet/fleet.db").string());

    CHECK(default_store_url(deep, "sqlite:x.db").path == (deep / "x.db").string());
    CHECK_THROWS_AS(default_store_url(deep, "nonsense:x"), ConfigError);
}
