// One box from its first item to its last, with a killer at work in it all the time.
//
// Flavour run: `fleet run`, which owns its scaler; killed, or left by its scaler, it is followed by
// `fleet resume`. Flavour service: a scaler of its own, which is started again whenever it is dead,
// and `fleet submit` with `fleet wait`.
//
// Nothing in it blocks for long but its end. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/contracts/store.hpp"
#include "tests/chaos/box_processes.hpp"
#include "tests/chaos/judge.hpp"
#include "tests/chaos/killer.hpp"
#include "tests/chaos/tally.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/run_program.hpp"

namespace fleet::chaos {

enum class Flavour { run, service };

struct RoundOptions {
    Flavour flavour = Flavour::run;
    std::uint64_t seed = 0;
    int commands = 0;
    int noops = 0;
};

class Round {
  public:
    Round(const RoundOptions& options, Tally& tally);
    Round(const Round&) = delete;
    Round& operator=(const Round&) = delete;
    ~Round();

    /// Starts what has to be started, kills if it is time. False: all items are done, or the round
    /// cannot come to its end.
    [[nodiscard]] bool step();
    /// After the last step: lets the fleet leave, and judges everything.
    void judge();
    /// Children of this process that it waits for itself.
    [[nodiscard]] std::vector<pid_t> children() const;
    /// The longest time in which nothing was done.
    [[nodiscard]] std::chrono::milliseconds longest_pause() const { return longest_pause_; }
    /// Keeps the box's folder for whoever wants to know what happened; returns where.
    [[nodiscard]] std::filesystem::path keep();

  private:
    /// One batch on its way.
    struct Job {
        Submitted submitted;
        std::vector<std::string> work;  ///< the options of run and submit, and the machine
        std::unique_ptr<test_support::ChildProgram> driver;
        std::string command;  ///< what the driver does: "run", "resume", ...
        bool over = false;
    };

    void write_items(int commands, int noops);
    void step_job(Job& job);
    void start_driver(Job& job);
    [[nodiscard]] std::string next_command(const Job& job);
    void driver_ended(Job& job, const test_support::ProgramEnd& end);
    void keep_scaler();
    void watch_progress();
    void end_scaler();
    void judge_orphans();
    [[nodiscard]] contracts::Store* store();
    [[nodiscard]] test_support::Program program(std::vector<std::string> arguments) const;
    void broken(const std::string& what);

    RoundOptions options_;
    Tally& tally_;
    test_support::FleetBox box_;
    BoxProcesses processes_;
    Killer killer_;
    base::SystemClock clock_;
    std::unique_ptr<contracts::Store> store_;  ///< unset until there is one
    std::vector<Job> jobs_;
    std::unique_ptr<test_support::ChildProgram> scaler_;  ///< of flavour service
    std::chrono::steady_clock::time_point strike_at_;
    std::chrono::steady_clock::time_point scaler_at_;
    std::chrono::steady_clock::time_point look_at_;
    std::chrono::steady_clock::time_point looked_at_;
    std::chrono::steady_clock::time_point last_progress_;
    std::int64_t done_ = 0;
    std::chrono::milliseconds longest_pause_{0};
    bool stuck_ = false;
};

}  // namespace fleet::chaos
