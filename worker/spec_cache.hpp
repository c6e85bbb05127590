// Specs by number, read from the store and made ready once. Not thread-safe: the main loop's.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>

#include "common/contracts/work.hpp"
#include "machines/calls/run_attempt.hpp"
#include "worker/machine_room.hpp"
#include "worker/work_item.hpp"

namespace fleet::worker {

class SpecCache {
  public:
    /// The specs kept; the one used longest ago goes first.
    static constexpr std::size_t kCapacity = 256;

    SpecCache(contracts::WorkBackend& work, const calls::AttemptRunner& runner,
              MachineRoom& machines)
        : work_(work), runner_(runner), machines_(machines) {}

    /// Reads the store when the spec is not here; throws base::StoreError.
    [[nodiscard]] std::shared_ptr<const LoadedSpec> get(std::int64_t number);

  private:
    using Entry = std::pair<std::int64_t, std::shared_ptr<const LoadedSpec>>;
    [[nodiscard]] LoadedSpec load(std::int64_t number);

    contracts::WorkBackend& work_;
    const calls::AttemptRunner& runner_;
    MachineRoom& machines_;
    std::list<Entry> entries_;  ///< used last first
    std::unordered_map<std::int64_t, std::list<Entry>::iterator> places_;
};

}  // namespace fleet::worker
