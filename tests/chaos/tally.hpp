// What the chaos counted, and every rule that it saw broken.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace fleet::chaos {

struct Tally {
    std::int64_t rounds = 0;
    std::int64_t items = 0;     ///< of the rounds that are over
    std::int64_t commands = 0;  ///< of these items, those that ran a command

    std::int64_t worker_kills = 0;
    std::int64_t scaler_kills = 0;
    std::int64_t fleet_kills = 0;  ///< `fleet run`, `resume`, `submit` and `wait`
    std::int64_t command_kills = 0;

    std::int64_t takeovers = 0;
    std::int64_t refused_commits = 0;
    /// Commands that had ended when their worker was killed, before the end was recorded: they ran
    /// again, as commands may.
    std::int64_t repeated = 0;
    std::chrono::milliseconds longest_pause{0};  ///< in which no item was done

    std::int64_t lost = 0;     ///< not done in the end, or not there
    std::int64_t doubled = 0;  ///< done or at work twice
    std::int64_t orphans = 0;  ///< processes that were left

    /// Each with the ids that show it; the first `kMostBroken`.
    std::vector<std::string> broken;
    std::int64_t broken_count = 0;

    static constexpr std::size_t kMostBroken = 50;
    void break_rule(std::string what);

    [[nodiscard]] std::int64_t kills() const {
        return worker_kills + scaler_kills + fleet_kills + command_kills;
    }
    [[nodiscard]] bool all_kept() const {
        return broken_count == 0 && lost == 0 && doubled == 0 && orphans == 0;
    }
};

/// One line, for now and then.
[[nodiscard]] std::string progress_line(const Tally& tally);
/// The table, and below it what was broken.
void print(std::ostream& out, const Tally& tally);

}  // namespace fleet::chaos
