// Stages whose providers take no calls are not claimed.
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "common/base/ids.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

using model::CircuitState;

constexpr const char* kProvider = "p/big";

void configure(StoreFixture& f, std::int64_t requests_a_day) {
    model::ProviderRules rules;
    rules.name = kProvider;
    rules.unlimited = true;
    rules.budget.requests = requests_a_day;
    f.store().usage().configure(std::span(&rules, 1));
}

/// A pool whose stage "write" calls the provider; "plan" before it calls none.
void set_up(StoreFixture& f, std::optional<std::int64_t> high_water = {}) {
    f.worker("w");
    configure(f, 1'000);
    for (const auto& [stage, rank, count] : {std::tuple{"plan", 0, 3}, std::tuple{"write", 1, 2}}) {
        contracts::PushRequest request = StoreFixture::request(static_cast<std::size_t>(count));
        request.stage = stage;
        request.stage_rank = rank;
        f.push(request);
    }
    model::PoolPolicy policy = *f.store().scaling().pool("default");
    policy.stages = {{"plan", 0, {}, {}, ""}, {"write", 1, {}, high_water, kProvider}};
    f.store().scaling().put_pool(policy);
}

std::vector<std::string> claimed_stages(StoreFixture& f, std::size_t limit = 10) {
    std::vector<std::string> stages;
    for (const Claimed& claimed : f.claim("w", limit)) {
        stages.push_back(claimed.stage);
    }
    return stages;
}

const std::vector<std::string> kPlans{"plan", "plan", "plan"};
const std::vector<std::string> kWrites{"write", "write"};

/// Spends so much of the provider's day.
void spend(StoreFixture& f, std::size_t calls) {
    const contracts::PermitRequest request{
        base::random_positive_int64(), kProvider, "w",
        std::vector<model::CallEstimate>(calls, model::CallEstimate{1, 1, 0})};
    const auto answer = f.store().usage().reserve(request);
    REQUIRE(answer.permits.size() == calls);
    for (const model::Permit& permit : answer.permits) {
        REQUIRE(f.store().usage().begin(kProvider, permit));
    }
}

TEST_CASE("a stage whose provider's circuit a person opened is claimed when it is closed") {
    FOR_EACH_STORE(f);
    set_up(f);
    REQUIRE(f.store().usage().set_circuit(kProvider, CircuitState::open, "maintenance"));
    const auto answer = f.claim(StoreFixture::claim_request("w", 10));
    CHECK(answer.claimed.size() == 3);
    CHECK(claimed_stages(f).empty());
    // Somebody may close it at any time.
    CHECK(f.claim(StoreFixture::claim_request("w", 10)).next_due.value() <= 1s);
    REQUIRE(f.store().usage().set_circuit(kProvider, CircuitState::closed, ""));
    CHECK(claimed_stages(f) == kWrites);
    f.require_sound();
}

TEST_CASE("a stage whose provider's day is spent is claimed on the next day, or with more budget") {
    FOR_EACH_STORE(f);
    set_up(f);
    configure(f, 3);
    spend(f, 2);
    const contracts::PermitRequest held{
        base::random_positive_int64(), kProvider, "dead", {model::CallEstimate{1, 1, 0}}};
    REQUIRE(f.store().usage().reserve(held).permits.size() == 1);
    CHECK(claimed_stages(f, 1) == std::vector<std::string>{"write"});
    f.pass(10s);  // what was held is free again
    spend(f, 1);
    CHECK(claimed_stages(f) == kPlans);
    CHECK(claimed_stages(f).empty());
    SECTION("the next day") {
        f.pass(24h);
        f.worker("w2");
        CHECK_FALSE(f.claim("w2", 10).empty());
    }
    SECTION("more budget") {
        configure(f, 4);
        CHECK(claimed_stages(f) == std::vector<std::string>{"write"});
    }
    f.require_sound();
}

TEST_CASE("while the provider is closed its stage's buffer fills up to the high-water mark") {
    FOR_EACH_STORE(f);
    set_up(f, 4);
    REQUIRE(f.store().usage().set_circuit(kProvider, CircuitState::open, "maintenance"));
    for (int round = 0; round < 2; ++round) {
        const Claimed plan = f.claim_one("w");
        CHECK(plan.stage == "plan");
        REQUIRE(f.commit(plan, model::NextPending{"write"}) == CommitResult::applied);
    }
    CHECK(f.claim("w", 1).empty());  // one plan is left, and four wait to be written
    REQUIRE(f.store().usage().set_circuit(kProvider, CircuitState::closed, ""));
    CHECK(claimed_stages(f, 4) == std::vector<std::string>(4, "write"));
    CHECK(claimed_stages(f) == std::vector<std::string>{"plan"});
    f.require_sound();
}

TEST_CASE("a provider that nobody has called or declared closes no stage") {
    FOR_EACH_STORE(f);
    set_up(f);
    model::PoolPolicy policy = *f.store().scaling().pool("default");
    policy.stages[1].provider = "p/never-called";
    f.store().scaling().put_pool(policy);
    CHECK(claimed_stages(f).size() == 5);
}

}  // namespace
}  // namespace fleet::contract_test
