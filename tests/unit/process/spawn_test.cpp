#include "common/process/spawn.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <future>
#include <thread>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/process/identity.hpp"
#include "common/process/proc.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/process/spawned.hpp"

namespace {

using namespace fleet;
using namespace fleet::process_test;
using Catch::Matchers::Contains;
using test_support::TemporaryFolder;
using test_support::wait_until;
using test_support::write_file;

void make_executable(const std::filesystem::path& file) {
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
}

TEST_CASE("a program gets its arguments, directory and environment exactly") {
    const TemporaryFolder folder;
    const Ended ended = run_to_end(
        {.argv = {"/bin/sh", "-c", "pwd; printf '%s|' \"$@\"; env", "sh", "a b", "", "*", "{}"},
         .environment = {"A=1 2", "B=", "PATH=/usr/bin"},
         .directory = folder.path().string()});
    CHECK(ended.status.exit_code == 0);
    CHECK_THAT(ended.out, Catch::StartsWith(folder.path().string() + "\na b||*|{}|"));
    CHECK_THAT(ended.out, Contains("A=1 2\n"));
    CHECK_THAT(ended.out, Contains("B=\n"));
    CHECK(ended.out.find("HOME=") == std::string::npos);
}

TEST_CASE("a name without a slash is looked up in the PATH of the child") {
    const TemporaryFolder folder;
    write_file(folder / "tool", "#!/bin/sh\necho found\n");
    make_executable(folder / "tool");
    CHECK(run_to_end({.argv = {"tool"}, .environment = {"PATH=/nowhere:" + folder.path().string()}})
              .out == "found\n");
    // A relative folder counts from the child's directory.
    CHECK(run_to_end(
              {.argv = {"tool"}, .environment = {"PATH=."}, .directory = folder.path().string()})
              .out == "found\n");
    CHECK(run_to_end({.argv = {"./tool"}, .directory = folder.path().string()}).out == "found\n");
}

TEST_CASE("a program that does not exist is reported as not found, by name") {
    const auto in_path = failed_start({.argv = {"no-such-command"}});
    CHECK(in_path.error == ENOENT);
    CHECK_FALSE(in_path.transient);
    CHECK_THAT(in_path.message, Contains("no-such-command") && Contains("not found in PATH"));

    const auto absolute = failed_start({.argv = {"/no/such/command"}});
    CHECK(absolute.error == ENOENT);
    CHECK_THAT(absolute.message, Contains("/no/such/command") && Contains("no such file"));
}

TEST_CASE("what is not executable is told apart from what is not there") {
    const TemporaryFolder folder;
    write_file(folder / "text", "hello\n");
    const auto no_permission = failed_start({.argv = {(folder / "text").string()}});
    CHECK(no_permission.error == EACCES);
    CHECK_THAT(no_permission.message, Contains("not executable"));
    const auto in_path =
        failed_start({.argv = {"text"}, .environment = {"PATH=" + folder.path().string()}});
    CHECK(in_path.error == EACCES);
    CHECK_THAT(in_path.message, Contains("not executable"));

    make_executable(folder / "text");
    const auto no_format = failed_start({.argv = {(folder / "text").string()}});
    CHECK(no_format.error == ENOEXEC);
    CHECK_THAT(no_format.message, Contains("not executable"));

    write_file(folder / "script", "#!/no/such/interpreter\n");
    make_executable(folder / "script");
    const auto no_interpreter = failed_start({.argv = {(folder / "script").string()}});
    CHECK(no_interpreter.error == ENOENT);
    CHECK_THAT(no_interpreter.message, Contains("interpreter"));

    CHECK(failed_start({.argv = {folder.path().string()}}).error == EACCES);
    CHECK(failed_start({.argv = {}}).error == ENOENT);
    CHECK(failed_start({.argv = {""}}).error == ENOENT);
}

TEST_CASE("a missing working directory is named") {
    const auto failure = failed_start({.argv = {"/bin/true"}, .directory = "/no/such/folder"});
    CHECK(failure.error == ENOENT);
    CHECK_THAT(failure.message, Contains("/no/such/folder") && Contains("directory"));
}

TEST_CASE("arguments larger than the system takes are a clear failure") {
    const auto failure = failed_start({.argv = {"/bin/true", std::string(200'000, 'x')}});
    CHECK(failure.error == E2BIG);
    CHECK_FALSE(failure.transient);
    CHECK_THAT(failure.message, Contains("too large"));
}

TEST_CASE("a failed start leaves no child behind") {
    static_cast<void>(failed_start({.argv = {"/no/such/command"}}));
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
}

TEST_CASE("no descriptor but the standard ones reaches the program") {
    // Without O_CLOEXEC, as libraries open them; high numbers, which the shell does not use itself.
    const base::UniqueFd null(process::open_null());
    const base::UniqueFd leaky(::fcntl(null.get(), F_DUPFD, 100));
    const base::UniqueFd kept(::fcntl(null.get(), F_DUPFD, 100));
    const std::string list = "for f in /proc/$$/fd/*; do echo ${f##*/}; done";
    const std::string plain = run_to_end({.argv = shell(list)}).out;
    CHECK_THAT(plain, Catch::StartsWith("0\n1\n2\n"));
    CHECK(plain.find("\n" + std::to_string(leaky.get()) + "\n") == std::string::npos);
    CHECK(plain.find("\n" + std::to_string(kept.get()) + "\n") == std::string::npos);
    const std::string with = run_to_end({.argv = shell(list), .keep_fds = {kept.get()}}).out;
    CHECK_THAT(with, Contains("\n" + std::to_string(kept.get()) + "\n"));
}

TEST_CASE("standard input is empty, or the given descriptor") {
    CHECK(run_to_end({.argv = {"cat"}}).out.empty());
    const TemporaryFolder folder;
    write_file(folder / "in", "the item");
    const base::UniqueFd in(::open((folder / "in").c_str(), O_RDONLY | O_CLOEXEC));
    CHECK(run_to_end({.argv = {"cat"}, .stdin_fd = in.get()}).out == "the item");
}

TEST_CASE("streams whose descriptors are themselves 0, 1 or 2 do not overwrite each other") {
    const TemporaryFolder folder;
    const std::array<int, 2> saved{::fcntl(0, F_DUPFD_CLOEXEC, 50),
                                   ::fcntl(1, F_DUPFD_CLOEXEC, 50)};
    write_file(folder / "in", "text");
    const int in = ::open((folder / "in").c_str(), O_RDONLY | O_CLOEXEC);
    const int out = ::open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ::dup3(out, 0, O_CLOEXEC);  // crossed: output on 0, input on 1
    ::dup3(in, 1, O_CLOEXEC);
    const std::vector<std::string> argv{"/bin/cat"};
    auto result = process::spawn({.argv = argv,
                                  .directory = {},
                                  .environment = {},
                                  .more_environment = {},
                                  .stdin_fd = 1,
                                  .stdout_fd = 0,
                                  .stderr_fd = 2,
                                  .keep_fds = {}});
    ::dup2(saved[0], 0);
    ::dup2(saved[1], 1);
    for (const int fd : {saved[0], saved[1], in, out}) {
        ::close(fd);
    }
    REQUIRE(std::holds_alternative<process::Child>(result));
    CHECK(std::get<process::Child>(result).finish().exit_code == 0);
    CHECK(test_support::read_file(folder / "out") == "text");
}

TEST_CASE(
    "signals that the worker ignores, blocks or handles are at their defaults in the program") {
    struct sigaction ignore {};
    struct sigaction before {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before);
    sigset_t blocked;
    sigset_t mask;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &mask);
    const std::string out = run_to_end({.argv = {"grep", "^Sig[BI]", "/proc/self/status"}}).out;
    ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    ::sigaction(SIGPIPE, &before, nullptr);
    CHECK(out == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("a program leads a process group of its own") {
    process::Child child = start_child({.argv = {"sleep", "1000"}});
    CHECK(::getpgid(child.pid()) == child.pid());
    CHECK(::getpgid(child.pid()) != ::getpgrp());
}

TEST_CASE("a program dies when the thread that spawned it ends") {
    std::promise<pid_t> pid;
    auto started = pid.get_future();
    {
        const std::jthread spawner([&] {
            process::Child child = start_child({.argv = {"sleep", "1000"}});
            pid.set_value(child.release());
        });
    }
    const pid_t orphan = started.get();
    int status = 0;
    REQUIRE(wait_until([&] { return ::waitpid(orphan, &status, WNOHANG) == orphan; }));
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
}

TEST_CASE("many threads spawn at once without mixing anything up") {
    std::vector<std::future<bool>> threads;
    for (int t = 0; t < 4; ++t) {
        threads.push_back(std::async(std::launch::async, [t] {
            const std::vector<std::string> bad{"/no/such/" + std::to_string(t)};
            for (int i = 0; i < 50; ++i) {
                const std::vector<std::string> argv{"/bin/sh", "-c", "exit " + std::to_string(t)};
                auto good = process::spawn({.argv = argv,
                                            .directory = {},
                                            .environment = {},
                                            .more_environment = {},
                                            .keep_fds = {}});
                auto failed = process::spawn({.argv = bad,
                                              .directory = {},
                                              .environment = {},
                                              .more_environment = {},
                                              .keep_fds = {}});
                auto* child = std::get_if<process::Child>(&good);
                auto* failure = std::get_if<process::SpawnFailure>(&failed);
                if (child == nullptr || child->finish().exit_code != t || failure == nullptr ||
                    failure->message.find(bad.front()) == std::string::npos) {
                    return false;
                }
            }
            return true;
        }));
    }
    for (auto& thread : threads) {
        CHECK(thread.get());
    }
}

}  // namespace
