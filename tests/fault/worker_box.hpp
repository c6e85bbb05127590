// A store in a folder of its own, with workers, scalers and commands that leave traces in it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "common/base/clock.hpp"
#include "common/base/store_url.hpp"
#include "common/contracts/store.hpp"
#include "tests/support/fleet_box.hpp"

namespace fleet::fault_test {

/// Longer than anything takes on a busy machine; no test waits so long when all is well.
inline constexpr std::chrono::seconds kLimit{60};

class WorkerBox {
  public:
    WorkerBox();

    [[nodiscard]] const test_support::FleetBox& box() const { return box_; }
    [[nodiscard]] contracts::Store& store() { return *store_; }
    [[nodiscard]] std::filesystem::path path(std::string_view name) const {
        return box_.path(name);
    }

    /// `prefix` stands before the program, as `unshare` and `prlimit` do.
    [[nodiscard]] test_support::Program worker(const std::string& id,
                                               std::vector<std::string> more = {},
                                               std::vector<std::string> prefix = {}) const;
    [[nodiscard]] test_support::Program scaler(std::vector<std::string> more = {}) const;

    /// Executions of a shell script that runs in the box's folder.
    std::vector<model::ExecutionId> push_script(const std::string& script, std::size_t count = 1,
                                                std::optional<base::Millis> timeout = {});
    std::vector<model::ExecutionId> push(const model::WorkSpec& spec, std::size_t count);

    [[nodiscard]] model::Execution get(const model::ExecutionId& id);
    [[nodiscard]] bool has_status(const model::ExecutionId& id, model::Status status) {
        return get(id).status == status;
    }
    [[nodiscard]] std::optional<model::WorkerRecord> registration(const std::string& worker_id) {
        return store_->registration().get(worker_id);
    }
    /// Waits until the worker has not been heard of for so long.
    [[nodiscard]] bool is_silent(const std::string& worker_id, base::Millis span);
    /// Waits until the file holds a pid.
    [[nodiscard]] pid_t pid_in(std::string_view name) const;

  private:
    test_support::FleetBox box_;
    base::SystemClock clock_;
    base::StoreUrl url_;
    std::unique_ptr<contracts::Store> store_;
};

/// No such process any more, or a zombie that only has to be reaped.
[[nodiscard]] bool is_gone(pid_t pid);

}  // namespace fleet::fault_test
