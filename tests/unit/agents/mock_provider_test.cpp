// Agents against the mock provider: a program of its own with limits, headers and certificates.
#include <algorithm>

#include <catch2/catch.hpp>

#include "machines/agents/model_endpoint.hpp"
#include "tests/support/mock_provider/running_mock.hpp"
#include "tests/support/mock_provider/self_signed.hpp"
#include "tests/unit/agents/agent_bench.hpp"

namespace {

using namespace fleet;
using namespace fleet::agents_test;
using Catch::Matchers::Contains;
using mock_provider::MockProvider;

}  // namespace

TEST_CASE("both families are spoken with a provider that checks what it is sent") {
    const MockProvider mock(std::string(R"({"accepted_keys": [")") + kKey + R"("]})");
    Bench bench;
    for (const std::string more : {"", "      stream: true\n", "      api: anthropic\n",
                                   "      api: anthropic\n      stream: true\n"}) {
        CAPTURE(more);
        const auto agent = bench.agent(agent_at(mock.url() + "/v1", more));
        const auto result = agent->call({}, saying("hello"));
        if (result.error) {
            FAIL(result.error->message);
        }
        CHECK(result.content == "Say hello");
        CHECK(result.finish_reason == "stop");
        CHECK(result.usage.find("output_tokens")->as_integer() > 0);
    }
    CHECK(mock.stats().at("given") == 4);
    for (const auto& outcome : bench.gate.outcomes()) {
        CHECK(outcome.end == model::CallEnd::answered);
        CHECK(outcome.usage_known);
    }
}

TEST_CASE("the limits that a provider states are known after the first answer, in every form") {
    for (const std::string headers : {"openai", "anthropic", "cerebras", "openrouter", "ietf"}) {
        CAPTURE(headers);
        const MockProvider mock(
            R"({"limits": {"rpm": {"amount": 2, "per": "minute", "kind": "fixed_window"}},)"
            R"( "headers": ")" +
            headers + "\"}");
        Bench bench;
        const auto agent = bench.agent(agent_at(mock.url() + "/v1"));
        const auto first = agent->call({}, saying("hello"));
        REQUIRE_FALSE(first.error);
        const auto windows = bench.gate.outcomes().at(0).rate_limit.windows;
        const auto requests =
            std::ranges::find(windows, model::Quantity::requests, &model::LimitWindow::quantity);
        REQUIRE(requests != windows.end());
        CHECK(requests->limit == 2);
        CHECK(requests->remaining == 1);
        (void)agent->call({}, saying("hello"));
        CHECK_THROWS_AS(agent->call({}, saying("hello")), agents::ProviderWait);
        const auto refused = bench.gate.outcomes().at(2).rate_limit;
        CHECK(refused.refusal == model::Refusal::per_minute);
        REQUIRE(refused.retry_after);
        CHECK(*refused.retry_after <= std::chrono::minutes(1));
    }
}

#ifdef MOCK_PROVIDER_TLS
TEST_CASE("a certificate that nobody vouches for is refused, and one that is trusted is not") {
    const test_support::TemporaryFolder folder;
    const auto files = mock_provider::make_self_signed(folder.path());
    const MockProvider mock("{}", {.tls = files});
    Bench wary;
    const auto refused = wary.agent(agent_at(mock.url() + "/v1"))->call({}, saying("hello"));
    REQUIRE(refused.error);
    CHECK(refused.error->type == "ConnectionError");
    CHECK_THAT(refused.error->message, Contains("certificate"));
    CHECK(wary.gate.outcomes().at(0).end == model::CallEnd::unreachable);

    agents::ProviderTable providers;
    providers["acme"].ca_file = files.certificate.string();
    Bench trusting(providers);
    const auto result = trusting.agent(agent_at(mock.url() + "/v1"))->call({}, saying("hello"));
    CHECK_FALSE(result.error);
    CHECK(result.content == "Say hello");
}
#endif
