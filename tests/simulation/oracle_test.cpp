// The bound that simulations are measured against, and the draws that it is made from: by hand.
#include "scaler/simulate/oracle.hpp"

#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>

using namespace fleet;
using simulate::Distribution;
using simulate::Oracle;
using simulate::Scenario;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

double drain_seconds(const Scenario& scenario) {
    return std::chrono::duration<double>(simulate::oracle_of(scenario).drain).count();
}

/// 600 calls of 2 s to a provider of 60 a minute; enough slots, no boot.
Scenario limited() {
    Scenario scenario;
    scenario.items = {{.count = 600}};
    scenario.stages.front().time.mean = seconds(2);
    scenario.stages.front().provider = 0;
    scenario.providers.emplace_back().rules.name = "sim/model";
    scenario.providers[0].limits.limit = 60;
    scenario.pool.max_workers = 100;
    scenario.boot = seconds(0);
    return scenario;
}

}  // namespace

TEST_CASE("the oracle calls as fast as the provider allows, and waits for the last answer") {
    Scenario scenario = limited();
    CHECK(drain_seconds(scenario) == Approx(602));
    CHECK(simulate::oracle_of(scenario).bound == "sim/model");
    SECTION("but for an outage") {
        scenario.providers[0].outages = {{seconds(100), seconds(250)}};
        CHECK(drain_seconds(scenario) == Approx(752));
    }
    SECTION("but for what another client takes") {
        scenario.providers[0].others = 0.25;
        CHECK(drain_seconds(scenario) == Approx(802));
    }
    SECTION("as the limit changes") {
        scenario.providers[0].changes = {{seconds(300), 30}, {seconds(500), 120}};
        CHECK(drain_seconds(scenario) == Approx(602));  // 300 + 100 + 200 in 100 s
        scenario.providers[0].changes = {{seconds(300), 30}};
        CHECK(drain_seconds(scenario) == Approx(902));
    }
    SECTION("from when the work is there") {
        scenario.items.push_back({.at = seconds(1'000), .count = 10});
        CHECK(drain_seconds(scenario) == Approx(1'012));
    }
    SECTION("within the day's budget") {
        scenario.providers[0].rules.budget.requests = 250;
        CHECK(drain_seconds(scenario) == Approx(2 * 86'400 + 100 + 2));
        scenario.providers[0].rules.budget.day_begins = minutes(30);
        CHECK(drain_seconds(scenario) == Approx(1'800 + 86'400 + 100 + 2));
    }
}

TEST_CASE(
    "without a limit the oracle's slots do all the work, and the longest item takes its time") {
    Scenario scenario;
    scenario.items = {{.count = 1'000}};
    scenario.stages.front().time.mean = seconds(4);
    scenario.pool.max_workers = 10;
    scenario.pool.slots_per_worker = 2;
    scenario.boot = seconds(3);
    CHECK(drain_seconds(scenario) == Approx(203));
    CHECK(simulate::oracle_of(scenario).bound == "slots");
    scenario.stages.push_back({.name = "last", .time = {.mean = seconds(500)}});
    scenario.items = {{.count = 10}};
    CHECK(drain_seconds(scenario) == Approx(507));
    CHECK(simulate::oracle_of(scenario).bound == "longest item");
}

TEST_CASE("service times have their mean, their least and their most, and depend on nothing else") {
    const simulate::ServiceTime times[] = {
        {Distribution::fixed, seconds(5)},
        {Distribution::exponential, seconds(5), seconds(1)},
        {.distribution = Distribution::lognormal, .mean = seconds(5), .sigma = 0.8},
        {.distribution = Distribution::pareto, .mean = seconds(5), .shape = 3},
        {.distribution = Distribution::pareto, .mean = seconds(5), .most = hours(1), .shape = 2.5},
    };
    for (const simulate::ServiceTime& time : times) {
        constexpr int kCount = 200'000;
        double sum = 0;
        for (int item = 0; item < kCount; ++item) {
            const auto drawn = draw(time, {7, item, 1});
            REQUIRE(drawn >= time.least);
            REQUIRE(drawn <= time.most.value_or(hours(1'000)));
            sum += std::chrono::duration<double>(drawn).count();
        }
        CHECK(sum / kCount == Approx(5).epsilon(0.03));
        CHECK(draw(time, {7, 1, 1}) == draw(time, {7, 1, 1}));
        if (time.distribution != Distribution::fixed) {
            CHECK(draw(time, {7, 1, 1}) != draw(time, {7, 1, 2}));
            CHECK(draw(time, {7, 1, 1}) != draw(time, {7, 2, 1}));
            CHECK(draw(time, {7, 1, 1}) != draw(time, {8, 1, 1}));
        }
    }
}

TEST_CASE("items come when their steps say, in order") {
    Scenario scenario;
    scenario.items = {{.at = seconds(60), .count = 100, .over = seconds(30)}, {.count = 5}};
    const auto arrivals = simulate::arrivals_of(scenario);
    REQUIRE(arrivals.size() == 105);
    CHECK(std::ranges::is_sorted(arrivals));
    CHECK(arrivals[4] == seconds(0));
    CHECK(arrivals[5] >= seconds(60));
    CHECK(arrivals.back() < seconds(90));
    CHECK(arrivals[5] != arrivals[6]);
}
