// A store in a folder of its own with real scalers and workers on it. Whatever a benchmark started
// is gone when this goes out of scope, also when it has failed half-way.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/support/own_process.hpp"
#include "common/base/clock.hpp"
#include "common/contracts/store.hpp"

namespace fleet::bench {

/// For one thread.
class BenchFleet {
  public:
    BenchFleet();
    BenchFleet(const BenchFleet&) = delete;
    BenchFleet& operator=(const BenchFleet&) = delete;
    ~BenchFleet();

    [[nodiscard]] contracts::Store& store() { return *store_; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
    [[nodiscard]] std::filesystem::path database() const { return folder() / "bench.db"; }
    [[nodiscard]] std::string url() const;
    /// Closes the store, so that everything is in its one file, and returns the file's size.
    [[nodiscard]] double closed_size();

    /// A program beside this one with `--store`, and with the options given.
    [[nodiscard]] std::vector<std::string> command(const std::string& program,
                                                   const std::vector<std::string>& options) const;
    [[nodiscard]] OwnProcess start(const std::string& program,
                                   const std::vector<std::string>& options) const;
    /// Registered and active workers, as soon as there are so many; of one host if it is named.
    [[nodiscard]] std::vector<model::WorkerRecord> wait_for_workers(std::size_t count,
                                                                    const std::string& host = {});

    [[nodiscard]] std::int64_t put_noop();
    /// A command of which nothing is counted: as many attempts as it takes.
    [[nodiscard]] std::int64_t put_command(std::vector<std::string> argv);
    model::ExecutionId push_one(std::int64_t spec);
    void wait_for_end(const model::ExecutionId& id);
    /// So many items in one sealed batch of this name; returns the seconds of the pushes.
    double push_batch(const std::string& name, std::int64_t spec, std::int64_t items);
    void wait_for_batch(const std::string& name, std::int64_t items);
    /// Items a second of two idle workers that are started for it and retired after it.
    [[nodiscard]] double drain_rate(const std::string& batch, std::int64_t items);

  private:
    base::SystemClock clock_;
    ScratchFolder folder_;
    std::unique_ptr<contracts::Store> store_;
};

/// SIGTERM, then waits for its end.
int retire(OwnProcess& process);

}  // namespace fleet::bench
