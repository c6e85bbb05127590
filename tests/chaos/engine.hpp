// Rounds of chaos, two boxes at once, until there was enough of it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/chaos/round.hpp"
#include "tests/chaos/tally.hpp"

namespace fleet::chaos {

struct EngineOptions {
    std::uint64_t seed = 1;
    /// New rounds begin until all three are reached.
    std::int64_t items = 0;
    std::int64_t kills = 0;
    std::chrono::steady_clock::duration time{0};
    /// The size of a round is drawn between them.
    int least_commands = 1;
    int most_commands = 1;
    int most_noops = 0;
    /// Told now and then, and when something is kept.
    std::function<void(const std::string& line)> say = [](const std::string&) {};
};

/// Not thread-safe. While it lives, this process is the parent of its descendants' orphans and
/// collects them, as the first process of a machine does; it must have no other children.
class Engine {
  public:
    explicit Engine(EngineOptions options);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine();

    /// Returns when all rounds are over, or after the first that broke a rule.
    const Tally& run();

  private:
    [[nodiscard]] bool enough() const;
    void fill_boxes();
    void end_round(std::unique_ptr<Round>& round);
    void collect_orphans() const;
    void report();

    EngineOptions options_;
    Tally tally_;
    std::mt19937_64 random_;
    std::array<std::unique_ptr<Round>, 2> boxes_;  ///< one of each flavour
    std::chrono::steady_clock::time_point began_;
    std::chrono::steady_clock::time_point report_at_;
};

}  // namespace fleet::chaos
