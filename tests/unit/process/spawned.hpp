// Runs a program with process::spawn and gives its output and end.
#pragma once

#include <fcntl.h>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/clock.hpp"
#include "common/process/spawn.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fleet::process_test {

struct Run {
    std::vector<std::string> argv;
    std::vector<std::string> environment{"PATH=/usr/bin:/bin"};
    std::string directory{};
    int stdin_fd = -1;
    std::vector<int> keep_fds{};
};

struct Ended {
    process::ExitStatus status;
    std::string out;
};

inline std::vector<std::string> shell(const std::string& script) {
    return {"/bin/sh", "-c", script};
}

inline std::variant<process::Child, process::SpawnFailure> start(
    const Run& run, const std::string& out_file = "/dev/null") {
    const base::UniqueFd out(::open(out_file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(out);
    return process::spawn({.argv = run.argv,
                           .directory = run.directory,
                           .environment = run.environment,
                           .more_environment = {},
                           .stdin_fd = run.stdin_fd,
                           .stdout_fd = out.get(),
                           .stderr_fd = out.get(),
                           .keep_fds = run.keep_fds});
}

inline process::Child start_child(const Run& run, const std::string& out_file = "/dev/null") {
    auto result = start(run, out_file);
    if (auto* failure = std::get_if<process::SpawnFailure>(&result)) {
        FAIL(failure->message);
    }
    return std::move(std::get<process::Child>(result));
}

inline process::SpawnFailure failed_start(const Run& run) {
    auto result = start(run);
    REQUIRE(std::holds_alternative<process::SpawnFailure>(result));
    return std::move(std::get<process::SpawnFailure>(result));
}

inline Ended run_to_end(const Run& run) {
    const test_support::TemporaryFolder folder;
    process::Child child = start_child(run, folder / "out");
    const base::SystemClock clock;
    const auto deadline = clock.boot_now() + std::chrono::seconds(30);
    REQUIRE(child.wait(clock, deadline, -1) == process::Child::Wait::exited);
    process::ExitStatus status = child.finish();
    return {status, test_support::read_file(folder / "out")};
}

}  // namespace fleet::process_test
