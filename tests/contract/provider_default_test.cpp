// Rules of a whole provider: what its models have that nobody has declared.
#include <algorithm>

#include "common/base/ids.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

using contracts::UsageBackend;
using model::Provider;
using model::ProviderRules;

ProviderRules budget_of(const std::string& name, std::int64_t requests) {
    ProviderRules rules;
    rules.name = name;
    rules.unlimited = true;
    rules.budget.requests = requests;
    rules.burst_before_reset = std::chrono::minutes(30);
    return rules;
}

void configure(UsageBackend& usage, const ProviderRules& rules) {
    usage.configure(std::span(&rules, 1));
}

std::size_t permits(UsageBackend& usage, const std::string& name, std::size_t wanted) {
    return usage
        .reserve({base::random_positive_int64(), name, "worker-1",
                  std::vector<model::CallEstimate>(wanted)})
        .permits.size();
}

Provider row(UsageBackend& usage, const std::string& name) {
    const auto all = usage.providers();
    const auto found =
        std::ranges::find_if(all, [&name](const Provider& one) { return one.rules.name == name; });
    REQUIRE(found != all.end());
    return *found;
}

TEST_CASE("a model that nobody declared has the rules of its provider and a budget of its own") {
    FOR_EACH_STORE(f);
    UsageBackend& usage = f.store().usage();
    configure(usage, budget_of("p", 3));
    CHECK(permits(usage, "p/one", 5) == 3);
    CHECK(permits(usage, "p/two/three", 5) == 3);
    CHECK(permits(usage, "q/one", 5) == 1);  // another provider, which is learned
    CHECK(row(usage, "p/one").rules == budget_of("p/one", 3));
    CHECK_FALSE(row(usage, "p/one").configured);
    CHECK(row(usage, "p").budget.held.requests == 0);
}

TEST_CASE("a model's own rules stand whatever is said of its provider") {
    FOR_EACH_STORE(f);
    UsageBackend& usage = f.store().usage();
    configure(usage, budget_of("p/own", 2));
    configure(usage, budget_of("p", 5));
    CHECK(permits(usage, "p/own", 9) == 2);
    configure(usage, budget_of("p", 9));
    CHECK(row(usage, "p/own").rules == budget_of("p/own", 2));
}

TEST_CASE(
    "models that were called before follow their provider's rules, and keep what they spent") {
    FOR_EACH_STORE(f);
    UsageBackend& usage = f.store().usage();
    configure(usage, budget_of("p", 4));
    REQUIRE(permits(usage, "p/one", 3) == 3);
    configure(usage, budget_of("p", 6));
    CHECK(row(usage, "p/one").rules == budget_of("p/one", 6));
    CHECK(row(usage, "p/one").budget.held.requests == 3);
    CHECK(permits(usage, "p/one", 9) == 3);
    CHECK_FALSE(row(usage, "p/one").configured);
}

}  // namespace
}  // namespace fleet::contract_test
