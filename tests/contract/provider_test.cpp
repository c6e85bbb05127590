// Providers: permits, budgets, circuits, and what is remembered of them.
#include <algorithm>
#include <atomic>
#include <thread>

#include "common/base/ids.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

using contracts::CallReport;
using contracts::PermitAnswer;
using contracts::PermitRequest;
using contracts::UsageBackend;
using model::CallEnd;
using model::CallEstimate;
using model::CircuitState;
using model::HoldReason;
using model::Permit;
using model::Provider;
using model::ProviderRules;

constexpr const char* kName = "p/model";

ProviderRules rules_with_budget(std::int64_t requests) {
    ProviderRules rules;
    rules.name = kName;
    rules.unlimited = true;
    rules.budget.requests = requests;
    return rules;
}

void configure(UsageBackend& usage, const ProviderRules& rules) {
    usage.configure(std::span(&rules, 1));
}

PermitRequest request(std::size_t calls, std::int64_t id = base::random_positive_int64()) {
    return {id, kName, "worker-1", std::vector<CallEstimate>(calls, CallEstimate{10, 20, 3})};
}

CallReport report(const Permit& permit, CallEnd end = CallEnd::answered) {
    CallReport one;
    one.provider = kName;
    one.phase = "stage";
    one.permit = permit;
    one.outcome.end = end;
    if (end == CallEnd::refused) {
        one.outcome.rate_limit.refusal = model::Refusal::per_minute;
    }
    return one;
}

void tell(UsageBackend& usage, const CallReport& one) {
    usage.report(std::span(&one, 1));
}

Provider row(UsageBackend& usage) {
    const auto all = usage.providers();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [](const Provider& one) { return one.rules.name == kName; });
    REQUIRE(found != all.end());
    return *found;
}

TEST_CASE("a provider that nobody declared is made by its first call and learns from then on") {
    FOR_EACH_STORE(f);
    UsageBackend& usage = f.store().usage();
    CHECK(usage.providers().empty());
    const PermitAnswer answer = usage.reserve(request(5));
    REQUIRE(answer.permits.size() == 1);
    REQUIRE(answer.hold);
    CHECK(answer.hold->reason == HoldReason::pace);
    CHECK(answer.permits[0].id == 0);
    const Provider provider = row(usage);
    CHECK_FALSE(provider.configured);
    CHECK(provider.pace.source == model::PaceSource::learned);
    CHECK(provider.pace.granted == 1);
}

TEST_CASE("rules can be changed; what was learned, spent and held stays") {
    FOR_EACH_STORE(f);
    UsageBackend& usage = f.store().usage();
    ProviderRules rules = rules_with_budget(10);
    configure(usage, rules);
    const auto permits = usage.reserve(request(4)).permits;
    REQUIRE(permits.size() == 4);
    REQUIRE(usage.begin(kName, permits[0]));
    rules.budget.requests = 6;
    rules.unlimited = false;
    rules.requests_per_second = 100;
    rules.circuit.probes = 7;
    configure(usage, rules);
    const Provider provider = row(usage);
    CHECK(provider.configured);
    CHECK(provider.rules == rules);
    CHECK(provider.budget.spent.requests == 1);
    CHECK(provider.budget.held.requests == 3);
    CHECK(provider.pace.source == model::PaceSource::configured);
    CHECK(provider.pace.granted == 4);
    CHECK(usage.reserve(request(10)).permits.size() == 2);
}

TEST_CASE("a day's budget is never passed by many threads") {
    FOR_EACH_STORE(f);
    UsageBackend& usage = f.store().usage();
    constexpr std::int64_t kLimit = 100;
    configure(usage, rules_with_budget(kLimit));
    std::atomic<std::int64_t> begun{0};
    {
        std::vector<std::jthread> threads;
        for (int number = 0; number < 8; ++number) {
            threads.emplace_back([&usage, &begun] {
                for (int turn = 0; turn < 30; ++turn) {
                    for (const Permit& permit : usage.reserve(request(2)).permits) {
                        if (usage.begin(kName, permit)) {
                            begun += 1;
                        }
                        tell(usage, report(permit));
                    }
                }
            });
        }
    }
    CHECK(begun == kLimit);
    CHECK(row(usage).budget.spent.requests == kLimit);
    CHECK(row(usage).budget.held.requests == 0);
}

TEST_CASE("what a dead holder held comes back, what it had spent stays spent") {
    FOR_EACH_STORE(f);
    UsageBackend& usage = f.store().usage();
    configure(usage, rules_with_budget(3));
    const auto permits = usage.reserve(request(3)).permits;
    REQUIRE(permits.size() == 3);
    REQUIRE(usage.begin(kName, permits[0]));
    REQUIRE(usage.reserve(request(1)).permits.empty());
    f.pass(contracts::kHeldLife);
    CHECK(usage.reserve(request(5)).permits.size() == 2);
    // The dead come too late.
    CHECK_FALSE(usage.begin(kName, permits[1]));
    CHECK(row(usage).budget.spent.requests == 1);
    // Nobody will ever tell what became of the spent one.
    f.pass(contracts::kSpentLife);
    CHECK(usage.reserve(request(5)).permits.size() == 2);
    CHECK(row(usage).budget.spent.requests == 1);
    CHECK(row(usage).budget.unknown == 1);
}

