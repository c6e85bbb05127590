// The worker processes of one case, each with the scripted hooks and agents. They may be killed all
// the time, and replaced: what a killed one held is handed back by whoever saw it die, or by its
// lease's end.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "common/contracts/store.hpp"
#include "tests/support/run_program.hpp"

namespace fleet::conformance {

/// How a case is run by several processes.
struct CrowdOptions {
    std::size_t workers = 2;
    bool kills = false;
};

/// Thread-safe but for its end.
class WorkerCrowd {
  public:
    /// Starts them and waits until they are at work. `store` outlives it; `folder` is for
    /// their files.
    WorkerCrowd(contracts::Store& store, std::filesystem::path folder, CrowdOptions options);
    WorkerCrowd(const WorkerCrowd&) = delete;
    WorkerCrowd& operator=(const WorkerCrowd&) = delete;
    /// Retires them.
    ~WorkerCrowd();

    /// Killing begins.
    void let_go();
    /// Throws when one has ended that nobody killed.
    void require_alive();
    [[nodiscard]] int kills() const;
    /// Whether the child was always begun by another process than that which had its parent then.
    [[nodiscard]] bool ran_elsewhere(const std::string& child, const std::string& parent) const;
    /// What they wrote to their standard errors.
    [[nodiscard]] std::string errors() const;

  private:
    struct One {
        std::string id;
        std::unique_ptr<test_support::ChildProgram> process;
    };
    struct Claim {
        std::string execution;
        std::string worker;
    };
    [[nodiscard]] One start() const;
    void wait_until_at_work();
    void kill_again_and_again(const std::stop_token& stop);
    void replace(const std::string& id);
    [[nodiscard]] std::vector<Claim> read_claims() const;

    contracts::Store& store_;
    const std::filesystem::path folder_;
    const CrowdOptions options_;
    mutable std::mutex mutex_;
    std::vector<One> workers_;  ///< guarded by mutex_
    int kills_ = 0;             ///< guarded by mutex_
    std::mt19937 random_;       ///< of the killer's thread
    std::jthread killer_;
};

}  // namespace fleet::conformance
