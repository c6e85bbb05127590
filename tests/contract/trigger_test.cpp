// Wake-ups.
#include <atomic>
#include <thread>

#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

TEST_CASE("a notify after the ticket ends the wait at once") {
    FOR_EACH_STORE(f);
    contracts::TriggerBackend& triggers = f.store().triggers();
    const auto ticket = triggers.ticket("topic");
    triggers.notify("topic");
    CHECK(triggers.wait("topic", ticket, 0ms, {}));
    CHECK(triggers.wait("topic", ticket, 30s, {}));
}

TEST_CASE("a new ticket is not ended by notifies of the past") {
    FOR_EACH_STORE(f);
    contracts::TriggerBackend& triggers = f.store().triggers();
    triggers.notify("topic");
    const auto ticket = triggers.ticket("topic");
    CHECK_FALSE(triggers.wait("topic", ticket, 10ms, {}));
}

TEST_CASE("a wait is ended from another thread, for every waiter") {
    FOR_EACH_STORE(f);
    contracts::TriggerBackend& triggers = f.store().triggers();
    const auto ticket = triggers.ticket("topic");
    std::atomic<int> woken{0};
    {
        std::vector<std::jthread> waiters;
        for (int number = 0; number < 4; ++number) {
            waiters.emplace_back([&](std::stop_token stop) {
                if (triggers.wait("topic", ticket, 30s, stop)) {
                    ++woken;
                }
            });
        }
        triggers.notify("topic");
        for (std::jthread& waiter : waiters) {
            waiter.join();
        }
    }
    CHECK(woken == 4);
}

TEST_CASE("a wait that is asked to stop ends without a wake-up") {
    FOR_EACH_STORE(f);
    contracts::TriggerBackend& triggers = f.store().triggers();
    const auto ticket = triggers.ticket("topic");
    std::atomic<bool> woken{true};
    std::jthread waiter(
        [&](std::stop_token stop) { woken = triggers.wait("topic", ticket, 30s, stop); });
    waiter.request_stop();
    waiter.join();
    CHECK_FALSE(woken);
}

TEST_CASE("topics have names of their own") {
    CHECK(contracts::pool_topic("a") != contracts::pool_topic("b"));
    CHECK(contracts::pool_topic("a") != contracts::batch_topic("a"));
    CHECK(contracts::scaler_topic() != contracts::results_topic());
}

}  // namespace
}  // namespace fleet::contract_test
