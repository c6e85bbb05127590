#include "common/process/spawn.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

// Boost.Process decides by POSIX's edition, and vfork is not in the newest; Linux has it.
#define BOOST_POSIX_HAS_VFORK 1
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <unistd.h>

#include <boost/process/child.hpp>
#include <boost/process/error.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/posix.hpp>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/base/errors.hpp"

namespace fleet::process {
namespace {

namespace bp = boost::process;

/// What the child was doing when it failed.
enum class Step { none, fork, die_with_parent, group, directory, streams, execute };

/// Written by the child between vfork and exec, read by the parent after.
struct Report {
    volatile int error = 0;
    volatile Step step = Step::none;
    volatile pid_t pid = -1;
};

#if defined(__SANITIZE_THREAD__)
/// ThreadSanitizer turns vfork into fork: a shared page carries the report, and the end of a pipe,
/// closed by exec or exit, says that it is complete.
class SharedReport {
  public:
    SharedReport()
        : page_(::mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                       -1, 0)) {
        if (page_ == MAP_FAILED) {
            throw base::StoreError(base::StoreError::Kind::internal,
                                   base::describe_errno("mapping a page for a spawn", errno));
        }
        report_ = ::new (page_) Report;
        std::array<int, 2> ends{-1, -1};
        static_cast<void>(::pipe2(ends.data(), O_CLOEXEC));
        read_end_ = base::UniqueFd(ends[0]);
        write_end_ = base::UniqueFd(ends[1]);
    }
    SharedReport(const SharedReport&) = delete;
    SharedReport& operator=(const SharedReport&) = delete;
    ~SharedReport() { ::munmap(page_, sizeof(Report)); }
    Report& get() { return *report_; }
    void wait_until_complete() {
        write_end_.reset();
        char byte = 0;
        while (::read(read_end_.get(), &byte, 1) < 0 && errno == EINTR) {
        }
    }

  private:
    void* page_;
    Report* report_;
    base::UniqueFd read_end_;
    base::UniqueFd write_end_;
};
#else
/// A vfork child works in its parent's memory, so a local variable carries the report.
class SharedReport {
  public:
    Report& get() { return report_; }
    void wait_until_complete() {}  // vfork has waited

