// Which process is it: a pid alone is reused, a pid with boot, namespace and start time is not.
// Thread-safe: no state.
#pragma once

#include <optional>

#include <sys/types.h>

#include "common/base/clock.hpp"
#include "common/base/fd.hpp"
#include "common/model/worker.hpp"

namespace fleet::process {

/// This process. Throws base::StoreError internal if /proc cannot be read.
[[nodiscard]] model::ProcessIdentity self_identity(const base::Clock& clock);

/// A process seen from here; nullopt if there is none with this pid (or only its zombie).
[[nodiscard]] std::optional<model::ProcessIdentity> identity_of(pid_t pid);

enum class Liveness {
    alive,
    gone,        ///< proven: the pid is free, belongs to another process, or is a zombie
    unknowable,  ///< another boot or pid namespace: it cannot be looked at from here
};

/// `unknowable` also for an earlier boot of this same box: an identity does not say which machine
/// it is of. A caller who knows that the record is of this host may take another boot id as death.
[[nodiscard]] Liveness liveness(const model::ProcessIdentity& identity);

/// A descriptor that stands for exactly this process: opened first, start time compared after, so
/// it never names a stranger. nullopt if the process is gone or unknowable.
[[nodiscard]] std::optional<base::UniqueFd> open_process(const model::ProcessIdentity& identity);

/// False if the process is gone (or, errno EPERM, not ours to signal).
bool signal_process(const base::UniqueFd& process, int signal);

}  // namespace fleet::process
