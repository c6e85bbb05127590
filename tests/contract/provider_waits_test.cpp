// Executions that wait for a provider go on when a person changed what they wait for.
#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

using model::CircuitState;
using model::ProviderRules;

constexpr const char* kName = "p/model";

void configure(StoreFixture& f, std::int64_t budget) {
    ProviderRules rules;
    rules.name = kName;
    rules.unlimited = true;
    rules.budget.requests = budget;
    f.store().usage().configure(std::span(&rules, 1));
}

/// As a worker puts back what a provider's gate has sent away.
void put_back(StoreFixture& f, const Claimed& claimed, const std::string& provider,
              Millis absence = 5min) {
    NextFailed next = f.failure(FailureClass::rate_limited, absence);
    next.error = {
        ErrorKind::rate_limit, "waiting for " + provider + ": its budget is used up", {}, {}};
    REQUIRE(f.commit(claimed, next) == CommitResult::applied);
}

/// So many that wait for kName, some of them longer.
std::vector<ExecutionId> push_waiting(StoreFixture& f, std::size_t count) {
    const auto ids = f.push(count);
    std::size_t put = 0;
    while (put < count) {
        for (const Claimed& claimed : f.claim("w", 100)) {
            put_back(f, claimed, kName, 5min + Millis(put % 7));
            ++put;
        }
    }
    REQUIRE(f.claim("w", 1).empty());
    return ids;
}

std::size_t claim_all(StoreFixture& f) {
    std::size_t all = 0;
    for (auto claimed = f.claim("w", 100); !claimed.empty(); claimed = f.claim("w", 100)) {
        all += claimed.size();
    }
    return all;
}

TEST_CASE("closing a provider's circuit makes those who wait for it ready, all of them") {
    FOR_EACH_STORE(f);
    f.worker("w");
    configure(f, 10);
    constexpr std::size_t kMany = 1'203;  // more than one transaction wakes
    push_waiting(f, kMany);
    REQUIRE(f.store().usage().set_circuit(kName, CircuitState::open, "maintenance"));
    CHECK(f.claim("w", 1).empty());
    REQUIRE(f.store().usage().set_circuit(kName, CircuitState::closed, ""));
    CHECK(f.counts().pending == kMany);
    CHECK(claim_all(f) == kMany);
    f.require_sound();
}

TEST_CASE("closing a circuit that is closed wakes as well, whoever was interrupted") {
    FOR_EACH_STORE(f);
    f.worker("w");
    configure(f, 10);
    push_waiting(f, 1);
    REQUIRE(f.store().usage().set_circuit(kName, CircuitState::closed, ""));
    CHECK(f.claim("w", 1).size() == 1);
}

TEST_CASE("what waits for another provider, a retry or a signal is left alone") {
    FOR_EACH_STORE(f);
    f.worker("w");
    configure(f, 10);
    contracts::PushRequest request = f.request(4);
    request.max_attempts = 3;
    f.push(request);
    const auto claimed = f.claim("w", 4);
    REQUIRE(claimed.size() == 4);
    put_back(f, claimed[0], "p/model2");
    put_back(f, claimed[1], "p");
    REQUIRE(f.commit(claimed[2], f.failure(FailureClass::counting, 5min)) == CommitResult::applied);
    NextWaiting parked;
    parked.channel = "approval";
    parked.deadline = 5min;
    REQUIRE(f.commit(claimed[3], parked) == CommitResult::applied);
    REQUIRE(f.store().usage().set_circuit(kName, CircuitState::closed, ""));
    CHECK(f.claim("w", 10).empty());
    f.pass(5min);
    f.worker("w2");
    CHECK(f.claim("w2", 10).size() == 4);
    f.require_sound();
}

TEST_CASE("other rules make those who wait for the provider ready, the same rules do not") {
    FOR_EACH_STORE(f);
    f.worker("w");
    configure(f, 1);
    const ExecutionId id = push_waiting(f, 1).front();
    configure(f, 1);
    CHECK(f.claim("w", 1).empty());
    configure(f, 2);
    const auto claimed = f.claim("w", 1);
    REQUIRE(claimed.size() == 1);
    CHECK(claimed[0].lease.execution == id);
    CHECK(f.get(id).counters.rate_limited == 1);
    CHECK(f.get(id).counters.failures == 0);
    f.require_sound();
}

}  // namespace
}  // namespace fleet::contract_test
