#include "common/store/sqlite/large_files.hpp"

#include <chrono>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "common/base/errors.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store_sqlite/opened_store.hpp"

namespace fleet::store::sqlite::test {

namespace fs = std::filesystem;
using test_support::TemporaryFolder;

namespace {

const std::string kLarge = "\"" + std::string(contracts::kInlineResultBytes, 'x') + "\"";

void make_old(const fs::path& file) {
    fs::last_write_time(file, fs::last_write_time(file) - std::chrono::hours(2));
}

std::size_t files_below(const fs::path& folder) {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        count += entry.is_regular_file() && entry.path().filename() != ".lock" ? 1 : 0;
    }
    return count;
}

}  // namespace

TEST_CASE("a large file is named by its content and read back") {
    const TemporaryFolder folder;
    const auto name = write_large_file(folder.path(), Durability::full, "some output");
    CHECK(name.size() == std::string{"results/ab/"}.size() + 64);
    CHECK(read_large_file(folder.path(), name) == "some output");
    CHECK(write_large_file(folder.path(), Durability::normal, "some output") == name);
    CHECK(write_large_file(folder.path(), Durability::normal, "other") != name);
    CHECK(files_below(folder.path()) == 2);
    CHECK((fs::status(folder.path() / name).permissions() & fs::perms::mask) ==
          (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("a damaged large file is an error that names it") {
    const TemporaryFolder folder;
    const auto name = write_large_file(folder.path(), Durability::normal, "some output");
    test_support::write_file(folder.path() / name, "some outpux");
    CHECK_THROWS_WITH(read_large_file(folder.path(), name),
                      Catch::Contains(name) && Catch::Contains("does not match its name"));
    try {
        static_cast<void>(read_large_file(folder.path(), name));
    } catch (const base::StoreError& failure) {
        CHECK(failure.kind() == base::StoreError::Kind::corrupt);
    }
    // Writing the same content again repairs it.
    CHECK(write_large_file(folder.path(), Durability::normal, "some output") == name);
    CHECK(read_large_file(folder.path(), name) == "some output");
    fs::remove(folder.path() / name);
    CHECK_THROWS_WITH(read_large_file(folder.path(), name), Catch::Contains("cannot be read"));
}

TEST_CASE("only old files that nothing refers to are removed") {
    const TemporaryFolder folder;
    const auto fresh = write_large_file(folder.path(), Durability::normal, "fresh");
    const auto old = write_large_file(folder.path(), Durability::normal, "old");
    const auto used = write_large_file(folder.path(), Durability::normal, "used");
    const auto left_over = fs::path{old}.parent_path() / ".tmp-killed";
    test_support::write_file(folder.path() / left_over, "half");
    for (const auto& name : {old, used, left_over.string()}) {
        make_old(folder.path() / name);
    }
    const auto referenced = [&](const std::string& name) { return name == used; };
    CHECK(remove_unreferenced(folder.path(), 100, referenced) == 2);
    CHECK(fs::exists(folder.path() / fresh));
    CHECK(fs::exists(folder.path() / used));
    CHECK_FALSE(fs::exists(folder.path() / old));
}

TEST_CASE("a file that is written again while it is removed stays") {
    const TemporaryFolder folder;
    const auto name = write_large_file(folder.path(), Durability::normal, "again");
    make_old(folder.path() / name);
    // A commit writes the same output after the remover found the file old and unreferenced.
    const auto referenced = [&](const std::string& /*name*/) {
        CHECK(write_large_file(folder.path(), Durability::normal, "again") == name);
        return false;
    };
    CHECK(remove_unreferenced(folder.path(), 100, referenced) == 0);
    CHECK(read_large_file(folder.path(), name) == "again");
}

TEST_CASE("a large output is a file beside the store and comes back as the result") {
    OpenedStore opened;
    const auto id = opened.finished(kLarge);
    CHECK(opened.query("SELECT file IS NOT NULL FROM payloads WHERE kind = 2") == "1");
    CHECK(opened.store().results().read(contracts::result_uri(id.text()), base::Millis{0}, {}) ==
          kLarge);
    CHECK(opened.store().work().get(id)->output == kLarge);
    CHECK(files_below(opened.data_folder() / "results") == 1);
}

TEST_CASE("pruning removes the files of large outputs once nothing refers to them") {
    OpenedStore opened;
    opened.finished(kLarge);
    opened.store().results().write("flatagents://someone-else/result", kLarge + " ");
    for (const auto& entry : fs::recursive_directory_iterator(opened.data_folder() / "results")) {
        if (entry.is_regular_file()) {
            make_old(entry.path());
        }
    }
    const auto result = opened.store().prune({});
    CHECK(result.executions == 1);
    CHECK(result.result_files == 1);
    CHECK_FALSE(result.more);
    CHECK(opened.store().results().exists("flatagents://someone-else/result"));
    CHECK(files_below(opened.data_folder() / "results") == 1);
}

}  // namespace fleet::store::sqlite::test
