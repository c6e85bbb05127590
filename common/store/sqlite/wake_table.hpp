// Wake-ups between processes through one shared page of counters, DATA/wake.
//
// Every topic is hashed to one of 1,024 words; notify raises the word and wakes its futex, wait
// sleeps on it in the kernel. An idle process uses no CPU, a wake-up costs microseconds, and
// nothing is left behind by `kill -9`: there is no socket, no registration and no lock. Topics that
// share a word cause spurious wake-ups, which the contract allows. Thread-safe.
#pragma once

#include <filesystem>
#include <memory>

#include "common/contracts/trigger.hpp"

namespace fleet::store::sqlite {

/// Makes the folder (0700) and the file (0600) if they are not there; any number of processes may
/// do so at once. Throws StoreError unavailable or full naming the file.
[[nodiscard]] std::unique_ptr<contracts::TriggerBackend> make_wake_table(
    const std::filesystem::path& data_folder);

}  // namespace fleet::store::sqlite
