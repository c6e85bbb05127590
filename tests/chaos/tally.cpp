#include "tests/chaos/tally.hpp"

#include <iomanip>
#include <ostream>
#include <utility>

namespace fleet::chaos {

void Tally::break_rule(std::string what) {
    ++broken_count;
    if (broken.size() < kMostBroken) {
        broken.push_back(std::move(what));
    }
}

std::string progress_line(const Tally& tally) {
    return std::to_string(tally.rounds) + " rounds over, " + std::to_string(tally.items) +
           " items, " + std::to_string(tally.kills()) + " kills, " +
           std::to_string(tally.takeovers) + " takeovers; lost " + std::to_string(tally.lost) +
           ", doubled " + std::to_string(tally.doubled) + ", orphans " +
           std::to_string(tally.orphans);
}

void print(std::ostream& out, const Tally& tally) {
    const auto row = [&out](const char* name, std::int64_t value) {
        out << "  " << std::left << std::setw(28) << name << std::right << std::setw(12) << value
            << '\n';
    };
    row("rounds", tally.rounds);
    row("items", tally.items);
    row("  of these commands", tally.commands);
    row("kills", tally.kills());
    row("  worker", tally.worker_kills);
    row("  scaler", tally.scaler_kills);
    row("  fleet run", tally.fleet_kills);
    row("  command", tally.command_kills);
    row("takeovers", tally.takeovers);
    row("refused commits", tally.refused_commits);
    row("commands repeated", tally.repeated);
    row("longest pause, ms", tally.longest_pause.count());
    row("lost", tally.lost);
    row("doubled", tally.doubled);
    row("orphans", tally.orphans);
    row("broken rules", tally.broken_count);
    for (const std::string& what : tally.broken) {
        out << "  - " << what << '\n';
    }
    out << std::flush;
}

}  // namespace fleet::chaos