TEST_CASE("reserving, beginning and reporting may be repeated") {
    FOR_EACH_STORE(f);
    UsageBackend& usage = f.store().usage();
    configure(usage, rules_with_budget(10));
    const auto first = usage.reserve(request(2, 1'000)).permits;
    const auto again = usage.reserve(request(2, 1'000)).permits;
    REQUIRE(first.size() == 2);
    REQUIRE(again.size() == 2);
    CHECK(again[0].id == first[0].id);
    CHECK(row(usage).budget.held.requests == 2);
    CHECK(usage.begin(kName, first[0]));
    CHECK(usage.begin(kName, first[0]));
    CHECK(row(usage).budget.spent.requests == 1);
    CallReport told = report(first[0]);
    told.outcome.usage_known = true;
    told.outcome.usage = {1, 2, 1};
    tell(usage, told);
    const auto settled = row(usage).budget.spent;
    tell(usage, told);
    CHECK(row(usage).budget.spent == settled);
    CHECK(settled == model::BudgetSum{1, 3, 1});
}

TEST_CASE("permits that are given back can be taken again") {
    FOR_EACH_STORE(f);
    UsageBackend& usage = f.store().usage();
    configure(usage, rules_with_budget(2));
    const auto permits = usage.reserve(request(2)).permits;
    REQUIRE(permits.size() == 2);
    REQUIRE(usage.begin(kName, permits[0]));
    usage.give_back(kName, permits);  // the one in use stays
    CHECK(row(usage).budget.spent.requests == 1);
    CHECK(usage.reserve(request(2)).permits.size() == 1);
}

TEST_CASE("reports add up in the day's sums, with the phase") {
    FOR_EACH_STORE(f);
    UsageBackend& usage = f.store().usage();
    configure(usage, rules_with_budget(10));
    std::vector<CallReport> reports;
    for (const Permit& permit : usage.reserve(request(2)).permits) {
        REQUIRE(usage.begin(kName, permit));
        CallReport one = report(permit);
        one.outcome.usage_known = true;
        one.outcome.usage = {100, 10, 7};
        reports.push_back(one);
    }
    usage.report(reports);
    CHECK(usage.daily("") ==
          std::vector<model::UsageRecord>{{"2026-11-21", kName, "stage", 2, 200, 20, 14}});
}

TEST_CASE("one event cuts the shared pace once, whoever saw it") {
    FOR_EACH_STORE(f);
    UsageBackend& usage = f.store().usage();
    ProviderRules rules;
    rules.name = kName;
    rules.requests_per_second = 100;
    configure(usage, rules);
    const auto permits = usage.reserve(request(20)).permits;
    REQUIRE(permits.size() >= 10);
    const double before = row(usage).pace.requests.rate;
    for (const Permit& permit : permits) {
        tell(usage, report(permit, CallEnd::refused));
    }
    const Provider cut = row(usage);
    CHECK(cut.pace.epoch == 1);
    CHECK(cut.pace.requests.rate == Approx(0.8 * before));
    // The same calls opened the circuit: too many of them.
    CHECK(cut.circuit.state == CircuitState::open);
    const PermitAnswer held = usage.reserve(request(1));
    REQUIRE(held.hold);
    CHECK(held.hold->reason == HoldReason::circuit);
    f.pass(held.hold->wait);
    const auto probes = usage.reserve(request(20));
    CHECK(probes.permits.size() <= 3);
    CHECK(row(usage).circuit.state == CircuitState::half_open);
}

TEST_CASE("a person opens and closes a circuit") {
    FOR_EACH_STORE(f);
    UsageBackend& usage = f.store().usage();
    CHECK_FALSE(usage.set_circuit(kName, CircuitState::open, "maintenance"));
    configure(usage, rules_with_budget(10));
    CHECK(usage.set_circuit(kName, CircuitState::open, "maintenance"));
    f.pass(std::chrono::hours(20));
    const PermitAnswer held = usage.reserve(request(1));
    REQUIRE(held.hold);
    CHECK(held.hold->reason == HoldReason::person);
    CHECK(held.hold->text == "circuit open until a person closes it: maintenance");
    CHECK(usage.set_circuit(kName, CircuitState::closed, ""));
    CHECK(usage.reserve(request(1)).permits.size() == 1);
}

TEST_CASE("an auth refusal opens the circuit until a person acts") {
    FOR_EACH_STORE(f);
    UsageBackend& usage = f.store().usage();
    configure(usage, rules_with_budget(10));
    const auto permits = usage.reserve(request(1)).permits;
    CallReport refused = report(permits.at(0), CallEnd::refused);
    refused.outcome.rate_limit.refusal = model::Refusal::auth;
    tell(usage, refused);
    const PermitAnswer held = usage.reserve(request(1));
    REQUIRE(held.hold);
    CHECK(held.hold->reason == HoldReason::person);
    CHECK(held.hold->text == "circuit open until a person closes it: it refused the key");
}

}  // namespace
}  // namespace fleet::contract_test
