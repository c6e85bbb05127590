#include "tests/support/mock_provider/statistics.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

using namespace fleet::mock_provider;
using fleet::base::Json;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

std::int64_t sum(const Json& numbers) {
    std::int64_t total = 0;
    for (const Json& number : numbers) {
        total += number.get<std::int64_t>();
    }
    return total;
}

}  // namespace

TEST_CASE("whatever happens, the totals are the sums of their parts") {
    REQUIRE(rc::check("sums", [] {
        Instant now{seconds(1'000'000)};
        Statistics statistics(now);
        const auto events = *rc::gen::container<std::vector<std::pair<int, int>>>(
            rc::gen::pair(rc::gen::inRange(0, 3), rc::gen::inRange(0, 3'000)));
        for (const auto& [kind, pause] : events) {
            now += milliseconds(pause);
            const std::string model = "model " + std::to_string(pause % 3);
            statistics.offered(model, now);
            if (kind == 0) {
                statistics.given(model, 3, 5, now);
            } else {
                statistics.refused(model, kind == 1 ? "limit:rpm" : "in_flight", kind == 1, now);
            }
        }
        const Json json = statistics.json(now);
        std::int64_t refused = 0;
        for (const auto& [reason, count] : json.at("refused").items()) {
            refused += count.get<std::int64_t>();
        }
        RC_ASSERT(json.at("offered") == json.at("given").get<std::int64_t>() + refused);
        for (const char* const name : {"offered", "given", "rate_limited"}) {
            std::int64_t of_models = 0;
            for (const auto& [model, counts] : json.at("models").items()) {
                of_models += counts.at(name).get<std::int64_t>();
            }
            RC_ASSERT(json.at(name) == of_models);
            RC_ASSERT(json.at(name) == sum(json.at("series").at(name)));
        }
        RC_ASSERT(json.at("tokens").at("output") == 5 * json.at("given").get<std::int64_t>());
    }));
}

TEST_CASE("a series ends after a day, and its last second takes what comes later") {
    const Instant begin{seconds(1'000'000)};
    Statistics statistics(begin);
    statistics.offered("m", begin + std::chrono::hours(23));
    statistics.offered("m", begin + std::chrono::hours(24));
    statistics.offered("m", begin + std::chrono::hours(100));
    const Json series = statistics.json(begin).at("series").at("offered");
    CHECK(series.size() == Statistics::kMaximumSeconds);
    CHECK(series.back() == 2);
}

TEST_CASE("models without end are counted together at last") {
    const Instant begin{seconds(1)};
    Statistics statistics(begin);
    for (std::size_t i = 0; i < Statistics::kMaximumModels + 5; ++i) {
        statistics.offered("model " + std::to_string(i), begin);
    }
    const Json models = statistics.json(begin).at("models");
    CHECK(models.size() == Statistics::kMaximumModels + 1);
    CHECK(models.at("(others)").at("offered") == 5);
}

TEST_CASE("a reset keeps what is in flight and connected") {
    const Instant begin{seconds(1)};
    Statistics statistics(begin);
    statistics.connection_opens();
    statistics.flight_begins();
    statistics.flight_begins();
    statistics.flight_ends(true);
    statistics.reset(begin + seconds(1));
    const Json json = statistics.json(begin + seconds(2));
    CHECK(json.at("in_flight") == Json::parse(R"({"now": 1, "maximum": 1})"));
    CHECK(json.at("connections") == Json::parse(R"({"now": 1, "total": 1})"));
    CHECK(json.at("completed") == 0);
    CHECK(json.at("since_reset_ms") == 1000);
}
