#include "tests/fault/own_namespace.hpp"

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/statvfs.h>

#include "common/base/errors.hpp"
#include "common/base/fd.hpp"
#include "common/process/proc.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet::fault_test {
namespace {

using test_support::Program;

std::vector<std::string> unshare() {
    std::vector<std::string> argv{"unshare"};
    if (::geteuid() != 0) {
        argv.insert(argv.end(), {"--user", "--map-root-user"});
    }
    return argv;
}

std::vector<std::string> holder_argv() {
    std::vector<std::string> argv = unshare();
    argv.insert(argv.end(), {"--mount", "--propagation", "private", "sleep", "1000"});
    return argv;
}

}  // namespace

std::vector<std::string> own_pid_namespace() {
    std::vector<std::string> argv = unshare();
    argv.insert(argv.end(), {"--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"});
    return argv;
}

std::vector<pid_t> children_of(pid_t pid) {
    std::vector<pid_t> children;
    for (const pid_t one : process::all_pids()) {
        const auto status = process::read_small_file("/proc/" + std::to_string(one) + "/status");
        const auto at = status ? status->find("\nPPid:\t") : std::string::npos;
        if (at == std::string::npos) {
            continue;
        }
        pid_t parent = 0;
        std::from_chars(status->data() + at + 7, status->data() + status->size(), parent);
        if (parent == pid) {
            children.push_back(one);
        }
    }
    return children;
}

pid_t the_child_of(pid_t pid) {
    const auto children = children_of(pid);
    REQUIRE(children.size() == 1);
    return children.front();
}

SmallDisk::SmallDisk(std::filesystem::path folder, std::uint64_t bytes)
    : folder_(std::move(folder)), holder_({holder_argv()}) {
    const std::string own = "/proc/" + std::to_string(holder_.pid()) + "/comm";
    const bool inside_now = test_support::wait_until(
        [&] { return process::read_small_file(own) == "sleep\n"; }, std::chrono::seconds(10));
    if (!inside_now) {
        FAIL("this system gives no mount namespace (root or user namespaces are needed): "
             << holder_.err());
    }
    const auto mounted = test_support::run_program(
        inside({{"mount", "-t", "tmpfs", "-o", "mode=0700,size=" + std::to_string(bytes),
                 "small-disk", folder_.string()}}));
    if (mounted.exit_code != 0) {
        FAIL("this system does not let a test mount a small disk: " << mounted.err);
    }
}

Program SmallDisk::inside(Program program) const {
    std::vector<std::string> argv{"nsenter", "--target", std::to_string(holder_.pid()), "--mount"};
    if (::geteuid() != 0) {
        argv.insert(argv.end(), {"--user", "--preserve-credentials"});
    }
    // Its directory is looked up inside: outside there is another folder under that name.
    if (!program.directory.empty()) {
        argv.insert(argv.end(), {"env", "--chdir=" + program.directory.string()});
        program.directory.clear();
    }
    argv.insert(argv.end(), program.argv.begin(), program.argv.end());
    program.argv = std::move(argv);
    return program;
}

std::filesystem::path SmallDisk::seen(const std::string& name) const {
    return "/proc/" + std::to_string(holder_.pid()) + "/root" + (folder_ / name).string();
}

std::uint64_t SmallDisk::free_bytes() const {
    struct statvfs info {};
    REQUIRE(::statvfs(seen("").c_str(), &info) == 0);
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

void SmallDisk::fill(std::uint64_t leave) const {
    const base::UniqueFd file(
        ::open(seen("filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    INFO(base::describe_errno("making the filler", errno));
    REQUIRE(file);
    const std::string block(4096, 'f');
    while (leave == 0 || free_bytes() > leave) {
        if (::write(file.get(), block.data(), block.size()) < 0) {
            REQUIRE(errno == ENOSPC);
            break;
        }
    }
}

void SmallDisk::free_again() const {
    REQUIRE(std::filesystem::remove(seen("filler")));
}

}  // namespace fleet::fault_test