  private:
    Report report_;
};
#endif

/// Everything that the child needs, laid out before vfork: after it nothing may be allocated.
struct Plan {
    const char* program = nullptr;
    char** argv = nullptr;
    char** environment = nullptr;
    const char* directory = nullptr;  ///< nullptr: stay
    std::array<int, 3> streams{-1, -1, -1};
    const int* keep_fds = nullptr;
    std::size_t keep_count = 0;
    bool die_with_parent = false;
    bool new_group = false;
    pid_t parent = 0;
};

/// Ends the child; the parent reads the report when vfork lets it go on.
[[noreturn]] void give_up(Report& report, Step step, int error) {
    report.error = error;
    report.step = step;
    ::_exit(127);
}

void reset_signals() {
    struct sigaction to_default {};
    to_default.sa_handler = SIG_DFL;
    for (int signal = 1; signal < 32; ++signal) {
        if (signal != SIGKILL && signal != SIGSTOP) {
            ::sigaction(signal, &to_default, nullptr);
        }
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool place_streams(const Plan& plan) {
    for (int target = 0; target < 3; ++target) {
        const int source = plan.streams[static_cast<std::size_t>(target)];
        if (source >= 0 && ::dup2(source, target) < 0) {
            return false;
        }
    }
    // Marks, rather than closes, everything else: also what a library opened without O_CLOEXEC.
    ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
    for (std::size_t i = 0; i < plan.keep_count; ++i) {
        if (::fcntl(plan.keep_fds[i], F_SETFD, 0) < 0) {
            return false;
        }
    }
    return true;
}

/// Runs in the child: async-signal-safe calls only. All signals are blocked until the last step.
void set_up_child(const Plan& plan, Report& report) {
    if (plan.die_with_parent) {
        if (::prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
            give_up(report, Step::die_with_parent, errno);
        }
        // The parent may have died before the signal was asked for.
        if (::getppid() != plan.parent) {
            ::_exit(127);
        }
    }
    if (plan.new_group && ::setpgid(0, 0) < 0) {
        give_up(report, Step::group, errno);
    }
    if (plan.directory != nullptr && ::chdir(plan.directory) < 0) {
        give_up(report, Step::directory, errno);
    }
    if (!place_streams(plan)) {
        give_up(report, Step::streams, errno);
    }
    reset_signals();
}

/// The one Boost.Process initializer that we use: sets the program and prepares the child.
class SetUp : public bp::extend::handler {
  public:
    SetUp(const Plan& plan, Report& report) : plan_(plan), report_(report) {}

    template <typename Executor>
    void on_setup(Executor& executor) const {
        executor.exe = plan_.program;
        executor.cmd_line = plan_.argv;
        executor.env = plan_.environment;
    }
    template <typename Executor>
    void on_exec_setup(Executor&) const {
        set_up_child(plan_, report_);
    }
    template <typename Executor>
    void on_exec_error(Executor&, const std::error_code& error) const {
        give_up(report_, Step::execute, error.value());
    }
    template <typename Executor>
    void on_fork_error(Executor&, const std::error_code& error) const {
        report_.error = error.value();
        report_.step = Step::fork;
    }
    template <typename Executor>
    void on_success(Executor& executor) const {
        report_.pid = executor.pid;
    }

  private:
    const Plan& plan_;
    Report& report_;
};

/// No handler of ours may run in the vfork child, where it would work on the parent's memory.
class BlockedSignals {
  public:
    BlockedSignals() {
        sigset_t all;
        sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;
    ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_{};
};

std::string_view path_variable(const SpawnOptions& options) {
    constexpr std::string_view kName = "PATH=";
    for (const auto variables : {options.more_environment, options.environment}) {
        for (const std::string& variable : variables) {
            if (variable.starts_with(kName)) {
                return std::string_view(variable).substr(kName.size());
            }
        }
    }
    return "/usr/local/bin:/usr/bin:/bin";
}

bool is_regular_file(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

/// A path as the child will see it, seen from here.
std::string from_here(const SpawnOptions& options, std::string_view path) {
    std::string result;
    if (!path.starts_with('/') && !options.directory.empty()) {
        result.append(options.directory).append("/");
    }
    return result.append(path);
}

struct Found {
    std::string path;
    int error = 0;
};

/// As execvpe does it, but in the parent and with the child's PATH and directory.
Found find_program(const SpawnOptions& options) {
    const std::string& name = options.argv.front();
    if (name.find('/') != std::string::npos) {
        return {name, 0};
    }
    int error = ENOENT;
    std::string_view path = path_variable(options);
    for (bool more = !name.empty(); more;) {
        const std::size_t colon = path.find(':');
        const std::string_view folder = path.substr(0, colon);
        more = colon != std::string_view::npos;
        path.remove_prefix(more ? colon + 1 : path.size());
        std::string candidate(folder.empty() ? "." : folder);
        candidate.append("/").append(name);
        const std::string seen = from_here(options, candidate);
        if (!is_regular_file(seen)) {
            continue;
        }
        if (::faccessat(AT_FDCWD, seen.c_str(), X_OK, AT_EACCESS) == 0) {
            return {std::move(candidate), 0};
        }
        error = errno;
    }
    return {{}, error};
}

bool is_transient(int error) {
    return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE ||
           error == ETXTBSY || error == EINTR || error == EIO;
}

std::string execute_message(const SpawnOptions& options, int error, const std::string& program) {
    const std::string& name = options.argv.front();
    switch (error) {
        case ENOENT:
            if (program.empty()) {
                return "command not found in PATH (" + std::string(path_variable(options)) + ")";
            }
            if (is_regular_file(from_here(options, program))) {
                return "the interpreter that its first line names does not exist";
            }
            return "no such file" + (name.starts_with('/') || options.directory.empty()
                                         ? std::string()
                                         : " below " + options.directory);
        case EACCES:
            return is_regular_file(from_here(options, program.empty() ? name : program)) ||
                           program.empty()
                       ? "not executable (permission denied; chmod +x may be missing)"
                       : "not a program, or a folder on the way may not be entered";
        case ENOEXEC:
            return "not executable: neither a binary of this machine nor a script with a first "
                   "line "
                   "\"#!INTERPRETER\"";
        case E2BIG:
            return "arguments and environment are too large for the system (one may have up to 128 "
                   "KiB); pass the item on standard input";
        default:
            return std::strerror(error);
    }
}

SpawnFailure failure(const SpawnOptions& options, Step step, int error,
                     const std::string& program) {
    std::string what = "starting \"" + options.argv.front() + "\": ";
    switch (step) {
        case Step::directory:
            what =
                base::describe_errno(what + "entering the directory " + options.directory, error);
            break;
        case Step::execute:
            what += execute_message(options, error, program);
            break;
        case Step::fork:
            what = base::describe_errno(what + "making a process", error);
            break;
        case Step::streams:
            what = base::describe_errno(what + "placing its standard streams", error);
            break;
        case Step::group:
            what = base::describe_errno(what + "making its process group", error);
            break;
        case Step::die_with_parent:
        case Step::none:
            what = base::describe_errno(what + "tying it to this process", error);
            break;
    }
    return {error, std::move(what), is_transient(error)};
}

std::vector<char*> pointers_to(std::span<const std::string> first,
                               std::span<const std::string> second) {
    std::vector<char*> pointers;
    pointers.reserve(first.size() + second.size() + 1);
    for (const auto strings : {first, second}) {
        for (const std::string& text : strings) {
            pointers.push_back(const_cast<char*>(text.c_str()));  // exec's old signature
        }
    }
    pointers.push_back(nullptr);
    return pointers;
}

/// Streams as the child gets them: descriptors below 3 are moved up first, so that placing one does
/// not overwrite another.
class Streams {
  public:
    explicit Streams(const SpawnOptions& options)
        : fds_{options.stdin_fd, options.stdout_fd, options.stderr_fd} {
        if (options.stdin_fd < 0) {
            null_ = open_null();
            fds_[0] = null_.get();
        }
        for (std::size_t i = 0; i < fds_.size(); ++i) {
            if (fds_[i] >= 0 && fds_[i] < 3) {
                moved_[i] = base::UniqueFd(::fcntl(fds_[i], F_DUPFD_CLOEXEC, 3));
                fds_[i] = moved_[i].get();
                failed_ = failed_ || fds_[i] < 0;
            }
        }
    }
    [[nodiscard]] const std::array<int, 3>& fds() const { return fds_; }
    [[nodiscard]] bool failed() const { return failed_; }

  private:
    std::array<int, 3> fds_;
    std::array<base::UniqueFd, 3> moved_;
    base::UniqueFd null_;
    bool failed_ = false;
};

/// Fills `report`; the process, if one was made, is running or has given up.
void launch(const Plan& plan, Report& report) {
    const BlockedSignals blocked;
    bp::child child(SetUp(plan, report), bp::posix::use_vfork, bp::ignore_error);
    child.detach();  // reaping is ours alone
}

void reap(pid_t pid) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

/// How long a program that runs already waits for a descriptor to watch it by.
constexpr int kWatchTries = 10'000;
constexpr int kWatchPauseMs = 1;

/// Gives up `reserved`, so that there is room for one descriptor. When another thread is faster to
/// take it, its work ends or fails for want of a second one: room comes back. A program that has
/// begun is not killed and repeated for a moment's shortage.
base::UniqueFd open_pidfd(pid_t pid, base::UniqueFd reserved) {
    reserved.reset();
    for (int tries = 1;; ++tries) {
        base::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
        if (pidfd || (errno != EMFILE && errno != ENFILE) || tries == kWatchTries) {
            return pidfd;
        }
        ::poll(nullptr, 0, kWatchPauseMs);
    }
}

SpawnFailure unwatchable(const SpawnOptions& options, int error) {
    return {error,
            base::describe_errno("starting \"" + options.argv.front() + "\": watching it", error),
            true};
}

}  // namespace

std::variant<Child, SpawnFailure> spawn(const SpawnOptions& options) {
    if (options.argv.empty() || options.argv.front().empty()) {
        return SpawnFailure{ENOENT, "starting a command: its argument vector is empty", false};
    }
    const Found program = find_program(options);
    if (program.error != 0) {
        return failure(options, Step::execute, program.error, {});
    }
    const Streams streams(options);
    if (streams.failed()) {
        return failure(options, Step::streams, EMFILE, program.path);
    }
    // Room for the descriptor that watches it, known before anything runs.
    base::UniqueFd reserved(::fcntl(streams.fds().front(), F_DUPFD_CLOEXEC, 3));
    if (!reserved) {
        return unwatchable(options, errno);
    }
    std::vector<char*> argv = pointers_to(options.argv, {});
    std::vector<char*> environment = pointers_to(options.environment, options.more_environment);
    const Plan plan{.program = program.path.c_str(),
                    .argv = argv.data(),
                    .environment = environment.data(),
                    .directory = options.directory.empty() ? nullptr : options.directory.c_str(),
                    .streams = streams.fds(),
                    .keep_fds = options.keep_fds.data(),
                    .keep_count = options.keep_fds.size(),
                    .die_with_parent = options.die_with_parent,
                    .new_group = options.new_group,
                    .parent = ::getpid()};
    SharedReport shared;
    Report& report = shared.get();
    launch(plan, report);
    shared.wait_until_complete();
    const pid_t pid = report.pid;
    if (report.step != Step::none) {
        if (pid > 0) {
            reap(pid);
        }
        return failure(options, report.step, report.error, program.path);
    }
    base::UniqueFd pidfd = open_pidfd(pid, std::move(reserved));
    const int error = errno;
    Child child(pid, std::move(pidfd), options.new_group);
    if (child.pidfd() < 0) {
        // Without it the end could not be waited for together with a stop: it is killed again.
        return unwatchable(options, error);
    }
    return child;
}

std::vector<std::string> own_environment() {
    std::vector<std::string> variables;
    for (char** variable = ::environ; variable != nullptr && *variable != nullptr; ++variable) {
        variables.emplace_back(*variable);
    }
    return variables;
}

base::UniqueFd open_null() {
    base::UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null) {
        throw base::StoreError(base::StoreError::Kind::internal,
                               base::describe_errno("opening /dev/null", errno));
    }
    return null;
}

}  // namespace fleet::process
