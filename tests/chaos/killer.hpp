// Chooses who is killed, and when: by a seeded generator, among what lives at that moment.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "tests/chaos/box_processes.hpp"
#include "tests/chaos/tally.hpp"

namespace fleet::chaos {

/// For one box. Not thread-safe.
class Killer {
  public:
    /// All references must outlive it.
    Killer(const BoxProcesses& processes, Tally& tally, std::uint64_t seed);

    /// Kills one process, or all workers at once, or everything.
    void strike();
    /// Until the next one.
    [[nodiscard]] std::chrono::milliseconds pause();

  private:
    enum class Target { worker, scaler, fleet, command, all_workers, everything };

    [[nodiscard]] Target choose(const std::vector<BoxProcess>& living);
    void kill(const BoxProcess& process);
    [[nodiscard]] int number(int least, int most);

    const BoxProcesses& processes_;
    Tally& tally_;
    std::mt19937_64 random_;
    int longest_pause_ms_;
    std::optional<model::ProcessIdentity> scaler_;  ///< at the last strike
    int workers_of_scaler_ = 0;                     ///< killed under its eyes
};

}  // namespace fleet::chaos
