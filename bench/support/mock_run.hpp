// A mock provider beside a benchmark's fleet, a machine of one call to it, and what it counted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/support/bench_fleet.hpp"
#include "bench/support/own_process.hpp"
#include "machines/http/client.hpp"

namespace fleet::bench {

class MockRun {
  public:
    /// `scenario`: its JSON. One item is one call to the model `mock/m`.
    MockRun(BenchFleet& fleet, const std::string& scenario, int threads = 1);

    /// So many items for the machine, from a file, by `fleet submit`.
    void submit(int items);
    /// Starts a worker with so many slots.
    void start_worker(int slots);
    /// Starts a scaler, with its workers, for a box of this name.
    void start_scaler(const std::string& host);
    [[nodiscard]] std::vector<OwnProcess>& workers() { return workers_; }

    struct Counts {
        double offered = 0;
        double given = 0;
        double in_flight = 0;
    };
    [[nodiscard]] Counts counts() const;

  private:
    BenchFleet& fleet_;
    OwnProcess mock_;
    std::string url_;
    mutable http::Client client_;
    std::vector<OwnProcess> workers_;
    std::vector<OwnProcess> scalers_;
};

}  // namespace fleet::bench
