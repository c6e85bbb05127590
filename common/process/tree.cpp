#include "common/process/tree.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <map>
#include <optional>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"
#include "common/base/fd.hpp"
#include "common/process/identity.hpp"
#include "common/process/proc.hpp"

namespace fleet::process {
namespace {

struct OpenProcess {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;
    base::UniqueFd fd;
};

class Deadline {
  public:
    explicit Deadline(base::Millis limit) : end_(clock_.boot_now() + limit) {}
    [[nodiscard]] bool over() const { return clock_.boot_now() >= end_; }
    [[nodiscard]] int left_ms() const {
        const auto left = std::chrono::ceil<base::Millis>(end_ - clock_.boot_now());
        return static_cast<int>(std::max<base::Millis::rep>(0, left.count()));
    }

  private:
    base::SystemClock clock_;
    base::BootTime end_;
};

/// Descriptor first, then the look that says whether it is still the one that was meant.
std::optional<OpenProcess> open_same(pid_t pid, std::uint64_t start_ticks) {
    base::UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
    const std::optional<ProcStat> stat = fd ? read_proc_stat(pid) : std::nullopt;
    if (!stat || stat->start_ticks != start_ticks || stat->is_dead()) {
        return std::nullopt;
    }
    return OpenProcess{pid, start_ticks, std::move(fd)};
}

/// True when it has ended within the time. An orphan of ours is reaped as well.
bool wait_gone(const OpenProcess& process, const Deadline& deadline, bool reap) {
    pollfd watched{process.fd.get(), POLLIN, 0};
    int ready = 0;
    while ((ready = ::poll(&watched, 1, deadline.left_ms())) < 0 && errno == EINTR) {
    }
    if (ready <= 0) {
        return false;
    }
    if (reap) {
        ::waitpid(process.pid, nullptr, WNOHANG);  // ECHILD: somebody else's, who reaps it
    }
    return true;
}

std::vector<OpenProcess> marked(const std::string& variable) {
    std::vector<OpenProcess> found;
    for (const pid_t pid : all_pids()) {
        if (pid == ::getpid() || !has_variable(read_environ(pid), variable)) {
            continue;
        }
        const std::optional<ProcStat> stat = read_proc_stat(pid);
        auto process = stat ? open_same(pid, stat->start_ticks) : std::nullopt;
        // Asked again now that the descriptor keeps the answer true of the process it names.
        if (process && has_variable(read_environ(pid), variable)) {
            found.push_back(std::move(*process));
        }
    }
    return found;
}

/// `kill(2)` and its kin say EPERM for another user's process.
bool kill_all(const std::vector<OpenProcess>& processes, KillResult& result) {
    bool all = true;
    for (const OpenProcess& process : processes) {
        if (signal_process(process.fd, SIGKILL)) {
            ++result.killed;
        } else if (errno == EPERM) {
            all = false;
        }
    }
    return all;
}

/// Those below `root` (and below what is known already) that are not known yet.
std::vector<OpenProcess> new_descendants(const std::map<pid_t, std::uint64_t>& known) {
    std::map<pid_t, ProcStat> all;
    for (const pid_t pid : all_pids()) {
        if (const std::optional<ProcStat> stat = read_proc_stat(pid)) {
            all.emplace(pid, *stat);
        }
    }
    const auto is_below = [&](ProcStat stat) {
        for (std::size_t step = 0; step <= all.size(); ++step) {
            const auto ancestor = known.find(stat.parent);
            const auto parent = all.find(stat.parent);
            if (parent == all.end() || stat.parent == stat.pid) {
                return false;
            }
            if (ancestor != known.end() && ancestor->second == parent->second.start_ticks) {
                return true;
            }
            stat = parent->second;
        }
        return false;
    };
    std::vector<OpenProcess> found;
    for (const auto& [pid, stat] : all) {
        if (pid == ::getpid() || known.contains(pid) || stat.is_dead() || !is_below(stat)) {
            continue;
        }
        if (auto process = open_same(pid, stat.start_ticks)) {
            found.push_back(std::move(*process));
        }
    }
    return found;
}

/// Stops the tree from the root down until a look finds nobody new; a stopped process forks no
/// more.
std::vector<OpenProcess> stop_tree(const model::ProcessIdentity& root, const Deadline& deadline) {
    std::vector<OpenProcess> tree;
    std::map<pid_t, std::uint64_t> known{{root.pid, root.start_ticks}};
    while (!deadline.over()) {
        std::vector<OpenProcess> found = new_descendants(known);
        if (found.empty()) {
            break;
        }
        for (OpenProcess& process : found) {
            signal_process(process.fd, SIGSTOP);
            known.emplace(process.pid, process.start_ticks);
            tree.push_back(std::move(process));
        }
    }
    return tree;
}

}  // namespace

void become_subreaper() {
    struct sigaction to_default {};
    to_default.sa_handler = SIG_DFL;
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || ::sigaction(SIGCHLD, &to_default, nullptr) < 0) {
        throw base::StoreError(base::StoreError::Kind::internal,
                               base::describe_errno("becoming the parent of orphans", errno));
    }
}

KillResult kill_marked_processes(const std::string& mark, base::Millis limit) {
    KillResult result;
    if (mark.empty()) {
        throw base::ConfigError("killing marked processes: the mark is empty");
    }
    const Deadline deadline(limit);
    const std::string variable = std::string(kMarkVariable) + "=" + mark;
    do {
        const std::vector<OpenProcess> found = marked(variable);
        if (found.empty()) {
            return result;
        }
        if (!kill_all(found, result)) {
            break;
        }
        for (const OpenProcess& process : found) {
            wait_gone(process, deadline, true);
        }
    } while (!deadline.over());
    result.clean = false;
    return result;
}

KillResult kill_tree(const model::ProcessIdentity& identity, const std::string& mark,
                     base::Millis limit) {
    KillResult result;
    const Deadline deadline(limit);
    const Liveness state = liveness(identity);
    if (state == Liveness::unknowable) {
        result.clean = false;
        return result;
    }
    if (auto root_fd = open_process(identity)) {
        const OpenProcess root{identity.pid, identity.start_ticks, std::move(*root_fd)};
        signal_process(root.fd, SIGSTOP);
        const std::vector<OpenProcess> tree = stop_tree(identity, deadline);
        if (signal_process(root.fd, SIGKILL)) {
            ++result.killed;
        } else if (errno == EPERM) {
            result.clean = false;
            return result;
        }
        result.clean = kill_all(tree, result) && result.clean;
        // The root may be a child that its owner reaps; its descendants can only be our orphans.
        result.clean = wait_gone(root, deadline, false) && result.clean;
        for (const OpenProcess& process : tree) {
            result.clean = wait_gone(process, deadline, true) && result.clean;
        }
    }
    if (!mark.empty()) {
        const KillResult rest = kill_marked_processes(mark, base::Millis{deadline.left_ms()});
        result.killed += rest.killed;
        result.clean = result.clean && rest.clean;
    }
    return result;
}

}  // namespace fleet::process
