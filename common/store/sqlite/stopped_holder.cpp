#include "common/store/sqlite/stopped_holder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/base/fd.hpp"

namespace fleet::store::sqlite {

namespace {

/// The byte of the -shm file that stands for the WAL's write lock (SQLite's os_unix.c and wal.c:
/// UNIX_SHM_BASE + WAL_WRITE_LOCK).
constexpr off_t kWriteLockByte = 120;

/// In the child: only what is safe after a fork of a process with threads.
[[noreturn]] void ask_and_exit(const char* shm_file, int answer_fd) {
    pid_t holder = 0;
    const int fd = ::open(shm_file, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        struct flock lock {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        lock.l_start = kWriteLockByte;
        lock.l_len = 1;
        if (::fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) {
            holder = lock.l_pid;
        }
    }
    const ssize_t written = ::write(answer_fd, &holder, sizeof holder);
    ::_exit(written == static_cast<ssize_t>(sizeof holder) ? 0 : 1);
}

std::string first_line(const std::string& path) {
    std::ifstream file{path};
    std::string line;
    std::getline(file, line);
    return line;
}

std::string program_name(pid_t pid) {
    return first_line("/proc/" + std::to_string(pid) + "/comm");
}

/// T: by a signal. Not t, which is a debugger's.
bool is_stopped(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/status"};
    std::string line;
    while (std::getline(file, line)) {
        if (line.starts_with("State:")) {
            return line.find("T (") != std::string::npos;
        }
    }
    return false;
}

bool is_one_of_ours(std::string_view program) {
    constexpr std::array<std::string_view, 4> kPrograms{"fleet", "scaler", "worker", "coordinator"};
    return std::find(kPrograms.begin(), kPrograms.end(), program) != kPrograms.end();
}

}  // namespace

std::optional<pid_t> write_lock_holder(const std::filesystem::path& file) {
    const std::string shm_file = file.string() + "-shm";
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return std::nullopt;
    }
    const base::UniqueFd reading(ends[0]);
    base::UniqueFd writing(ends[1]);
    const pid_t child = ::fork();
    if (child == 0) {
        ask_and_exit(shm_file.c_str(), writing.get());
    }
    if (child < 0) {
        return std::nullopt;
    }
    writing.reset();
    pid_t holder = 0;
    ssize_t count = 0;
    do {
        count = ::read(reading.get(), &holder, sizeof holder);
    } while (count < 0 && errno == EINTR);
    // A program that reaps all its children may have been quicker.
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return count == static_cast<ssize_t>(sizeof holder) && holder > 0 ? std::optional{holder}
                                                                      : std::nullopt;
}

void StoppedHolder::waited(std::chrono::milliseconds so_far) {
    if (so_far >= next_look_) {
        next_look_ = so_far + kPatience;
        look();
    }
}

void StoppedHolder::reset() {
    next_look_ = kPatience;
    stopped_.reset();
    description_.clear();
}

std::optional<StoppedHolder::Killed> StoppedHolder::take_killed() {
    return std::exchange(killed_, std::nullopt);
}

void StoppedHolder::look() {
    const auto holder = write_lock_holder(file_);
    const auto stopped_before = std::exchange(stopped_, std::nullopt);
    if (!holder || *holder == ::getpid()) {
        description_.clear();
        return;
    }
    const base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, *holder, 0U)));
    const std::string program = program_name(*holder);
    const bool stopped = is_stopped(*holder);
    description_ = program + " (pid " + std::to_string(*holder) + (stopped ? ", stopped)" : ")");
    if (!stopped || !is_one_of_ours(program)) {
        return;
    }
    stopped_ = holder;
    // The descriptor names the process that was looked at, whoever has its number afterwards.
    if (stopped_before == holder && process &&
        ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0U) == 0) {
        killed_ = Killed{*holder, description_ + " held the store's write lock for longer than " +
                                      std::to_string(kPatience.count()) + " ms and was killed"};
        stopped_.reset();
    }
}

}  // namespace fleet::store::sqlite
