// Starts worker processes of this box, each under a seat of its pool. Not thread-safe.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/time.hpp"
#include "common/contracts/store.hpp"
#include "common/model/worker.hpp"
#include "common/process/child.hpp"
#include "coordinator/host_lease.hpp"

namespace fleet::coordinator {

/// The environment variable that carries a seat's launch token to its worker.
inline constexpr const char* kLaunchTokenVariable = "FLEET_LAUNCH_TOKEN";
/// The environment variable that tells a worker the name of its host, as the scaler has it.
inline constexpr const char* kHostVariable = "FLEET_HOST";
/// A seat is void unless its worker has registered by then.
inline constexpr base::Millis kSeatTtl{30'000};

struct LauncherOptions {
    std::string host;
    std::filesystem::path program;     ///< the `worker` executable
    std::filesystem::path log_folder;  ///< DATA/logs/workers
    base::Millis lease_ttl{15'000};
    base::Millis grace{30'000};
    std::string log_level = "info";
    std::filesystem::path machine_file;  ///< of the workers; empty: their built-in one
    bool resume_only = false;            ///< they begin nothing new
    std::optional<int> fleet_max = {};   ///< workers of all pools together; unset: no limit
};

struct LaunchRequest {
    std::string pool;
    std::string batch;  ///< empty: none
    int slots = 1;
    int pool_max = 1;
};

struct Launched {
    std::string worker_id;
    std::string pool;
    std::int64_t seat = 0;
    model::ProcessIdentity identity;
    std::filesystem::path log_file;
    process::Child child;
};
struct LaunchFailed {
    std::string reason;
    bool no_seat = false;  ///< the pool is full; nothing is wrong
};

class Launcher {
  public:
    /// Store and lease must outlive it.
    Launcher(contracts::Store& store, const HostLease& lease, LauncherOptions options);

    /// Takes a seat, starts the worker (in a process group of its own; it outlives this process),
    /// marks the seat as starting. Its output goes to LOG_FOLDER/ID.log. Throws StoreError.
    [[nodiscard]] std::variant<Launched, LaunchFailed> launch(const LaunchRequest& request);

    /// Frees the seats of this host that no worker has taken: those for whom the scaler before us
    /// took them will not come, or are refused. To be called once, when the lease was just taken.
    /// Throws StoreError.
    void free_old_seats();

    [[nodiscard]] std::filesystem::path log_file(const std::string& worker_id) const;

  private:
    [[nodiscard]] std::variant<model::Seat, LaunchFailed> take_seat(const LaunchRequest& request);
    [[nodiscard]] std::vector<std::string> arguments(const LaunchRequest& request,
                                                     const model::Seat& seat,
                                                     const std::string& worker_id) const;

    contracts::Store& store_;
    const HostLease& lease_;
    LauncherOptions options_;
    std::vector<std::string> environment_;
};

/// The last lines of a log file, at most `limit` bytes, as one line of UTF-8; empty if there are
/// none.
[[nodiscard]] std::string last_words(const std::filesystem::path& file, std::size_t limit = 400);

}  // namespace fleet::coordinator
