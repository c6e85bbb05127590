#include "bench/support/own_process.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include <sys/wait.h>
#include <system_error>

namespace fleet::bench {

std::filesystem::path program_folder() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

OwnProcess::OwnProcess(const std::vector<std::string>& argv, bool quiet) {
    std::vector<char*> arguments;
    arguments.reserve(argv.size() + 1);
    for (const auto& one : argv) {
        arguments.push_back(const_cast<char*>(one.c_str()));
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (quiet) {
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    }
    const int code =
        posix_spawn(&pid_, argv.front().c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0) {
        throw std::system_error(code, std::generic_category(), "starting " + argv.front());
    }
}

OwnProcess::OwnProcess(OwnProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

OwnProcess& OwnProcess::operator=(OwnProcess&& other) noexcept {
    if (this != &other) {
        end();
        pid_ = std::exchange(other.pid_, -1);
    }
    return *this;
}

OwnProcess::~OwnProcess() {
    end();
}

void OwnProcess::end() noexcept {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        wait();
    }
}

void OwnProcess::signal(int number) const {
    if (pid_ > 0) {  // -1 would be every process
        ::kill(pid_, number);
    }
}

bool OwnProcess::has_ended() const {
    siginfo_t end{};
    return pid_ <= 0 ||
           ::waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           end.si_pid == pid_;
}

int OwnProcess::wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

ScratchFolder::ScratchFolder() {
    const char* const base = std::getenv("TMPDIR");
    std::string name = std::string{base != nullptr ? base : "/tmp"} + "/fleet-bench-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), "making " + name);
    }
    path_ = name;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace fleet::bench
