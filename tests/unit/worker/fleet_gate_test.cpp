#include "worker/fleet_gate.hpp"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "common/pace/patience.hpp"
#include "common/store/memory/memory_store.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet::worker {
namespace {

using agents::CallPlan;
using agents::ProviderWait;
using namespace std::chrono_literals;

constexpr const char* kName = "p/model";

model::CallOutcome outcome_of(model::CallEnd end) {
    model::CallOutcome outcome;
    outcome.end = end;
    if (end == model::CallEnd::refused) {
        outcome.rate_limit.refusal = model::Refusal::per_minute;
        outcome.rate_limit.retry_after = 60s;
    }
    return outcome;
}

class GateFixture {
  public:
    GateFixture() { gate_ = make_gate("worker-1"); }

    std::unique_ptr<FleetGate> make_gate(const std::string& worker) {
        return std::make_unique<FleetGate>(FleetGate::Ports{store_->usage(), clock_, log_, worker});
    }
    void configure(model::ProviderRules rules) {
        rules.name = kName;
        store_->usage().configure(std::span(&rules, 1));
    }
    FleetGate& gate() { return *gate_; }
    void close_gate() { gate_.reset(); }
    contracts::UsageBackend& usage() { return store_->usage(); }
    model::Provider row() { return usage().providers().at(0); }
    static CallPlan plan() { return {kName, "stage", {10, 20, 1}}; }

  private:
    base::SystemClock clock_;
    base::Log log_{"test", base::LogLevel::off};
    std::unique_ptr<contracts::Store> store_ =
        store::memory::make_memory_store({"memory", "", {}}, clock_);
    std::unique_ptr<FleetGate> gate_;
};

model::ProviderRules unlimited() {
    model::ProviderRules rules;
    rules.unlimited = true;
    return rules;
}

TEST_CASE("a call passes the gate, and what became of it reaches the store") {
    GateFixture f;
    f.configure(unlimited());
    auto permit = f.gate().enter(GateFixture::plan(), {});
    permit->begin();
    auto outcome = outcome_of(model::CallEnd::answered);
    outcome.usage_known = true;
    outcome.usage = {7, 8, 9};
    permit->report(outcome);
    permit.reset();
    f.close_gate();
    const auto sums = f.usage().daily("");
    REQUIRE(sums.size() == 1);
    CHECK(sums[0].requests == 1);
    CHECK(sums[0].output_tokens == 8);
    CHECK(sums[0].phase == "stage");
}

TEST_CASE("a permit that was not begun gives its budget back, one without a report stays charged") {
    GateFixture f;
    auto rules = unlimited();
    rules.budget.requests = 2;
    f.configure(rules);
    f.gate().enter(GateFixture::plan(), {}).reset();
    CHECK(f.row().budget.held.requests == 0);
    {
        auto permit = f.gate().enter(GateFixture::plan(), {});
        permit->begin();
    }
    f.close_gate();
    CHECK(f.row().budget.spent.requests == 1);
}

TEST_CASE("a budget that is used up sends the caller away until the day's end, at most minutes") {
    GateFixture f;
    auto rules = unlimited();
    rules.budget.requests = 0;
    f.configure(rules);
    try {
        f.gate().enter(GateFixture::plan(), {}).reset();
        FAIL("it was let through");
    } catch (const ProviderWait& wait) {
        CHECK(std::string(wait.what()) ==
              "waiting for p/model: the day's budget of 0 requests is used up");
        CHECK(wait.delay() <= pace::kLongestAbsence * 6 / 5);
        CHECK(wait.delay() > 0ms);
    }
}

TEST_CASE("a long pause sends everybody away, those who wait already too") {
    GateFixture f;
    model::ProviderRules rules;
    rules.requests_per_second = 5;
    f.configure(rules);
    auto first = f.gate().enter(GateFixture::plan(), {});
    first->begin();
    std::atomic<int> away{0};
    {
        std::vector<std::jthread> threads;
        for (int number = 0; number < 20; ++number) {
            threads.emplace_back([&] {
                try {
                    for (;;) {
                        f.gate().enter(GateFixture::plan(), {})->begin();
                    }
                } catch (const ProviderWait&) {
                    away += 1;
                }
            });
        }
        first->report(outcome_of(model::CallEnd::refused));
    }
    CHECK(away == 20);
}

TEST_CASE("whoever is stopped leaves the gate, however long its turn is away") {
    GateFixture f;
    model::ProviderRules rules;
    rules.requests_per_second = 0.05;
    f.configure(rules);
    f.gate().enter(GateFixture::plan(), {})->begin();
    std::stop_source source;
    std::atomic<bool> cancelled{false};
    std::jthread thread([&] {
        try {
            f.gate().enter(GateFixture::plan(), source.get_token()).reset();
        } catch (const base::Cancelled&) {
            cancelled = true;
        }
    });
    source.request_stop();
    thread.join();
    CHECK(cancelled);
}

TEST_CASE("two workers' calls share one pace") {
    GateFixture f;
    model::ProviderRules rules;
    rules.requests_per_second = 50 / 0.98;
    rules.burst = 1;
    f.configure(rules);
    auto other = f.make_gate("worker-2");
    std::atomic<int> calls{0};
    std::stop_source source;
    const base::SystemClock clock;
    const auto start = clock.boot_now();
    {
        std::vector<std::jthread> threads;
        for (int number = 0; number < 8; ++number) {
            FleetGate& gate = number % 2 == 0 ? f.gate() : *other;
            threads.emplace_back([&] {
                while (calls < 40) {
                    auto permit = gate.enter(GateFixture::plan(), {});
                    permit->begin();
                    calls += 1;
                    permit->report(outcome_of(model::CallEnd::answered));
                }
            });
        }
    }
    // At most 50 a second: forty calls cannot have taken less than their pace allows.
    const auto took = clock.boot_now() - start;
    CHECK(static_cast<double>(calls - 1) <= std::chrono::duration<double>(took).count() * 50 + 1);
}

TEST_CASE("a budget is used up exactly by many threads of several workers") {
    GateFixture f;
    auto rules = unlimited();
    rules.budget.requests = 200;
    f.configure(rules);
    auto other = f.make_gate("worker-2");
    std::atomic<int> begun{0};
    {
        std::vector<std::jthread> threads;
        for (int number = 0; number < 16; ++number) {
            FleetGate& gate = number % 2 == 0 ? f.gate() : *other;
            threads.emplace_back([&] {
                try {
                    for (;;) {
                        auto permit = gate.enter(GateFixture::plan(), {});
                        permit->begin();
                        begun += 1;
                        permit->report(outcome_of(model::CallEnd::answered));
                    }
                } catch (const ProviderWait&) {
                }
            });
        }
    }
    CHECK(begun == 200);
    other.reset();
    f.close_gate();
    CHECK(f.row().budget.spent.requests == 200);
}

}  // namespace
}  // namespace fleet::worker
