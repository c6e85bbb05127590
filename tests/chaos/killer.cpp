#include "tests/chaos/killer.hpp"

#include <algorithm>
#include <array>

namespace fleet::chaos {
namespace {

/// A scaler whose workers die young five times in a row leaves the pool alone for minutes, as it
/// should: it dies before that.
constexpr int kMostWorkersOfScaler = 2;

/// Some boxes are hit so fast that hardly anything is done between two kills, some get far.
constexpr std::array kLongestPausesMs{200, 500, 1000};
constexpr int kShortestPauseMs = 30;

bool has_role(const BoxProcess& process, Role role) {
    return process.role == role;
}

}  // namespace

Killer::Killer(const BoxProcesses& processes, Tally& tally, std::uint64_t seed)
    : processes_(processes),
      tally_(tally),
      random_(seed),
      longest_pause_ms_(kLongestPausesMs.at(static_cast<std::size_t>(number(0, 2)))) {}

int Killer::number(int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random_);
}

std::chrono::milliseconds Killer::pause() {
    // Some strikes follow at once, into whatever the last one has set off.
    return std::chrono::milliseconds(
        number(0, 99) < 15 ? number(0, 15) : number(kShortestPauseMs, longest_pause_ms_));
}

Killer::Target Killer::choose(const std::vector<BoxProcess>& living) {
    const auto scaler = std::find_if(living.begin(), living.end(), [](const BoxProcess& process) {
        return has_role(process, Role::scaler);
    });
    if (scaler != living.end() && scaler->identity != scaler_) {
        scaler_ = scaler->identity;
        workers_of_scaler_ = 0;
    }
    if (workers_of_scaler_ >= kMostWorkersOfScaler) {
        return number(0, 1) == 0 ? Target::scaler : Target::fleet;
    }
    const int drawn = number(0, 99);
    constexpr std::array<std::pair<int, Target>, 6> upto = {{{35, Target::worker},
                                                             {52, Target::scaler},
                                                             {68, Target::fleet},
                                                             {88, Target::command},
                                                             {94, Target::all_workers},
                                                             {100, Target::everything}}};
    return std::find_if(upto.begin(), upto.end(),
                        [drawn](const auto& one) { return drawn < one.first; })
        ->second;
}

void Killer::kill(const BoxProcess& process) {
    if (!kill_process(process)) {
        return;
    }
    switch (process.role) {
        case Role::worker:
            ++tally_.worker_kills;
            break;
        case Role::scaler:
            ++tally_.scaler_kills;
            break;
        case Role::fleet:
            ++tally_.fleet_kills;
            break;
        case Role::command:
        case Role::other:
            ++tally_.command_kills;
            break;
    }
}

void Killer::strike() {
    std::vector<BoxProcess> living = processes_.list();
    const Target target = choose(living);
    const auto keep = [&living](Role role) {
        std::erase_if(living, [role](const BoxProcess& one) { return !has_role(one, role); });
    };
    bool one_only = true;
    switch (target) {
        case Target::worker:
            keep(Role::worker);
            break;
        case Target::scaler:
            keep(Role::scaler);
            break;
        case Target::fleet:
            keep(Role::fleet);
            break;
        case Target::command:
            keep(Role::command);
            break;
        case Target::all_workers:
            keep(Role::worker);
            one_only = false;
            break;
        case Target::everything:
            // The commands are left: those who come after have to end them.
            std::erase_if(living, [](const BoxProcess& one) {
                return has_role(one, Role::command) || has_role(one, Role::other);
            });
            one_only = false;
            break;
    }
    if (living.empty()) {
        return;
    }
    if (one_only) {
        living = {living[static_cast<std::size_t>(number(0, static_cast<int>(living.size()) - 1))]};
    }
    const bool workers = std::any_of(living.begin(), living.end(), [](const BoxProcess& one) {
        return has_role(one, Role::worker);
    });
    workers_of_scaler_ += workers ? 1 : 0;
    for (const BoxProcess& one : living) {
        kill(one);
    }
}

}  // namespace fleet::chaos
