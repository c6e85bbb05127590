// Ending processes that are not our children, or not any more: a dead or frozen worker's tree,
// daemons that escaped from a command.
//
// A process is only ever signalled through a descriptor whose start time was compared after it was
// opened, or while it is our own unreaped child, so that no stranger is hit. Thread-safe: no state.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/base/time.hpp"
#include "common/model/worker.hpp"

namespace fleet::process {

/// The environment variable that every command of a worker carries.
inline constexpr const char* kMarkVariable = "FLEET_PROCESS_MARK";

struct KillResult {
    std::size_t killed = 0;
    /// Nothing is left: the last scan was empty and everything killed has ended. False when the
    /// time limit passed first (a process in uninterruptible sleep), or it may not be signalled.
    bool clean = true;
};

/// This process becomes the parent of its descendants' orphans, so that it can find and end them.
/// Also sets SIGCHLD to its default: a parent that ignores it would lose how its children ended.
/// Throws base::StoreError internal when the kernel refuses.
void become_subreaper();

/// Kills every process (this one excepted) whose environment says FLEET_PROCESS_MARK=`mark`, and
/// scans again until a scan is empty or `limit` is over. `mark` must not be empty.
KillResult kill_marked_processes(const std::string& mark,
                                 base::Millis limit = base::Millis{10'000});

/// Kills the process (a worker, ours or not) with all its descendants, and then, if `mark` is not
/// empty, what carries its mark. The process is stopped first so that it starts nothing meanwhile.
/// `clean` without anything killed when it was gone already; false when it is unknowable.
KillResult kill_tree(const model::ProcessIdentity& identity, const std::string& mark,
                     base::Millis limit = base::Millis{10'000});

}  // namespace fleet::process
