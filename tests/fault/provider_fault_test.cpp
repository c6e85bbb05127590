// Providers that fall silent, budgets whose spenders are killed, and a store that does not answer.
#include <csignal>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/clock.hpp"
#include "common/process/proc.hpp"
#include "common/store/open.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/mock_provider/calling_box.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet::fault_test {
namespace {

using mock_provider::CallingBox;
using mock_provider::counts_of;
using mock_provider::declare;
using mock_provider::row_of;
using model::CircuitState;
using test_support::ChildProgram;
using test_support::wait_until;
using namespace std::chrono_literals;

/// A box with a store, whose provider has no limits but those that the test gives it.
class Calls {
  public:
    explicit Calls(const std::string& scenario) : calls_(scenario) { calls_.make_store(); }
    [[nodiscard]] const CallingBox& box() const { return calls_; }
    [[nodiscard]] contracts::Store& store() {
        if (!store_) {
            store_ = store::open_store(
                base::StoreUrl::parse("sqlite:" + calls_.box().store().string(), "/"), clock_);
        }
        return *store_;
    }
    [[nodiscard]] std::int64_t offered() const { return calls_.counted("offered"); }
    [[nodiscard]] bool wait_for_offered(std::int64_t count) const {
        return wait_until([&] { return offered() >= count; }, CallingBox::kLimit);
    }
    [[nodiscard]] bool wait_for_done(std::int64_t count) {
        return wait_until([&] { return counts_of(store()).done == count; }, CallingBox::kLimit);
    }

