// What a person says on the scaler's command line.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/logging.hpp"
#include "common/base/store_url.hpp"
#include "common/base/time.hpp"

namespace fleet::coordinator {

struct ScalerOptions {
    base::StoreUrl store;
    std::vector<std::string> pools;  ///< empty: all
    std::string batch;               ///< empty: a service
    std::optional<int> min_workers;
    std::optional<int> max_workers;
    std::optional<int> fleet_max;  ///< of all pools together
    std::optional<int> slots;
    std::optional<int> target_workers;
    bool once = false;
    bool dry_run = false;
    bool json = false;  ///< of the dry run
    bool leave_workers = false;
    bool resume_only = false;  ///< workers begin nothing new
    std::string host;
    std::optional<int> parent_fd;
    base::Millis grace{30'000};
    base::Millis lease_ttl{15'000};
    base::LogLevel log_level = base::LogLevel::info;
    std::string log_level_name = "info";
    /// Edited copies of the machines `coordinator` and (for the workers that it starts) `worker`;
    /// empty: the built-in ones.
    std::filesystem::path machine_file;
    std::filesystem::path worker_machine_file;
};

/// An exit code when there is nothing to run: help, version or the machine were printed (0), or
/// bad usage was explained on `err` (2).
using ParsedScalerOptions = std::variant<ScalerOptions, int>;

[[nodiscard]] ParsedScalerOptions parse_scaler_options(const std::vector<std::string>& arguments,
                                                       std::ostream& out, std::ostream& err);

}  // namespace fleet::coordinator
