// Which rows take the rules of a whole provider.
#include "common/pace/default_rules.hpp"

#include <catch2/catch.hpp>

#include "common/pace/provider_json.hpp"

using namespace fleet;

TEST_CASE("a model's provider is what stands before the first slash") {
    CHECK(pace::provider_of("openai/gpt-5") == "openai");
    CHECK(pace::provider_of("openrouter/anthropic/claude") == "openrouter");
    CHECK(pace::provider_of("openai").empty());
    CHECK(pace::provider_of("").empty());
}

TEST_CASE("rows of a provider's models take its rules unless they were declared") {
    model::Provider row;
    row.rules.name = "openai/gpt-5";
    CHECK(pace::takes_rules_of(row, "openai"));
    CHECK_FALSE(pace::takes_rules_of(row, "open"));
    CHECK_FALSE(pace::takes_rules_of(row, ""));
    row.configured = true;
    CHECK_FALSE(pace::takes_rules_of(row, "openai"));
    row.configured = false;
    row.rules.name = "openai";
    CHECK_FALSE(pace::takes_rules_of(row, "openai"));
    CHECK_FALSE(pace::takes_rules_of(row, ""));
}

TEST_CASE("a burst before the reset is kept with the rules") {
    model::ProviderRules rules{.name = "p/m"};
    rules.budget.requests = 3;
    rules.burst_before_reset = std::chrono::minutes(30);
    CHECK(pace::rules_from_json("p/m", pace::rules_to_json(rules)) == rules);
    CHECK(pace::rules_for(rules, "p/n").burst_before_reset == std::chrono::minutes(30));
    CHECK(pace::rules_for(rules, "p/n").name == "p/n");
}
