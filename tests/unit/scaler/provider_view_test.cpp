// What the scaler makes of a provider's row.
#include "scaler/provider_view.hpp"

#include <catch2/catch.hpp>

#include "common/pace/circuit.hpp"
#include "common/pace/density.hpp"
#include "common/pace/provider_row.hpp"

namespace fleet::scaler {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr base::StoreTime kNow{hours(20)};
const base::WallTime kWall{hours(24 * 20'000) + hours(18)};

model::Provider row_of(model::ProviderRules rules) {
    rules.name = "mock/fast";
    return pace::new_provider(rules, {model::PaceTime{kNow}, kWall});
}

model::CallOutcome answered(base::Millis latency) {
    model::CallOutcome outcome;
    outcome.end = model::CallEnd::answered;
    outcome.latency = latency;
    return outcome;
}

model::CallOutcome refused() {
    model::CallOutcome outcome;
    outcome.end = model::CallEnd::refused;
    outcome.rate_limit.refusal = model::Refusal::per_minute;
    return outcome;
}

ProviderView view_at(const model::Provider& row, base::StoreTime now, const MeanCall& call = {}) {
    return provider_view(row, call, now, kWall + (now - kNow));
}

}  // namespace

TEST_CASE("pace, latency and the shares of refusals come from the row") {
    model::ProviderRules rules;
    rules.requests_per_second = 10;
    model::Provider row = row_of(rules);
    for (int call = 0; call < 6; ++call) {
        pace::count_outcome(row.density, kNow, answered(base::Millis{400}));
    }
    const base::StoreTime later = kNow + seconds(30);
    pace::count_outcome(row.density, later, answered(base::Millis{1'100}));
    pace::count_outcome(row.density, later, refused());
    const ProviderView view = view_at(row, later);
    CHECK(view.name == "mock/fast");
    CHECK(view.calls_per_second == Approx(9.8));
    CHECK(view.latency == base::Millis{500});
    CHECK(view.latency_samples == 7);
    CHECK(view.calls_minute == 8);
    CHECK(view.refused_minute == Approx(0.125));
    CHECK(view.refused_ten_seconds == Approx(0.5));
    CHECK(view.circuit == model::CircuitState::closed);
    CHECK_FALSE(view.hold);
    CHECK_FALSE(view.budget);
    CHECK_FALSE(view.calls_left);
}

TEST_CASE("a latency that was measured well is kept, and weighed against few later answers") {
    struct Row {
        std::string name;
        int latency_ms;
        int samples;
        int expected_ms;
        int expected_samples;
    };
    const std::vector<Row> rows = {
        {"few, and nothing known", 9'000, 3, 9'000, 3},
        {"enough", 1'000, 80, 1'000, 80},
        {"a good part of them", 1'500, 40, 1'500, 40},
        {"the slow rest of many", 9'000, 20, 3'398, 20},
        {"none of late", 0, 0, 1'500, 20},
        {"as many as ever", 3'000, 80, 3'000, 80},
        {"few and strange", 7'000, 2, 3'100, 20},
        {"the others are kept", 0, 0, 3'000, 20},
    };
    KnownLatency known;
    for (const Row& row : rows) {
        INFO(row.name);
        ProviderView view;
        view.latency = base::Millis{row.latency_ms};
        view.latency_samples = row.samples;
        keep_latency(view, known);
        CHECK(view.latency == base::Millis{row.expected_ms});
        CHECK(view.latency_samples == row.expected_samples);
    }
}

TEST_CASE("a limit of tokens counts as calls of the usual size") {
    model::ProviderRules rules;
    rules.requests_per_second = 10;
    rules.tokens_per_second = 1'000;
    const model::Provider row = row_of(rules);
    CHECK(view_at(row, kNow).calls_per_second == Approx(9.8));
    CHECK(view_at(row, kNow, {50, 0}).calls_per_second == Approx(9.8));
    CHECK(view_at(row, kNow, {500, 0}).calls_per_second == Approx(1.96));
    model::ProviderRules any;
    any.unlimited = true;
    CHECK_FALSE(view_at(row_of(any), kNow).calls_per_second);
}

TEST_CASE("the usual size of a call is the mean of the day, of that provider only") {
    std::vector<model::UsageRecord> daily(3);
    daily[0] = {"", "a", "x", 10, 900, 100, 5'000};
    daily[1] = {"", "a", "y", 30, 2'900, 100, 3'000};
    daily[2] = {"", "b", "x", 1, 1'000'000, 0, 0};
    CHECK(mean_call(daily, "a").tokens == Approx(100));
    CHECK(mean_call(daily, "a").cost_micros == Approx(200));
    CHECK(mean_call(daily, "c").tokens == 0);
}

TEST_CASE("an open circuit holds until its cooldown is over, then probes are free") {
    model::Provider row = row_of({});
    pace::open_circuit(row.circuit, "8 of 10 calls were refused", kNow);
    const ProviderView forever = view_at(row, kNow);
    REQUIRE(forever.hold);
    CHECK(forever.hold->reason == model::HoldReason::person);

    row.circuit.until = kNow + minutes(5);
    const ProviderView open = view_at(row, kNow + minutes(1));
    REQUIRE(open.hold);
    CHECK(open.hold->reason == model::HoldReason::circuit);
    CHECK(open.hold->wait == minutes(4));
    CHECK(open.free_probes == 0);

    // The row still says open: nobody has asked since.
    const ProviderView probing = view_at(row, kNow + minutes(6));
    CHECK(probing.circuit == model::CircuitState::half_open);
    CHECK(probing.free_probes == 3);
    REQUIRE(probing.hold);
    CHECK(probing.hold->text.find("8 of 10") != std::string::npos);
}

TEST_CASE("a pause that the provider asked for holds until its end") {
    model::Provider row = row_of({});
    row.pace.wait_until = kNow + seconds(90);
    REQUIRE(view_at(row, kNow).hold);
    CHECK(view_at(row, kNow).hold->reason == model::HoldReason::retry_after);
    CHECK(view_at(row, kNow).hold->wait == seconds(90));
    CHECK_FALSE(view_at(row, kNow + seconds(90)).hold);
}

TEST_CASE(
    "what is left of a budget is counted in calls of the usual size, and resets with the day") {
    model::ProviderRules rules;
    rules.budget.requests = 1'000;
    rules.budget.tokens = 50'000;
    model::Provider row = row_of(rules);
    row.budget.spent = {100, 20'000, 0};
    row.budget.held = {5, 1'000, 0};
    const ProviderView view = view_at(row, kNow, {1'000, 0});
    REQUIRE(view.budget);
    CHECK(view.budget->requests_left == 895);
    CHECK(view.budget->tokens_left == 29'000);
    CHECK_FALSE(view.budget->cost_micros_left);
    CHECK(view.budget->resets_in == hours(6));
    CHECK(view.calls_left == 29);
    CHECK_FALSE(view.hold);

    row.budget.spent.tokens = 49'500;
    const ProviderView spent = view_at(row, kNow, {1'000, 0});
    CHECK(spent.calls_left == 0);
    REQUIRE(spent.hold);
    CHECK(spent.hold->reason == model::HoldReason::budget);
    CHECK(spent.hold->wait == hours(6));

    row.budget.held = {};
    CHECK(view_at(row, kNow + hours(7), {1'000, 0}).calls_left == 50);  // another day
}

}  // namespace fleet::scaler
