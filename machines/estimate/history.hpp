// What a store remembers of earlier work that tells about work to come. Only reads. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "common/base/time.hpp"
#include "common/contracts/store.hpp"

namespace fleet::estimate {

/// What the calls of one provider in one stage took in the mean, whichever machine made them.
struct CallHistory {
    std::int64_t calls = 0;
    double input_tokens = 0;  ///< of a call; likewise the others
    double output_tokens = 0;
    double cost_micros = 0;
    std::string from_day = {};  ///< "2026-11-15": the first UTC day with calls
    std::string to_day = {};
};
/// By provider and stage.
using CallHistories = std::map<std::pair<std::string, std::string>, CallHistory>;

/// The sums of so many days are read.
inline constexpr int kHistoryDays = 7;
[[nodiscard]] CallHistories read_calls(contracts::Store& store, base::WallTime now);

/// What earlier executions of a machine did, by its states.
struct MachineHistory {
    std::int64_t executions = 0;               ///< that ended well and whose checkpoints tell
    bool is_same = true;                       ///< else of another version of the machine's files
    std::map<std::string, double> calls = {};  ///< by state: of an execution, in the mean
};
/// Of at most so many executions, the newest ones.
inline constexpr std::size_t kMostExecutions = 50;
/// Fewer do not speak for a batch.
inline constexpr std::int64_t kEnoughExecutions = 5;
/// Executions of that very configuration; without enough of them, those of the machine's name.
[[nodiscard]] MachineHistory read_machine(contracts::Store& store, const std::string& pool,
                                          const std::string& config_hash,
                                          const std::string& machine_name);

/// How long an attempt at the same work took.
struct TimeHistory {
    std::int64_t attempts = 0;
    base::Millis mean{0};
    bool is_same = true;  ///< else the same program with other arguments
};
/// Of the newest ones that ended well. Same work: a command of the same arguments and folder, or
/// the same machine.
[[nodiscard]] std::optional<TimeHistory> read_times(contracts::Store& store,
                                                    const std::string& pool,
                                                    const model::WorkSpec& spec);

}  // namespace fleet::estimate
