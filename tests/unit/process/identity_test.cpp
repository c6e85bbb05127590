#include "common/process/identity.hpp"

#include <csignal>
#include <string>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/wait.h>

#include "common/base/clock.hpp"
#include "common/process/proc.hpp"
#include "tests/support/run_program.hpp"

namespace {

using namespace fleet;
using process::Liveness;

TEST_CASE("a stat line is read whatever the process is called") {
    const std::string rest =
        " S 1 77 88 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 987654 1000 200 18446744073709551615\n";
    for (const std::string name : {"sh", "a b", "x) R 9 (y", "((", "))", "two\nlines"}) {
        const auto stat = process::parse_proc_stat("42 (" + name + ")" + rest);
        REQUIRE(stat);
        CHECK(stat->pid == 42);
        CHECK(stat->state == 'S');
        CHECK(stat->parent == 1);
        CHECK(stat->group == 77);
        CHECK(stat->session == 88);
        CHECK(stat->start_ticks == 987654);
        CHECK_FALSE(stat->is_dead());
    }
}

TEST_CASE("a stat line that is cut off is refused") {
    CHECK_FALSE(process::parse_proc_stat(""));
    CHECK_FALSE(process::parse_proc_stat("42 (sh) S 1"));
    CHECK_FALSE(process::parse_proc_stat("42 sh S 1"));
    CHECK_FALSE(process::parse_proc_stat("x (sh) S 1 77 88"));
}

TEST_CASE("a variable is found only as a whole member of an environment") {
    const std::string variables("A=1\0MARK=xyz\0B=MARK=q\0", 22);
    CHECK(process::has_variable(variables, "MARK=xyz"));
    CHECK(process::has_variable(variables, "A=1"));
    CHECK_FALSE(process::has_variable(variables, "MARK=xy"));
    CHECK_FALSE(process::has_variable(variables, "MARK=q"));
    CHECK_FALSE(process::has_variable("", "MARK=q"));
}

TEST_CASE("this process is alive and knows itself") {
    const base::SystemClock clock;
    const model::ProcessIdentity self = process::self_identity(clock);
    CHECK(self.pid == ::getpid());
    CHECK(self.pid_namespace != 0);
    CHECK(process::identity_of(::getpid()) == self);
    CHECK(process::liveness(self) == Liveness::alive);
}

TEST_CASE("a reused pid is not the process that had it before") {
    auto stranger = process::identity_of(::getpid());
    REQUIRE(stranger);
    --stranger->start_ticks;
    CHECK(process::liveness(*stranger) == Liveness::gone);
    CHECK_FALSE(process::open_process(*stranger));
}

TEST_CASE("processes of another boot or namespace are unknowable") {
    auto other = process::identity_of(::getpid());
    REQUIRE(other);
    auto earlier = *other;
    earlier.boot_id = "another";
    CHECK(process::liveness(earlier) == Liveness::unknowable);
    ++other->pid_namespace;
    CHECK(process::liveness(*other) == Liveness::unknowable);
    CHECK_FALSE(process::open_process(*other));
}

TEST_CASE("a killed process is gone, even as a zombie") {
    test_support::ChildProgram program({{"sleep", "1000"}});
    const auto identity = process::identity_of(program.pid());
    REQUIRE(identity);
    const auto opened = process::open_process(*identity);
    REQUIRE(opened);
    REQUIRE(process::signal_process(*opened, SIGKILL));
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(program.pid()), &info, WEXITED | WNOWAIT) == 0);
    CHECK(process::liveness(*identity) == Liveness::gone);
    CHECK_FALSE(process::identity_of(program.pid()));
    REQUIRE(program.wait(std::chrono::seconds(10)));
    CHECK(process::liveness(*identity) == Liveness::gone);
    CHECK_FALSE(process::signal_process(*opened, SIGKILL));
}

}  // namespace
