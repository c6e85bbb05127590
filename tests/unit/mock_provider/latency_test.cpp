// How long answers take: distributions and their seed.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/mock_provider/draws.hpp"

using namespace fleet::mock_provider;

namespace {

LatencyRule rule_of(const std::string& json) {
    fleet::base::Json scenario = fleet::base::Json::object();
    scenario["latency"] = fleet::base::Json::parse(json);
    return read_scenario(scenario, "the test").latency;
}

/// Milliseconds, sorted.
std::vector<double> latencies(const std::string& json, std::uint64_t seed = 1) {
    const LatencyRule rule = rule_of(json);
    Draws draws(seed);
    std::vector<double> drawn;
    for (int i = 0; i < 20'000; ++i) {
        drawn.push_back(std::chrono::duration<double, std::milli>(draws.latency(rule, 0)).count());
    }
    std::ranges::sort(drawn);
    return drawn;
}

double mean(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) {
        sum += value;
    }
    return sum / static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("latencies follow their distributions") {
    const auto constant = latencies(R"({"ms": 12})");
    CHECK(constant.front() == Approx(12));
    CHECK(constant.back() == Approx(12));

    const auto uniform = latencies(R"({"kind": "uniform", "min_ms": 10, "max_ms": 20})");
    CHECK(uniform.front() >= 10);
    CHECK(uniform.back() <= 20);
    CHECK(mean(uniform) == Approx(15).epsilon(0.02));

    const auto exponential = latencies(R"({"kind": "exponential", "mean_ms": 50})");
    CHECK(mean(exponential) == Approx(50).epsilon(0.05));
    CHECK(exponential[10'000] == Approx(50 * std::log(2)).epsilon(0.05));

    const auto lognormal = latencies(R"({"kind": "lognormal", "median_ms": 200, "sigma": 0.5})");
    CHECK(lognormal[10'000] == Approx(200).epsilon(0.05));
    CHECK(lognormal[16'826] == Approx(200 * std::exp(0.5)).epsilon(0.06));  // one sigma up
}

TEST_CASE("max_ms cuts latencies off and zero stays zero") {
    CHECK(latencies(R"({"kind": "exponential", "mean_ms": 50, "max_ms": 60})").back() ==
          Approx(60));
    CHECK(latencies(R"({"kind": "exponential", "mean_ms": 0})").back() == 0);
    CHECK(latencies(R"({"kind": "lognormal", "median_ms": 0, "sigma": 1})").back() == 0);
}

TEST_CASE("a seed repeats its latencies") {
    const std::string rule = R"({"kind": "lognormal", "median_ms": 200, "sigma": 0.5})";
    CHECK(latencies(rule, 3) == latencies(rule, 3));
    CHECK(latencies(rule, 3) != latencies(rule, 4));
}

TEST_CASE("tokens of the answer take their time on top") {
    Draws draws(1);
    CHECK(draws.latency(rule_of(R"({"ms": 5, "per_output_token_us": 100})"), 30) ==
          std::chrono::milliseconds(8));
}
