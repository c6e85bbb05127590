// A box whose executions call a mock provider: a machine of one call to the model "mock/m", the
// programs that run it, and what the provider counted. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/base/json.hpp"
#include "common/contracts/store.hpp"
#include "common/model/provider.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/mock_provider/running_mock.hpp"

namespace fleet::mock_provider {

class CallingBox {
  public:
    static constexpr const char* kName = "mock/m";
    static constexpr const char* kBatch = "calls";
    /// Longer than anything takes on a busy machine; no test waits so long when all is well.
    static constexpr std::chrono::seconds kLimit{60};

    explicit CallingBox(const std::string& scenario_json);

    [[nodiscard]] const test_support::FleetBox& box() const { return box_; }
    [[nodiscard]] const MockProvider& mock() const { return mock_; }
    [[nodiscard]] std::int64_t counted(const std::string& what) const;
    [[nodiscard]] std::int64_t in_flight() const;

    /// What `fleet` prints when it succeeds with these arguments.
    [[nodiscard]] std::string out(std::vector<std::string> arguments) const;
    /// The store with nothing in it but its default pool.
    void make_store() const;
    /// So many items as the batch kBatch; the executions' ids.
    [[nodiscard]] std::vector<std::string> submit(int items, int max_attempts = 1) const;
    [[nodiscard]] test_support::Program worker(int slots, std::vector<std::string> more = {}) const;
    [[nodiscard]] test_support::Program scaler(const std::string& host) const;
    void use_key(const std::string& key) { key_ = key; }

  private:
    test_support::FleetBox box_;
    MockProvider mock_;
    std::string key_ = "any";
};

[[nodiscard]] model::Provider row_of(contracts::Store& store);
[[nodiscard]] model::StatusCounts counts_of(contracts::Store& store);
/// Of a day that began an hour ago, so that none ends while a test runs.
[[nodiscard]] model::BudgetLimits calls_a_day(std::int64_t calls);
void declare(contracts::Store& store, model::ProviderRules rules);

}  // namespace fleet::mock_provider
