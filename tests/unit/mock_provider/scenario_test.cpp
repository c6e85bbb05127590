#include "tests/support/mock_provider/scenario.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"

using namespace fleet::mock_provider;
using fleet::base::ConfigError;
using fleet::base::parse_json;

namespace {

Scenario read(const std::string& text) {
    return read_scenario(parse_json(text, "the test"), "s.json");
}

std::string error_of(const std::string& text) {
    try {
        static_cast<void>(read(text));
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("an empty scenario answers everything at once") {
    const Scenario scenario = read("{}");
    CHECK(scenario.limits.empty());
    CHECK(scenario.faults.empty());
    CHECK_FALSE(scenario.accepted_keys.has_value());
    CHECK(scenario.latency.milliseconds == 0);
    CHECK(scenario.retry_after == std::vector{RetryAfter::seconds});
}

TEST_CASE("limits are read with their defaults") {
    const Scenario scenario = read(R"({"limits": {
        "rpm": {"amount": 60},
        "tpd": {"quantity": "tokens", "kind": "fixed_window", "amount": 100, "per": "day",
                "start": "first_call", "scope": "key", "models": ["a"], "shown": false},
        "quick": {"kind": "sliding_window", "amount": 3, "window_ms": 250}}})");
    REQUIRE(scenario.limits.size() == 3);
    CHECK(scenario.limits[0].name == "rpm");
    CHECK(scenario.limits[0].burst == 60);
    CHECK(scenario.limits[0].window == std::chrono::minutes(1));
    CHECK(scenario.limits[1].window == std::chrono::hours(24));
    CHECK(scenario.limits[1].start == WindowStart::first_call);
    CHECK(scenario.limits[1].scope == LimitScope::key);
    CHECK_FALSE(scenario.limits[1].shown);
    CHECK(scenario.limits[2].window == std::chrono::milliseconds(250));
}

TEST_CASE("the limit factor scales amounts and bursts") {
    const auto scaled = [](const std::string& factor, const std::string& amount) {
        return read(R"({"limit_factor": )" + factor + R"(, "limits": {"rpm": {"amount": )" +
                    amount + R"(, "burst": 15}}})")
            .limits.at(0);
    };
    CHECK(scaled("0.1", "30").amount == 3);
    CHECK(scaled("0.1", "30").burst == 1);
    CHECK(scaled("0.29", "100").amount == 29);
    CHECK(scaled("0", "100").amount == 0);
    CHECK(scaled("1", "999999999999").amount == 999'999'999'999);
}

TEST_CASE("faults, answers, latency and timeline are read") {
    const Scenario scenario = read(R"({
        "latency": {"kind": "lognormal", "median_ms": 200, "sigma": 0.5, "max_ms": 1000},
        "retry_after": ["seconds", "milliseconds"],
        "answers": {"plan": {"contains": "plan", "json": {"steps": 1}},
                    "tool": {"tool_calls": [{"name": "f", "arguments": {"x": 1}}]}},
        "faults": {"flaky": {"kind": "status", "status": 529, "probability": 0.25},
                   "odd": {"kind": "headers", "headers": {"x-a": "1"}, "next": 2}},
        "timeline": [{"at_ms": 2000, "set": {"limit_factor": 2}},
                     {"at_ms": 1000, "set": {"limit_factor": 0.5}}]})");
    CHECK(scenario.latency.kind == LatencyKind::lognormal);
    CHECK(scenario.retry_after == std::vector{RetryAfter::seconds, RetryAfter::milliseconds});
    CHECK(scenario.answers.at(0).form == AnswerForm::json);
    CHECK(scenario.answers.at(1).after_tool == false);
    CHECK(scenario.answers.at(1).tools.at(0).arguments == R"({"x":1})");
    CHECK(scenario.faults.at(0).status == 529);
    CHECK(scenario.faults.at(1).next == 2);
    CHECK(scenario.timeline.at(0).at == std::chrono::seconds(1));
}

TEST_CASE("what is wrong in a scenario is named with its place and what was meant") {
    struct Case {
        std::string scenario;
        std::string error;
    };
    const std::vector<Case> cases = {
        {R"({"limts": {}})", "s.json: limts: unknown key; did you mean limits?"},
        {R"({"limits": {"rpm": {"amount": 1, "brust": 2}}})",
         "s.json: limits.rpm.brust: unknown key; did you mean burst?"},
        {R"({"limits": {"rpm": {}}})", "s.json: limits.rpm.amount: is missing"},
        {R"({"limits": {"rpm": {"amount": -1}}})",
         "s.json: limits.rpm.amount: has to be a whole number, 0 to 1000000000000, is -1"},
        {R"({"limits": {"rpm": {"amount": 1, "kind": "token_buckt"}}})",
         "s.json: limits.rpm.kind: has no choice \"token_buckt\" (did you mean token_bucket?), "
         "only token_bucket, fixed_window, sliding_window"},
        {R"({"limits": {"rpm": {"amount": 1, "per": "day", "window_ms": 5}}})",
         "s.json: limits.rpm.window_ms: says the same as per; leave one of them out"},
        {R"({"limits": {"rpm": {"amount": 1, "kind": "fixed_window", "burst": 5}}})",
         "s.json: limits.rpm.burst: is for token buckets"},
        {R"({"faults": {"f": {"kind": "garbage", "status": 500}}})",
         "s.json: faults.f.status: is for faults of kind status"},
        {R"({"faults": {"f": {"kind": "retry_after"}}})", "s.json: faults.f.text: is missing"},
        {R"({"faults": {"f": {"kind": "headers", "headers": {"a": "b\r\nc"}}}})",
         "s.json: faults.f.headers: the value of a has to be one line of text"},
        {R"({"faults": {"f": {"kind": "reset", "next": 1, "probability": 1}}})",
         "s.json: faults.f.next: stands instead of probability; leave one of them out"},
        {R"({"latency": {"kind": "uniform", "ms": 5}})",
         "s.json: latency.ms: is not of this kind of latency, which takes min_ms"},
        {R"({"latency": {"kind": "lognormal", "median_ms": 5}})",
         "s.json: latency.sigma: is missing"},
        {R"({"answers": {"a": {"text": "x", "echo": "plain"}}})",
         "s.json: answers.a: has to have one of echo, text, json and tool_calls"},
        {R"({"in_flight": {"maximum": 1, "status": 504}})",
         "s.json: in_flight.status: has to be 503 or 529"},
        {R"({"retry_after": ["none", "seconds"]})", "s.json: retry_after: \"none\" stands alone"},
        {R"({"timeline": [{"at_ms": 5, "set": {"limit_facto": 1}}]})",
         "s.json: timeline at 5 ms: limit_facto: unknown key; did you mean limit_factor?"},
        {R"({"seed": "1"})", "s.json: seed: has to be a whole number, at least 0, is \"1\""},
        {R"([])", "s.json: has to be an object, is array"},
    };
    for (const Case& each : cases) {
        CHECK(error_of(each.scenario) == each.error);
    }
}
