#include "common/process/child.hpp"

#include <csignal>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include "common/process/identity.hpp"
#include "common/process/proc.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/process/spawned.hpp"

namespace {

using namespace fleet;
using namespace fleet::process_test;
using process::Child;
using test_support::TemporaryFolder;
using test_support::wait_until;

/// Waits until the file holds a whole line; gives the number on it.
pid_t pid_in(const std::filesystem::path& file) {
    std::string text;
    REQUIRE(wait_until([&] {
        text = std::filesystem::exists(file) ? test_support::read_file(file) : "";
        return text.ends_with('\n');
    }));
    return std::stoi(text);
}

TEST_CASE("exit codes and signals are told apart") {
    CHECK(run_to_end({.argv = shell("exit 0")}).status.exit_code == 0);
    const auto code = run_to_end({.argv = shell("exit 123")}).status;
    CHECK(code.exit_code == 123);
    CHECK_FALSE(code.signal);
    const auto signal = run_to_end({.argv = shell("kill -TERM $$")}).status;
    CHECK_FALSE(signal.exit_code);
    CHECK(signal.signal == SIGTERM);
}

TEST_CASE("waiting ends at the deadline, at a stop, and at the end of the process") {
    const base::SystemClock clock;
    const base::UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
    Child child = start_child({.argv = {"sleep", "1000"}});
    CHECK(child.wait(clock, clock.boot_now() - base::Millis{1}, stop.get()) ==
          Child::Wait::deadline);
    CHECK(child.wait(clock, clock.boot_now() + base::Millis{20}, stop.get()) ==
          Child::Wait::deadline);
    ::eventfd_write(stop.get(), 1);
    CHECK(child.wait(clock, std::nullopt, stop.get()) == Child::Wait::stopped);
    child.signal_group(SIGKILL);
    CHECK(child.wait(clock, std::nullopt, -1) == Child::Wait::exited);
    CHECK(child.wait(clock, clock.boot_now(), stop.get()) == Child::Wait::exited);
    CHECK(child.finish().signal == SIGKILL);
}

TEST_CASE("what the leader left in its group is killed before the leader is reaped") {
    const TemporaryFolder folder;
    Child child = start_child(
        {.argv = shell("sleep 1000 & echo $! > pid; exit 3"), .directory = folder.path().string()});
    const pid_t left = pid_in(folder / "pid");
    CHECK(child.finish().exit_code == 3);
    CHECK(wait_until([&] {
        const auto stat = process::read_proc_stat(left);
        return !stat || stat->is_dead();
    }));
}

TEST_CASE("a child that goes out of scope is killed with its group and reaped") {
    const TemporaryFolder folder;
    pid_t leader = 0;
    pid_t member = 0;
    {
        Child child = start_child({.argv = shell("sleep 1000 & echo $! > pid; wait"),
                                   .directory = folder.path().string()});
        leader = child.pid();
        member = pid_in(folder / "pid");
    }
    CHECK(::kill(leader, 0) == -1);
    CHECK(wait_until([&] {
        const auto stat = process::read_proc_stat(member);
        return !stat || stat->is_dead();
    }));
}

TEST_CASE("peak memory at or below the spawner's own is unknown") {
    CHECK_FALSE(run_to_end({.argv = {"/bin/true"}}).status.max_rss_bytes);
    const auto large =
        run_to_end({.argv = shell("head -c 300000000 /dev/zero | tail -c 300000000 > /dev/null")});
    REQUIRE(large.status.max_rss_bytes);
    CHECK(*large.status.max_rss_bytes > 250'000'000);
}

TEST_CASE("processor time counts the command and what it waited for") {
    const auto busy =
        run_to_end({.argv = shell("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done")});
    CHECK(busy.status.cpu_time > base::Millis{0});
    CHECK(busy.status.cpu_time < base::Millis{20'000});
}

TEST_CASE("an end that somebody else collected is neither a code nor a signal") {
    Child child = start_child({.argv = {"/bin/true"}});
    REQUIRE(wait_until([&] { return ::waitpid(child.pid(), nullptr, WNOHANG) == child.pid(); }));
    const process::ExitStatus status = child.finish();
    CHECK_FALSE(status.exit_code);
    CHECK_FALSE(status.signal);
}

}  // namespace
