#include "tests/chaos/engine.hpp"

#include <algorithm>
#include <poll.h>
#include <sstream>
#include <unistd.h>

#include <sys/wait.h>

#include "common/process/proc.hpp"
#include "common/process/tree.hpp"

namespace fleet::chaos {
namespace {

using std::chrono::steady_clock;

constexpr int kTickMs = 3;
constexpr std::chrono::seconds kReportGap{15};
/// Nothing waits so long on one box: whoever reads the output wants to know why it did.
constexpr std::chrono::seconds kLongPause{8};

}  // namespace

Engine::Engine(EngineOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      began_(steady_clock::now()),
      report_at_(began_ + kReportGap) {
    process::become_subreaper();
}

Engine::~Engine() = default;

bool Engine::enough() const {
    return tally_.items >= options_.items && tally_.kills() >= options_.kills &&
           steady_clock::now() >= began_ + options_.time;
}

void Engine::fill_boxes() {
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
        if (boxes_[i]) {
            continue;
        }
        RoundOptions round;
        round.flavour = i == 0 ? Flavour::run : Flavour::service;
        round.seed = random_();
        // Small ones are more often: the beginning and the end of a store are where it is young.
        const double share = std::uniform_real_distribution<double>(0, 1)(random_);
        round.commands =
            options_.least_commands +
            static_cast<int>(share * share * (options_.most_commands - options_.least_commands));
        round.noops = static_cast<int>(share * share * options_.most_noops);
        boxes_[i] = std::make_unique<Round>(round, tally_);
    }
}

void Engine::end_round(std::unique_ptr<Round>& round) {
    const std::int64_t before = tally_.broken_count;
    round->judge();
    collect_orphans();
    if (tally_.broken_count > before) {
        options_.say("a rule was broken; the box is kept in " + round->keep().string());
    } else if (round->longest_pause() >= kLongPause) {
        options_.say("nothing was done for " + std::to_string(round->longest_pause().count()) +
                     " ms; the box is kept in " + round->keep().string());
    }
    round.reset();
}

void Engine::collect_orphans() const {
    std::vector<pid_t> own;
    for (const auto& round : boxes_) {
        if (round) {
            const std::vector<pid_t> children = round->children();
            own.insert(own.end(), children.begin(), children.end());
        }
    }
    std::istringstream pids(
        process::read_small_file("/proc/self/task/" + std::to_string(::getpid()) + "/children")
            .value_or(""));
    for (pid_t pid = 0; pids >> pid;) {
        if (std::find(own.begin(), own.end(), pid) == own.end()) {
            ::waitpid(pid, nullptr, WNOHANG);
        }
    }
}

void Engine::report() {
    if (steady_clock::now() >= report_at_) {
        report_at_ += kReportGap;
        options_.say(progress_line(tally_));
    }
}

const Tally& Engine::run() {
    bool running = true;
    while (running) {
        if (!enough() && tally_.all_kept()) {
            fill_boxes();
        }
        running = false;
        for (auto& round : boxes_) {
            if (!round) {
                continue;
            }
            running = true;
            if (!round->step()) {
                end_round(round);
            }
        }
        collect_orphans();
        report();
        ::poll(nullptr, 0, kTickMs);
    }
    return tally_;
}

}  // namespace fleet::chaos
