// Commands that do not behave: the worker stays in charge, and nothing of them is left.
#include <csignal>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "common/process/proc.hpp"
#include "tests/fault/worker_box.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet::fault_test {
namespace {

using namespace std::chrono_literals;
using Catch::Contains;
using model::Status;
using test_support::ChildProgram;
using test_support::wait_until;

/// From /proc/PID/status, in KiB.
long status_figure(pid_t pid, const std::string& name) {
    const auto text = process::read_small_file("/proc/" + std::to_string(pid) + "/status");
    REQUIRE(text);
    const auto at = text->find(name + ":");
    REQUIRE(at != std::string::npos);
    return std::stol(text->substr(at + name.size() + 1));
}

TEST_CASE("a command that ignores SIGTERM is killed after the grace, with what it started") {
    WorkerBox box;
    const auto id = box.push_script(
        "trap '' TERM; echo $$ > leader; (trap '' TERM; while :; do sleep 1000; done) & "
        "echo $! > child; while :; do sleep 1000; done",
        1, 500ms);
    const ChildProgram worker(box.worker("w1"));
    const pid_t leader = box.pid_in("leader");
    const pid_t child = box.pid_in("child");
    REQUIRE(wait_until([&] { return box.has_status(id.front(), Status::failed); }, kLimit));
    const auto error = box.get(id.front()).error.value();
    CHECK(error.kind == model::ErrorKind::timeout);
    CHECK_THAT(error.message, Contains("did not end within 200ms of SIGTERM and was killed"));
    CHECK(is_gone(leader));
    CHECK(is_gone(child));
}

TEST_CASE("a worker that retires does not wait longer than the grace for a deaf command") {
    WorkerBox box;
    const auto id =
        box.push_script("trap '' TERM INT HUP; echo $$ > leader; while :; do sleep 1000; done");
    ChildProgram worker(box.worker("w1", {"--grace", "0.2"}));
    const pid_t leader = box.pid_in("leader");
    worker.kill(SIGTERM);
    const auto end = worker.wait(kLimit);
    REQUIRE(end);
    CHECK(end->exit_code == 0);
    CHECK(is_gone(leader));
    CHECK(box.has_status(id.front(), Status::pending));
    CHECK(box.get(id.front()).counters.failures == 0);
}

TEST_CASE("a daemon that a command leaves behind is gone when the attempt is recorded") {
    WorkerBox box;
    // Both fork twice and lead sessions of their own; the second has also dropped its environment.
    const auto id = box.push_script(
        "(setsid sh -c 'echo $$ > plain; exec sleep 1000' </dev/null >/dev/null 2>&1 &); "
        "(env -i setsid /bin/sh -c 'echo $$ > bare; exec /bin/sleep 1000' </dev/null >/dev/null "
        "2>&1 &); while [ ! -s plain ] || [ ! -s bare ]; do sleep 0.01; done; echo started");
    const ChildProgram worker(box.worker("w1"));
    REQUIRE(wait_until([&] { return box.has_status(id.front(), Status::done); }, kLimit));
    CHECK(is_gone(box.pid_in("plain")));
    CHECK(is_gone(box.pid_in("bare")));
    CHECK_THAT(box.get(id.front()).output, Contains("started"));
}

TEST_CASE("a command that writes 1 GiB does not fill the worker's memory") {
    WorkerBox box;
    constexpr std::int64_t kGiB = std::int64_t{1} << 30;
    const auto id = box.push_script("head -c 1G /dev/zero | tr '\\0' x; echo the end");
    const ChildProgram worker(box.worker("w1"));
    REQUIRE(wait_until([&] { return box.has_status(id.front(), Status::done); }, kLimit));
    // Its peak, in KiB: far below what the command wrote.
    CHECK(status_figure(worker.pid(), "VmHWM") < 64L * 1024);

    const auto attempts = box.store().work().attempts(id.front());
    REQUIRE(attempts.size() == 1);
    const std::filesystem::path log = attempts.front().stdout_path;
    CHECK(static_cast<std::int64_t>(std::filesystem::file_size(log)) ==
          attempts.front().stdout_offset + kGiB + 8);
    const auto output = base::parse_json(box.get(id.front()).output, "output");
    const std::string text = output.at("stdout");
    CHECK(text.size() == 64U * 1024);
    CHECK_THAT(text, Catch::EndsWith("xxx"
                                     "the end\n"));
    CHECK(output.at("stdout_bytes") == kGiB + 8);
    // The log's end, through the command line, without reading all of it into memory.
    const auto shown = box.box().fleet({"result", id.front().text()});
    CHECK(shown.exit_code == 0);
    CHECK(shown.out.size() < 256U * 1024);
}

TEST_CASE("a command that closes its output and goes on is waited for") {
    WorkerBox box;
    const auto id = box.push_script(
        "echo before; exec >&- 2>&- <&-; echo $$ > leader; "
        "while [ ! -e go ]; do sleep 0.01; done; : > finished");
    const ChildProgram worker(box.worker("w1"));
    const pid_t leader = box.pid_in("leader");
    CHECK(box.has_status(id.front(), Status::running));
    CHECK_FALSE(is_gone(leader));
    box.box().write("go", "");
    REQUIRE(wait_until([&] { return box.has_status(id.front(), Status::done); }, kLimit));
    CHECK(std::filesystem::exists(box.path("finished")));
    const auto output = base::parse_json(box.get(id.front()).output, "output");
    CHECK(output.at("stdout") == "before\n");
    CHECK(output.at("exit_code") == 0);
}

}  // namespace
}  // namespace fleet::fault_test
