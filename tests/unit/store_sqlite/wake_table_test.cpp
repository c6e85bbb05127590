#include "common/store/sqlite/wake_table.hpp"

#include <atomic>
#include <future>
#include <thread>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/base/errors.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"

using namespace std::chrono_literals;
using fleet::store::sqlite::make_wake_table;
using fleet::test_support::TemporaryFolder;

namespace {

constexpr fleet::base::Millis kLong = 20s;

/// Runs in a forked child, which ends with 0 when `work` returns true.
template <typename Work>
pid_t in_child(Work work) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(work() ? 0 : 1);
    }
    REQUIRE(child > 0);
    return child;
}

int exit_code_of(pid_t child) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a notify in one process ends a wait in another") {
    const TemporaryFolder folder;
    const auto here = make_wake_table(folder.path());
    const auto ticket = here->ticket("pool:default");
    const auto child = in_child([&] {
        make_wake_table(folder.path())->notify("pool:default");
        return true;
    });
    CHECK(here->wait("pool:default", ticket, kLong, {}));
    CHECK(exit_code_of(child) == 0);
}

TEST_CASE("a process that sleeps is woken by another one") {
    const TemporaryFolder folder;
    const auto here = make_wake_table(folder.path());
    const auto answer = here->ticket("answer");
    const auto child = in_child([&] {
        const auto there = make_wake_table(folder.path());
        const auto question = there->ticket("question");
        there->notify("answer");  // it has its ticket now
        const bool woken = there->wait("question", question, kLong, {});
        return woken;
    });
    CHECK(here->wait("answer", answer, kLong, {}));
    here->notify("question");
    CHECK(exit_code_of(child) == 0);
}

TEST_CASE("a notify between the ticket and the wait is not lost") {
    const TemporaryFolder folder;
    const auto table = make_wake_table(folder.path());
    const auto ticket = table->ticket("scaler");
    table->notify("scaler");
    CHECK(table->wait("scaler", ticket, kLong, {}));
}

TEST_CASE("a wait without a notify ends at its time limit") {
    const TemporaryFolder folder;
    const auto table = make_wake_table(folder.path());
    const auto ticket = table->ticket("scaler");
    const auto start = std::chrono::steady_clock::now();
    CHECK_FALSE(table->wait("scaler", ticket, 30ms, {}));
    CHECK(std::chrono::steady_clock::now() - start >= 30ms);
    CHECK_FALSE(table->wait("scaler", ticket, 0ms, {}));
}

TEST_CASE("a stop request ends a wait at once and is no wake-up") {
    const TemporaryFolder folder;
    const auto table = make_wake_table(folder.path());
    std::promise<bool> result;
    std::atomic<bool> waiting{false};
    std::jthread thread{[&](const std::stop_token& stop) {
        const auto ticket = table->ticket("scaler");
        waiting = true;
        result.set_value(table->wait("scaler", ticket, kLong, stop));
    }};
    REQUIRE(fleet::test_support::wait_until([&] { return waiting.load(); }));
    thread.request_stop();
    auto future = result.get_future();
    REQUIRE(future.wait_for(10s) == std::future_status::ready);
    CHECK_FALSE(future.get());
}

TEST_CASE("many processes may make the wake table at once") {
    const TemporaryFolder folder;
    const auto data = folder / "data";
    std::vector<pid_t> children;
    for (int i = 0; i < 16; ++i) {
        children.push_back(in_child([&] {
            make_wake_table(data)->notify("pool:default");
            return true;
        }));
    }
    for (const auto child : children) {
        CHECK(exit_code_of(child) == 0);
    }
    // Every one of them raised the same counter in the same page.
    CHECK(make_wake_table(data)->ticket("pool:default") == 16);
    struct stat info {};
    REQUIRE(::stat((data / "wake").c_str(), &info) == 0);
    CHECK(info.st_size == 4096);
    CHECK((info.st_mode & 0777U) == 0600U);
}

TEST_CASE("a wake table that cannot be made names its file") {
    const TemporaryFolder folder;
    fleet::test_support::write_file(folder / "file", "not a folder");
    CHECK_THROWS_WITH(make_wake_table(folder / "file"), Catch::Contains("file/wake"));
}