  private:
    CallingBox calls_;
    base::SystemClock clock_;
    std::unique_ptr<contracts::Store> store_;
};

/// Opens at the second bad call or so, probes with two after a second. (Later, and the pace has
/// backed off by so much that the test takes a minute.)
model::ProviderRules quick_circuit() {
    model::ProviderRules rules;
    rules.unlimited = true;
    rules.circuit.open_at = 0.05;
    rules.circuit.min_samples = 4;
    rules.circuit.cooldown = 1s;
    rules.circuit.longest_cooldown = 1s;
    rules.circuit.probes = 2;
    return rules;
}

void goes_out_and_comes_back(const std::string& fault) {
    Calls calls(R"({"latency": {"ms": 20}, "headers": "none"})");
    declare(calls.store(), quick_circuit());
    constexpr int kItems = 200;
    constexpr int kSlots = 4;
    (void)calls.box().submit(kItems, 30);
    ChildProgram worker(calls.box().worker(kSlots));
    REQUIRE(calls.wait_for_offered(20));
    calls.box().mock().configure(R"({"faults": {"out": )" + fault + "}}");
    const auto is_open = [&] {
        return row_of(calls.store()).circuit.state != CircuitState::closed;
    };
    REQUIRE(wait_until(is_open, CallingBox::kLimit));
    const model::Circuit opened = row_of(calls.store()).circuit;
    // Those that had their permits when it opened still came.
    REQUIRE(wait_until([&] { return calls.box().in_flight() == 0; }, CallingBox::kLimit));
    const std::int64_t before = calls.offered();

    // It is probed, and nothing else is sent.
    REQUIRE(wait_until([&] { return row_of(calls.store()).circuit.epoch >= opened.epoch + 2; },
                       CallingBox::kLimit));
    const std::int64_t probed = calls.offered() - before;
    const std::int64_t periods = (row_of(calls.store()).circuit.epoch - opened.epoch + 1) / 2;
    CHECK(probed >= 1);
    CHECK(probed <= 2 * periods + kSlots);
    CHECK(counts_of(calls.store()).failed == 0);
    CHECK(counts_of(calls.store()).done < kItems);

    calls.box().mock().configure(R"({"faults": null})");
    INFO(worker.err());
    CHECK(calls.wait_for_done(kItems));
    CHECK(counts_of(calls.store()).failed == 0);
    CHECK(row_of(calls.store()).circuit.state == CircuitState::closed);
    CHECK_FALSE(worker.wait(0ms));
}

TEST_CASE("a provider that answers 503 is left alone but for probes, and work goes on after it") {
    goes_out_and_comes_back(R"({"kind": "status", "status": 503})");
}

TEST_CASE("a provider that drops connections is left alone but for probes") {
    goes_out_and_comes_back(R"({"kind": "reset"})");
}

TEST_CASE("a budget is never passed by workers that are killed, and can be raised meanwhile") {
    Calls calls(R"({"latency": {"ms": 40}, "headers": "none"})");
    constexpr int kBudget = 40;
    constexpr int kItems = 70;
    constexpr std::size_t kWorkers = 3;
    model::ProviderRules rules;
    rules.unlimited = true;
    rules.budget = mock_provider::calls_a_day(kBudget);
    declare(calls.store(), rules);
    (void)calls.box().submit(kItems, 1);
    std::vector<std::unique_ptr<ChildProgram>> workers;
    const auto start = [&] {
        workers.push_back(
            std::make_unique<ChildProgram>(calls.box().worker(3, {"--lease-ttl", "1"})));
    };
    while (workers.size() < kWorkers) {
        start();
    }
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (std::int64_t next = 6; next <= kBudget / 2; next += 6) {
        REQUIRE(calls.wait_for_offered(next));
        const auto victim = workers.begin() + static_cast<std::ptrdiff_t>(random() % kWorkers);
        (*victim)->kill(SIGKILL);
        REQUIRE((*victim)->wait(CallingBox::kLimit));
        workers.erase(victim);
        start();
    }
    // All that is left waits for the next day, and what was begun has ended.
    const auto is_used_up = [&] {
        const auto counts = counts_of(calls.store());
        return counts.running == 0 && counts.done + counts.pending == kItems &&
               row_of(calls.store()).budget.spent.requests >= kBudget - 9;
    };
    REQUIRE(wait_until(is_used_up, CallingBox::kLimit));
    const model::BudgetSum spent = row_of(calls.store()).budget.spent;
    CHECK(spent.requests <= kBudget);
    CHECK(calls.offered() <= spent.requests);
    CHECK(counts_of(calls.store()).done <= kBudget);

    rules.budget.requests = 3 * kBudget;
    declare(calls.store(), rules);
    CHECK(calls.wait_for_done(kItems));
    CHECK(calls.offered() <= row_of(calls.store()).budget.spent.requests);
    CHECK(row_of(calls.store()).budget.spent.requests <= 3 * kBudget);
}

/// Stops inside a write of the store. Not one of the fleet's programs by its name: those would be
/// killed for it.
std::unique_ptr<ChildProgram> lock_store(const Calls& calls) {
    auto holder = std::make_unique<ChildProgram>(
        test_support::Program{.argv = {(test_support::bin_dir() / "lock_holder").string(),
                                       calls.box().box().store().string(), "stranger", "stop"}});
    REQUIRE(wait_until(
        [&] {
            const auto stat = process::read_proc_stat(holder->pid());
            return stat && stat->state == 'T';
        },
        CallingBox::kLimit));
    return holder;
}

TEST_CASE("a store that is locked while permits are held costs nothing but time") {
    Calls calls(R"({"latency": {"ms": 150}, "headers": "none"})");
    constexpr int kItems = 24;
    constexpr int kSlots = 4;
    model::ProviderRules rules;
    rules.unlimited = true;
    rules.budget = mock_provider::calls_a_day(1'000);
    declare(calls.store(), rules);
    (void)calls.box().submit(kItems, 1);
    ChildProgram worker(calls.box().worker(kSlots));
    REQUIRE(wait_until([&] { return calls.box().in_flight() == kSlots; }, CallingBox::kLimit));
    const auto holder = lock_store(calls);
    // Calls that are under way end; their worker cannot tell anybody, nor ask for more.
    REQUIRE(wait_until([&] { return calls.box().in_flight() == 0; }, CallingBox::kLimit));
    const std::int64_t while_locked = calls.offered();
    const auto done_while_locked = counts_of(calls.store()).done;
    CHECK(done_while_locked < kItems);
    holder->kill(SIGCONT);
    REQUIRE(holder->wait(CallingBox::kLimit));
    INFO(worker.err());
    CHECK(calls.wait_for_done(kItems));
    CHECK(while_locked < kItems);
    CHECK_FALSE(worker.wait(0ms));
    // Nothing was lost: no call was made twice, and all of them are charged.
    CHECK(calls.offered() == kItems);
    CHECK(row_of(calls.store()).budget.spent.requests == kItems);
    CHECK(row_of(calls.store()).budget.unknown == 0);
}

TEST_CASE("a store that is locked for longer than a lease loses no work and no call's price") {
    Calls calls(R"({"latency": {"ms": 150}, "headers": "none"})");
    constexpr int kItems = 12;
    model::ProviderRules rules;
    rules.unlimited = true;
    rules.budget = mock_provider::calls_a_day(1'000);
    declare(calls.store(), rules);
    (void)calls.box().submit(kItems, 1);
    ChildProgram worker(calls.box().worker(4, {"--worker-id", "w", "--lease-ttl", "1"}));
    REQUIRE(wait_until([&] { return calls.box().in_flight() == 4; }, CallingBox::kLimit));
    const auto holder = lock_store(calls);
    REQUIRE(wait_until(
        [&] {
            const auto record = calls.store().registration().get("w");
            return record && record->heartbeat_age >= 2'500ms;
        },
        CallingBox::kLimit));
    holder->kill(SIGCONT);
    REQUIRE(holder->wait(CallingBox::kLimit));
    INFO(worker.err());
    CHECK(calls.wait_for_done(kItems));
    CHECK(counts_of(calls.store()).failed == 0);
    CHECK_FALSE(worker.wait(0ms));
    // What could not be committed was called again, and each call is charged.
    CHECK(calls.offered() >= kItems);
    CHECK(row_of(calls.store()).budget.spent.requests >= calls.offered());
}

}  // namespace
}  // namespace fleet::fault_test
