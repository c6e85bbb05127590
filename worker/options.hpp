// What a person or a scaler says on the worker's command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/logging.hpp"
#include "common/base/store_url.hpp"
#include "common/base/time.hpp"

namespace fleet::worker {

struct WorkerOptions {
    base::StoreUrl store;
    std::string pool = "default";
    std::string batch;  ///< not empty: claims from this batch's private lane only
    int slots = 4;
    /// The most items claimed beyond the slots; unset: chosen by how long items take.
    std::optional<int> prefetch;
    bool once = false;         ///< end when nothing is claimable
    bool resume_only = false;  ///< claim only what was begun before
    std::string worker_id;     ///< never empty after parsing
    std::string host;          ///< this box's name
    base::Millis lease_ttl{15'000};
    base::Millis grace{30'000};
    std::int64_t seat = 0;     ///< 0: started by hand, takes a seat of its own
    std::string launch_token;  ///< proves the seat; from FLEET_LAUNCH_TOKEN
    base::LogLevel log_level = base::LogLevel::info;
    /// An edited copy of the machine `worker`; empty: the built-in one.
    std::filesystem::path machine_file;
};

inline constexpr int kMostSlots = 1'000;

/// The variable that a scaler hands the seat's token over in.
inline constexpr const char* kLaunchTokenVariable = "FLEET_LAUNCH_TOKEN";
/// Set by a scaler whose --host-id is not the machine's name: the host to register under.
inline constexpr const char* kHostVariable = "FLEET_HOST";

/// Value of an environment variable, empty if it is not set.
using Environment = std::function<std::string(const char* name)>;

/// An exit code when there is nothing to run: help, version or the machine were printed to `out`
/// (0), or bad usage was explained on `err` (2).
using ParsedOptions = std::variant<WorkerOptions, int>;

[[nodiscard]] ParsedOptions parse_options(const std::vector<std::string>& arguments,
                                          const Environment& environment, std::ostream& out,
                                          std::ostream& err);

}  // namespace fleet::worker
