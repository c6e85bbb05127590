#include "common/store/sqlite/backup.hpp"

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "common/base/store_url.hpp"
#include "common/store/sqlite/sqlite_store.hpp"
#include "tests/unit/store_sqlite/opened_store.hpp"

namespace fleet::store::sqlite::test {

namespace fs = std::filesystem;

TEST_CASE("a backup is a store of its own with everything in it") {
    OpenedStore opened;
    const auto large = "\"" + std::string(contracts::kInlineResultBytes, 'x') + "\"";
    const auto id = opened.finished(large);
    opened.push(3);
    const auto copy = opened.folder() / "copy.db";
    opened.store().backup(copy);
    const auto second = make_sqlite_store(
        base::StoreUrl::parse("sqlite:" + copy.string(), opened.folder()), opened.clock(), false);
    CHECK(second->work().get(id)->output == large);
    CHECK(second->work().pressure("default", "")->ready() == 3);
    CHECK((fs::status(copy).permissions() & fs::perms::mask) ==
          (fs::perms::owner_read | fs::perms::owner_write));
    for (const auto& entry : fs::directory_iterator(opened.folder())) {
        CHECK_THAT(entry.path().string(), !Catch::Contains("unfinished"));
    }
}

TEST_CASE("a backup never replaces a file") {
    OpenedStore opened;
    const auto file = opened.folder() / "precious";
    test_support::write_file(file, "keep me");
    CHECK_THROWS_AS(opened.store().backup(file), base::ConfigError);
    CHECK_THROWS_WITH(opened.store().backup(file), Catch::Contains("exists already"));
    CHECK(test_support::read_file(file) == "keep me");
    CHECK_THROWS_AS(opened.store().backup(opened.file()), base::ConfigError);
}

TEST_CASE("a backup into a folder that is not there is refused") {
    OpenedStore opened;
    CHECK_THROWS_WITH(opened.store().backup(opened.folder() / "nowhere" / "copy.db"),
                      Catch::Contains("there is no folder"));
}

TEST_CASE("a backup whose large result is damaged leaves nothing behind") {
    OpenedStore opened;
    opened.finished("\"" + std::string(contracts::kInlineResultBytes, 'x') + "\"");
    fs::remove_all(opened.data_folder() / "results");
    const auto copy = opened.folder() / "copy.db";
    CHECK_THROWS_AS(opened.store().backup(copy), base::StoreError);
    CHECK_FALSE(fs::exists(copy));
}

}  // namespace fleet::store::sqlite::test
