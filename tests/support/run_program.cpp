#include "tests/support/run_program.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <string_view>
#include <unistd.h>

#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/base/errors.hpp"

namespace fleet::test_support {
namespace {

void require(int error_number, const std::string& doing) {
    if (error_number != 0) {
        throw std::runtime_error(base::describe_errno(doing, error_number));
    }
}

class FileActions {
  public:
    FileActions() { require(::posix_spawn_file_actions_init(&actions_), "preparing a spawn"); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;
    ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }

    void open(int fd, const std::filesystem::path& file, int flags) {
        require(::posix_spawn_file_actions_addopen(&actions_, fd, file.c_str(), flags, 0600),
                "preparing " + file.string());
    }
    void change_directory(const std::filesystem::path& directory) {
        require(::posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str()),
                "preparing " + directory.string());
    }
    [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_{};
};

/// A process group of its own, no signal blocked, every signal at its default.
class Attributes {
  public:
    Attributes() {
        require(::posix_spawnattr_init(&attributes_), "preparing a spawn");
        sigset_t none{};
        sigset_t all{};
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setpgroup(&attributes_, 0);
        ::posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
    [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

  private:
    posix_spawnattr_t attributes_{};
};

std::vector<std::string> environment_of(const Program& program) {
    std::vector<std::string> entries;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::string_view name = text.substr(0, text.find('='));
        const bool replaced = std::any_of(program.environment.begin(), program.environment.end(),
                                          [name](const auto& pair) { return pair.first == name; });
        if (!replaced && !name.starts_with("FLEET_")) {
            entries.emplace_back(text);
        }
    }
    for (const auto& [name, value] : program.environment) {
        entries.push_back(name + "=" + value);
    }
    return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (std::string& text : texts) {
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

ProgramEnd end_of(int status) {
    ProgramEnd end;
    if (WIFSIGNALED(status)) {
        end.signal = WTERMSIG(status);
    } else {
        end.exit_code = WEXITSTATUS(status);
    }
    return end;
}

}  // namespace

ChildProgram::ChildProgram(const Program& program) {
    if (program.argv.empty()) {
        throw std::invalid_argument("a program needs at least its name");
    }
    FileActions actions;
    std::filesystem::path input = "/dev/null";
    if (program.stdin_text) {
        input = folder_ / "stdin";
        write_file(input, *program.stdin_text);
    }
    actions.open(STDIN_FILENO, input, O_RDONLY);
    actions.open(STDOUT_FILENO, folder_ / "stdout", O_WRONLY | O_CREAT | O_APPEND);
    actions.open(STDERR_FILENO, folder_ / "stderr", O_WRONLY | O_CREAT | O_APPEND);
    if (!program.directory.empty()) {
        actions.change_directory(program.directory);
    }
    const Attributes attributes;
    std::vector<std::string> arguments = program.argv;
    std::vector<std::string> environment = environment_of(program);
    require(::posix_spawnp(&pid_, arguments.front().c_str(), actions.get(), attributes.get(),
                           pointers_to(arguments).data(), pointers_to(environment).data()),
            "starting " + program.argv.front());
    pidfd_ = base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    if (!pidfd_) {
        const int error_number = errno;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        require(error_number, "opening a pidfd for " + program.argv.front());
    }
}

ChildProgram::~ChildProgram() {
    // The group's number is ours only as long as its leader is not reaped.
    kill_group(SIGKILL);
    wait(std::chrono::seconds(10));
}

void ChildProgram::kill(int signal) {
    if (!end_) {
        ::kill(pid_, signal);
    }
}

void ChildProgram::kill_group(int signal) {
    if (!end_) {
        ::kill(-pid_, signal);
    }
}

std::optional<ProgramEnd> ChildProgram::wait(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!end_) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd ended{pidfd_.get(), POLLIN, 0};
        const int ready =
            ::poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
        if (ready < 0 && errno != EINTR) {
            require(errno, "waiting for process " + std::to_string(pid_));
        }
        if (ready > 0) {
            int status = 0;
            if (::waitpid(pid_, &status, 0) != pid_) {
                require(errno, "reaping process " + std::to_string(pid_));
            }
            end_ = end_of(status);
        } else if (left.count() <= 0) {
            break;
        }
    }
    return end_;
}

std::string ChildProgram::out() const {
    return read_file(folder_ / "stdout");
}

std::string ChildProgram::err() const {
    return read_file(folder_ / "stderr");
}

ProgramResult run_program(const Program& program, std::chrono::milliseconds limit) {
    ChildProgram child(program);
    std::optional<ProgramEnd> end = child.wait(limit);
    ProgramResult result;
    if (!end) {
        result.timed_out = true;
        child.kill_group(SIGKILL);
        end = child.wait(std::chrono::seconds(10));
    }
    if (end) {
        result.exit_code = end->exit_code;
        result.signal = end->signal;
    }
    result.out = child.out();
    result.err = child.err();
    return result;
}

}  // namespace fleet::test_support
