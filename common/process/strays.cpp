#include "common/process/strays.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/base/clock.hpp"
#include "common/process/identity.hpp"
#include "common/process/proc.hpp"

namespace fleet::process {
namespace {

/// True when the child had ended and is reaped now.
bool reap_if_dead(pid_t pid) {
    pid_t reaped = 0;
    while ((reaped = ::waitpid(pid, nullptr, WNOHANG)) < 0 && errno == EINTR) {
    }
    return reaped == pid;
}

/// Kills this child and waits for its end. A pidfd, since another slot may reap it meanwhile.
bool kill_child(pid_t pid, base::BootTime end) {
    const base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
    const std::optional<ProcStat> stat = process ? read_proc_stat(pid) : std::nullopt;
    if (!stat || stat->parent != ::getpid() || !signal_process(process, SIGKILL)) {
        return false;
    }
    const auto left = std::chrono::ceil<base::Millis>(end - base::SystemClock().boot_now());
    pollfd watched{process.get(), POLLIN, 0};
    ::poll(&watched, 1, static_cast<int>(std::max<base::Millis::rep>(0, left.count())));
    return true;
}

}  // namespace

StrayReaper::StrayReaper() {
    const std::string pid = std::to_string(::getpid());
    // Absent where the kernel was built without it; then /proc is searched.
    children_file_ = base::UniqueFd(
        ::open(("/proc/self/task/" + pid + "/children").c_str(), O_RDONLY | O_CLOEXEC));
}

StrayReaper::Attempt::Attempt(StrayReaper& reaper, std::string variable) : reaper_(reaper) {
    const std::scoped_lock lock(reaper_.mutex_);
    number_ = ++reaper_.last_number_;
    reaper_.running_.emplace(number_, Running{std::move(variable), 0});
}

StrayReaper::Attempt::~Attempt() {
    end();
}

void StrayReaper::Attempt::started(pid_t leader) {
    const std::scoped_lock lock(reaper_.mutex_);
    reaper_.running_.at(number_).leader = leader;
    reaper_.suspects_.erase(leader);
}

std::size_t StrayReaper::Attempt::end(base::Millis limit) {
    return std::exchange(ended_, true) ? 0 : reaper_.finish(number_, limit);
}

std::vector<pid_t> StrayReaper::children() const {
    std::vector<pid_t> pids;
    if (!children_file_) {
        for (const pid_t pid : all_pids()) {
            const std::optional<ProcStat> stat = read_proc_stat(pid);
            if (stat && stat->parent == ::getpid()) {
                pids.push_back(pid);
            }
        }
        return pids;
    }
    // One call is enough: what does not fit is seen by the next sweep.
    std::array<char, 4096> text;
    const ssize_t count = ::pread(children_file_.get(), text.data(), text.size(), 0);
    const char* at = text.data();
    const char* const end = at + std::max<ssize_t>(count, 0);
    while (at < end) {
        pid_t pid = 0;
        const auto [next, error] = std::from_chars(at, end, pid);
        if (error != std::errc() || next == end) {  // the last, if it was cut off
            break;
        }
        pids.push_back(pid);
        at = next + 1;
    }
    return pids;
}

StrayReaper::Verdict StrayReaper::judge(pid_t pid, const std::string& own_variable) {
    const std::string variables = read_environ(pid);
    if (has_variable(variables, own_variable)) {
        return Verdict::kill;
    }
    if (has_variable(variables, kServingVariable)) {
        return Verdict::leave;
    }
    const std::scoped_lock lock(mutex_);
    std::set<std::uint64_t> live;
    for (const auto& [number, attempt] : running_) {
        // While a command is being spawned, a child that is not known may be this command.
        if (attempt.leader == 0 || attempt.leader == pid ||
            has_variable(variables, attempt.variable)) {
            return Verdict::leave;
        }
        live.insert(number);
    }
    // Under the lock, so that this cannot be a leader that its own Child is to reap.
    if (reap_if_dead(pid)) {
        suspects_.erase(pid);
        return Verdict::reaped;
    }
    const auto [entry, is_new] = suspects_.try_emplace(pid, std::move(live));
    return entry->second.empty() ? Verdict::kill : Verdict::leave;
}

std::size_t StrayReaper::sweep(const std::string& own_variable, base::BootTime end) {
    std::size_t killed = 0;
    for (const pid_t pid : children()) {
        if (judge(pid, own_variable) == Verdict::kill && kill_child(pid, end)) {
            ++killed;
            // Reaps it, unless a spawn makes that unsafe just now: then the next sweep does.
            static_cast<void>(judge(pid, own_variable));
        }
    }
    return killed;
}

std::size_t StrayReaper::finish(std::uint64_t number, base::Millis limit) {
    std::string variable;
    {
        const std::scoped_lock lock(mutex_);
        const auto entry = running_.find(number);
        variable = std::move(entry->second.variable);
        running_.erase(entry);
        for (auto& [pid, attempts] : suspects_) {
            attempts.erase(number);
        }
    }
    const base::SystemClock clock;
    const base::BootTime end = clock.boot_now() + limit;
    // Killing one makes its own children ours: again, until nobody was found.
    std::size_t killed = 0;
    for (std::size_t last = 1; last > 0 && clock.boot_now() < end;) {
        last = sweep(variable, end);
        killed += last;
    }
    return killed;
}

}  // namespace fleet::process
