#include "common/process/tree.hpp"

#include <algorithm>
#include <csignal>
#include <set>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "common/base/errors.hpp"
#include "common/process/identity.hpp"
#include "common/process/proc.hpp"
#include "common/process/strays.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/process/spawned.hpp"

namespace {

using namespace fleet;
using namespace fleet::process_test;
using process::Child;
using process::StrayReaper;
using test_support::TemporaryFolder;
using test_support::wait_until;

pid_t pid_in(const std::filesystem::path& file) {
    std::string text;
    REQUIRE(wait_until([&] {
        text = std::filesystem::exists(file) ? test_support::read_file(file) : "";
        return text.ends_with('\n');
    }));
    return std::stoi(text);
}

bool is_running(pid_t pid) {
    const auto stat = process::read_proc_stat(pid);
    return stat && !stat->is_dead();
}

/// A daemon: leaves the group and the session, and its parent ends. It writes its pid to `file`.
std::string daemon(const std::string& file) {
    return "setsid sh -c 'echo $$ > " + file + "; exec sleep 1000' & while [ ! -s " + file +
           " ]; do :; done";
}

std::string unique_mark() {
    return "test-" + std::to_string(::getpid()) + "-mark";
}

std::vector<std::string> marked_environment(const std::string& mark) {
    return {"PATH=/usr/bin:/bin", "FLEET_PROCESS_MARK=" + mark};
}

TEST_CASE("a daemon that escaped from its group is found by its mark and killed") {
    process::become_subreaper();
    const TemporaryFolder folder;
    Child command = start_child({.argv = shell(daemon("pid")),
                                 .environment = marked_environment(unique_mark()),
                                 .directory = folder.path().string()});
    const pid_t escaped = pid_in(folder / "pid");
    CHECK(command.finish().exit_code == 0);
    REQUIRE(is_running(escaped));
    Child stranger = start_child(
        {.argv = {"sleep", "1000"}, .environment = marked_environment(unique_mark() + "-other")});

    const process::KillResult result = process::kill_marked_processes(unique_mark());
    CHECK(result.killed == 1);
    CHECK(result.clean);
    CHECK_FALSE(is_running(escaped));
    CHECK(is_running(stranger.pid()));
    CHECK(process::kill_marked_processes(unique_mark()).killed == 0);
}

TEST_CASE("an empty mark is refused, since it would mean everything") {
    CHECK_THROWS_AS(process::kill_marked_processes(""), base::ConfigError);
}

TEST_CASE("a worker's tree is killed with its daemons, also when it is frozen") {
    process::become_subreaper();
    const bool frozen = GENERATE(false, true);
    const TemporaryFolder folder;
    Child worker =
        start_child({.argv = shell("setsid sh -c 'sleep 1000 & echo $! > deep; wait' & " +
                                   daemon("daemon") + "; wait"),
                     .environment = marked_environment(unique_mark()),
                     .directory = folder.path().string()});
    const pid_t deep = pid_in(folder / "deep");
    const pid_t escaped = pid_in(folder / "daemon");
    Child stranger = start_child({.argv = {"sleep", "1000"}});
    const auto identity = process::identity_of(worker.pid());
    REQUIRE(identity);
    if (frozen) {
        worker.signal_group(SIGSTOP);
    }
    const process::KillResult result = process::kill_tree(*identity, unique_mark());
    CHECK(result.clean);
    CHECK(result.killed >= 4);
    CHECK_FALSE(is_running(worker.pid()));
    CHECK_FALSE(is_running(deep));
    CHECK_FALSE(is_running(escaped));
    CHECK(is_running(stranger.pid()));
    CHECK(worker.finish().signal == SIGKILL);
}

TEST_CASE("a tree whose root is gone is clean, and a stranger with its pid is left alone") {
    Child stranger = start_child({.argv = {"sleep", "1000"}});
    auto identity = process::identity_of(stranger.pid());
    REQUIRE(identity);
    --identity->start_ticks;
    const process::KillResult result = process::kill_tree(*identity, "");
    CHECK(result.killed == 0);
    CHECK(result.clean);
    CHECK(is_running(stranger.pid()));
    ++identity->pid_namespace;
    CHECK_FALSE(process::kill_tree(*identity, "").clean);
}

/// One attempt as the runner makes it; `script` runs to its end.
struct TestAttempt {
    TestAttempt(StrayReaper& reaper, const std::string& id, const std::string& script,
                const TemporaryFolder& folder, bool with_mark = true)
        : scope(reaper, "FLEET_EXECUTION_ID=" + id),
          child(start_child({.argv = shell(script),
                             .environment = {"PATH=/usr/bin:/bin",
                                             with_mark ? "FLEET_EXECUTION_ID=" + id : "NONE=1"},
                             .directory = folder.path().string()})) {
        scope.started(child.pid());
    }
    std::size_t end() {
        child.finish();
        return scope.end();
    }
    StrayReaper::Attempt scope;
    Child child;
};

TEST_CASE("the daemon of an attempt is killed at its end, that of a running attempt is not") {
    process::become_subreaper();
    const TemporaryFolder folder;
    StrayReaper reaper;
    // The leader of the second goes on while its daemon has become our child.
    TestAttempt first(reaper, "one", daemon("one"), folder);
    TestAttempt second(reaper, "two", "(" + daemon("two") + "); while [ ! -e go ]; do :; done",
                       folder);
    const pid_t of_first = pid_in(folder / "one");
    const pid_t of_second = pid_in(folder / "two");
    CHECK(first.end() == 1);
    CHECK_FALSE(is_running(of_first));
    CHECK(is_running(of_second));
    CHECK(is_running(second.child.pid()));
    test_support::write_file(folder / "go", "");
    CHECK(second.end() >= 1);
    CHECK_FALSE(is_running(of_second));
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // no zombie is left
}

TEST_CASE("a daemon without a mark lives until every attempt that it may be of is over") {
    process::become_subreaper();
    const TemporaryFolder folder;
    StrayReaper reaper;
    TestAttempt first(reaper, "one", daemon("one"), folder, false);
    TestAttempt second(reaper, "two", "while [ ! -e go ]; do :; done", folder);
    const pid_t hidden = pid_in(folder / "one");
    CHECK(first.end() == 0);
    CHECK(is_running(hidden));
    test_support::write_file(folder / "go", "");
    CHECK(second.end() == 1);
    CHECK_FALSE(is_running(hidden));
}

TEST_CASE("a command that serves all attempts lives on when they end") {
    process::become_subreaper();
    const TemporaryFolder folder;
    StrayReaper reaper;
    Child serving = start_child({.argv = {"sleep", "1000"},
                                 .environment = {"PATH=/usr/bin:/bin", process::kServingVariable}});
    TestAttempt attempt(reaper, "one", daemon("one"), folder, false);
    const pid_t hidden = pid_in(folder / "one");
    CHECK(attempt.end() == 1);
    CHECK_FALSE(is_running(hidden));
    CHECK(is_running(serving.pid()));
}

TEST_CASE("an attempt that left nothing costs no search and kills nothing") {
    process::become_subreaper();
    const TemporaryFolder folder;
    StrayReaper reaper;
    TestAttempt attempt(reaper, "one", "exit 0", folder);
    CHECK(attempt.end() == 0);
}

TEST_CASE("while a command is being spawned, no child that might be it is touched") {
    process::become_subreaper();
    const TemporaryFolder folder;
    StrayReaper reaper;
    const StrayReaper::Attempt spawning(reaper, "FLEET_EXECUTION_ID=new");
    Child not_yet_known = start_child({.argv = {"sleep", "1000"}});
    TestAttempt other(reaper, "one", "exit 0", folder);
    CHECK(other.end() == 0);
    CHECK(is_running(not_yet_known.pid()));
}

}  // namespace
