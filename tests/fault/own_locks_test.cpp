#include <array>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/wait.h>

#include "common/base/clock.hpp"
#include "common/contracts/store.hpp"
#include "common/store/open.hpp"
#include "common/store/sqlite/stopped_holder.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace fleet;

struct Range {
    std::string file;
    off_t start;
    off_t length;
};

/// Asked by a child process: asking here would drop the very locks in question.
bool somebody_holds(const Range& range) {
    const pid_t child = ::fork();
    if (child == 0) {
        const int fd = ::open(range.file.c_str(), O_RDWR | O_CLOEXEC);
        struct flock lock {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        lock.l_start = range.start;
        lock.l_len = range.length;
        const bool held = fd >= 0 && ::fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
        ::_exit(held ? 1 : 0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status) == 1;
}

TEST_CASE("nothing that a process does with its open store drops its locks on the files") {
    const test_support::TemporaryFolder folder;
    const base::SystemClock clock;
    const std::string file = (folder / "fleet.db").string();
    const auto store = store::open_store(base::StoreUrl::parse("sqlite:" + file, "/"), clock);
    store->scaling().set_paused("default", true);  // both connections are there from now on
    static_cast<void>(store->work().batches(1));
    // The shared lock of everybody who has the database open, and that on its shared memory
    // (SQLite's os_unix.c: SHARED_FIRST, UNIX_SHM_DMS).
    const std::array<Range, 2> ranges{{{file, 0x40000002, 510}, {file + "-shm", 128, 1}}};
    const auto check_all = [&](const char* after) {
        for (const Range& range : ranges) {
            INFO("after " << after << ": " << range.file);
            CHECK(somebody_holds(range));
        }
    };
    check_all("opening");
    for (const auto& finding : store->check()) {
        INFO(finding.what << ": " << finding.detail);
        CHECK(finding.ok);
    }
    check_all("a check");
    store->backup(folder / "copy.db");
    check_all("a backup");
    static_cast<void>(store->prune({}));
    check_all("pruning");
    static_cast<void>(store::sqlite::write_lock_holder(file));
    check_all("asking who writes");
    static_cast<void>(store->change_counter());
    check_all("looking for changes");
}

}  // namespace
