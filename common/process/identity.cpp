#include "common/process/identity.hpp"

#include <cerrno>
#include <cstdint>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/base/errors.hpp"
#include "common/process/proc.hpp"

namespace fleet::process {
namespace {

std::uint64_t own_pid_namespace() {
    struct stat info {};
    return ::stat("/proc/self/ns/pid", &info) == 0 ? info.st_ino : 0;
}

std::optional<model::ProcessIdentity> identity_on(const std::string& boot_id, pid_t pid) {
    const std::optional<ProcStat> stat = read_proc_stat(pid);
    if (!stat || stat->is_dead()) {
        return std::nullopt;
    }
    return model::ProcessIdentity{boot_id, own_pid_namespace(), pid, stat->start_ticks};
}

}  // namespace

model::ProcessIdentity self_identity(const base::Clock& clock) {
    auto identity = identity_on(clock.boot_id(), ::getpid());
    if (!identity) {
        throw base::StoreError(base::StoreError::Kind::internal,
                               "reading this process's identity: /proc/self/stat is not readable",
                               "mount /proc");
    }
    return std::move(*identity);
}

std::optional<model::ProcessIdentity> identity_of(pid_t pid) {
    return identity_on(base::SystemClock().boot_id(), pid);
}

Liveness liveness(const model::ProcessIdentity& identity) {
    if (identity.boot_id != base::SystemClock().boot_id() ||
        identity.pid_namespace != own_pid_namespace()) {
        return Liveness::unknowable;
    }
    const std::optional<ProcStat> stat = read_proc_stat(identity.pid);
    const bool alive = stat && stat->start_ticks == identity.start_ticks && !stat->is_dead();
    return alive ? Liveness::alive : Liveness::gone;
}

std::optional<base::UniqueFd> open_process(const model::ProcessIdentity& identity) {
    base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, identity.pid, 0U)));
    if (!process || liveness(identity) != Liveness::alive) {
        return std::nullopt;
    }
    return process;
}

bool signal_process(const base::UniqueFd& process, int signal) {
    return ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0U) == 0;
}

}  // namespace fleet::process
