// How a provider is told of, at a fixed moment: tables of what stands in the row and what is said.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "cli/view/provider_report.hpp"
#include "cli/view/provider_row.hpp"
#include "common/base/json.hpp"
#include "common/pace/circuit.hpp"
#include "common/pace/density.hpp"
#include "common/pace/provider_row.hpp"

using namespace fleet;
using namespace fleet::cli;
using Catch::Contains;
using model::CircuitState;
using model::PaceSource;

namespace {

/// 2026-11-21T14:02:30Z.
constexpr base::Millis kNow{1'795'269'750'000};

pace::Moment now() {
    return {model::PaceTime{kNow}, base::WallTime{kNow}};
}

base::StoreTime before(base::Millis span) {
    return base::StoreTime{kNow} - span;
}

model::Provider provider_of(const model::ProviderRules& rules) {
    return pace::new_provider(rules, {now().now - std::chrono::hours(1), now().wall});
}

model::Provider openai() {
    return provider_of({.name = "openai/gpt-4o"});
}

void count(model::Provider& provider, base::Millis ago, model::CallEnd end, int calls) {
    model::CallOutcome outcome;
    outcome.end = end;
    outcome.latency = base::Millis{800};
    if (end == model::CallEnd::refused) {
        outcome.rate_limit.refusal = model::Refusal::per_minute;
    }
    for (int call = 0; call < calls; ++call) {
        pace::count_outcome(provider.density, before(ago), outcome);
    }
}

std::vector<ProviderRow> rows_of(const model::Provider& provider) {
    return {provider_row(provider, now())};
}

std::string table_of(const model::Provider& provider) {
    return provider_table(rows_of(provider)).lines(Terminal({})).at(1);
}

std::string fact(const model::Provider& provider, const std::string& name) {
    for (const auto& [key, value] : provider_facts(provider_row(provider, now()))) {
        if (key == name) {
            return value;
        }
    }
    return "(none)";
}

}  // namespace

TEST_CASE("the reason of a pace is told in plain words") {
    struct Case {
        const char* what;
        PaceSource source;
        double rate;
        double ceiling;
        double limit;
        const char* told;
    };
    const std::vector<Case> cases{
        {"never refused", PaceSource::learned, 1.5, 0, 0,
         "learned: not refused so far; grows while at least half of it is used, now 1.5"},
        {"at rest", PaceSource::learned, 10.1, 10.4, 0,
         "learned: last refused at 14:02:11 at 10.4 calls/s; resting at 10.1"},
        {"cut", PaceSource::learned, 8.32, 10.4, 0,
         "learned: last refused at 14:02:11 at 10.4 calls/s; coming back to it, now 8.3"},
        {"beyond", PaceSource::learned, 10.6, 10.4, 0,
         "learned: last refused at 14:02:11 at 10.4 calls/s; trying more, now 10.6"},
        {"slow", PaceSource::learned, 0.0485, 0.05, 0,
         "learned: last refused at 14:02:11 at 0.05 calls/s; resting at 0.05"},
        {"configured", PaceSource::configured, 9.8, 0, 9.8, "configured: 10.0 calls/s, less 2 %"},
        {"stated", PaceSource::headers, 490, 0, 490,
         "headers: the provider states 500 calls/s, less 2 %"},
        {"shared", PaceSource::headers, 4.7, 4.85, 9.8,
         "headers: the provider states 10.0 calls/s, less 2 %; slowed at 14:02:11 at 4.8 calls/s "
         "(others use the limit too, or it is lower); resting at 4.7"},
        {"unlimited", PaceSource::unlimited, 1, 0, 0,
         "unlimited: calls are not spaced; circuit and budget hold"},
    };
    for (const Case& one : cases) {
        CAPTURE(one.what);
        model::Provider provider = openai();
        provider.pace.source = one.source;
        provider.pace.requests.rate = one.rate;
        provider.pace.ceiling = one.ceiling;
        provider.pace.limit = one.limit;
        provider.pace.cut_at = before(base::Millis{19'000});
        CHECK(pace_reason(provider_row(provider, now())) == one.told);
    }
}

TEST_CASE("a circuit is told as it stands now, not as it was last written") {
    struct Case {
        CircuitState state;
        std::optional<base::Millis> until_in;
        const char* told;
    };
    const std::vector<Case> cases{
        {CircuitState::closed, {}, "closed"},
        {CircuitState::open, base::Millis{90'000}, "open until 14:04:00"},
        {CircuitState::open, std::chrono::hours(10), "open until 2026-11-22 00:02:30"},
        // The cooldown is over: the next call is a probe, though nobody has written that.
        {CircuitState::open, base::Millis{-5'000}, "half-open, 0 of 3 probes"},
        {CircuitState::half_open, {}, "half-open, 0 of 3 probes"},
        {CircuitState::open, {}, "open until a person closes it"},
    };
    for (const Case& one : cases) {
        CAPTURE(one.told);
        model::Provider provider = openai();
        provider.circuit.state = one.state;
        provider.circuit.reason = "5 of 12 calls were refused and 0 failed";
        if (one.until_in) {
            provider.circuit.until = base::StoreTime{kNow} + *one.until_in;
        }
        const ProviderRow row = provider_row(provider, now());
        CHECK(circuit_text(row) == one.told);
        CHECK_THAT(table_of(provider), Contains(one.told));
        const bool is_closed = one.state == CircuitState::closed;
        CHECK((table_of(provider).find("5 of 12 calls") == std::string::npos) == is_closed);
        CHECK((fact(provider, "cause") == "(none)") == is_closed);
    }
}

TEST_CASE("what a call would wait for is what the fleet's own rules answer") {
    model::Provider provider = openai();
    CHECK_FALSE(provider_row(provider, now()).wait);

    SECTION("a pause that the provider asked for") {
        provider.pace.wait_until = before(base::Millis{-65'000});
        const ProviderRow row = provider_row(provider, now());
        REQUIRE(row.wait);
        CHECK(row.wait->reason == model::HoldReason::retry_after);
        CHECK(row.wait->until == before(base::Millis{-65'000}));
        CHECK(fact(provider, "waits") == "until 14:03:35 UTC: it asked for a pause of 1m05s");
    }
    SECTION("a slow pace whose next turn is far, but not the next turn of a quick one") {
        provider.pace.requests = {.rate = 0.1, .burst = 1, .tat = now().now};
        provider.pace.requests.tat += std::chrono::seconds(8);
        REQUIRE(provider_row(provider, now()).wait);
        CHECK(provider_row(provider, now()).wait->reason == model::HoldReason::pace);
        provider.pace.requests = {.rate = 2, .burst = 1, .tat = now().now};
        provider.pace.requests.tat += std::chrono::milliseconds(600);
        CHECK_FALSE(provider_row(provider, now()).wait);
    }
    SECTION("a budget that is used up, until the day's end") {
        provider.rules.budget.requests = 1'000;
        provider.budget.spent.requests = 990;
        provider.budget.held.requests = 10;
        const ProviderRow row = provider_row(provider, now());
        REQUIRE(row.wait);
        CHECK(row.wait->reason == model::HoldReason::budget);
        CHECK(row.wait->text == "the day's budget of 1000 requests is used up");
        CHECK(row.wait->until == row.moment.store_now() + row.left_of_day);
        CHECK_THAT(provider_hints(rows_of(provider)).at(0), Contains("fleet budget"));
        CHECK(fact(provider, "budget") == "990 of 1,000 calls used, 10 held, 0 left");
    }
    SECTION("probes under way, until they have ended") {
        provider.circuit.state = CircuitState::half_open;
        CHECK_FALSE(provider_row(provider, now()).wait);
        provider.circuit.probes.assign(3, before(base::Millis{-60'000}));
        const ProviderRow row = provider_row(provider, now());
        REQUIRE(row.wait);
        CHECK(row.wait->reason == model::HoldReason::circuit);
        CHECK_FALSE(row.wait->until);
        // Half-open, its budget can be used up as well.
        provider.circuit.probes.clear();
        provider.rules.budget.requests = 0;
        REQUIRE(provider_row(provider, now()).wait);
        CHECK(provider_row(provider, now()).wait->until);
    }
    SECTION("a person") {
        provider.circuit.state = CircuitState::open;
        provider.circuit.reason = "it refused the key";
        const ProviderRow row = provider_row(provider, now());
        REQUIRE(row.wait);
        CHECK_FALSE(row.wait->until);
        CHECK_THAT(
            provider_hints(rows_of(provider)).at(0),
            Contains("it refused the key") && Contains("fleet providers --close openai/gpt-4o"));
    }
}

TEST_CASE("looking changes nothing of the stored row") {
    model::Provider provider = openai();
    provider.rules.budget.requests = 10;
    provider.budget.spent.requests = 3;
    const model::Provider stored = provider;
    const ProviderRow row = provider_row(provider, now());
    CHECK(provider == stored);
    CHECK(row.provider.budget.held.requests == 0);
    CHECK(row.provider.pace.granted == 0);
}

TEST_CASE("yesterday's spending is not told as today's") {
    model::Provider provider = openai();
    provider.rules.budget.requests = 10;
    provider.budget.day = "2026-11-20";
    provider.budget.spent.requests = 10;
    provider.budget.unknown = 2;
    const ProviderRow row = provider_row(provider, now());
    CHECK(row.provider.budget.day == "2026-11-21");
    CHECK(row.provider.budget.spent.requests == 0);
    CHECK_FALSE(row.wait);
    CHECK(fact(provider, "budget") == "0 of 10 calls used, 0 held, 10 left");
}

TEST_CASE("densities are of the last ten and sixty seconds") {
    model::Provider provider = openai();
    count(provider, base::Millis{5'000}, model::CallEnd::answered, 24);
    count(provider, base::Millis{5'000}, model::CallEnd::refused, 1);
    count(provider, base::Millis{40'000}, model::CallEnd::answered, 74);
    count(provider, base::Millis{40'000}, model::CallEnd::server_error, 1);
    count(provider, base::Millis{90'000}, model::CallEnd::refused, 50);
    const ProviderRow row = provider_row(provider, now());
    CHECK(refused_text(row.ten_seconds) == "4.0 %");
    CHECK(refused_text(row.minute) == "1.0 %");
    CHECK(fact(provider, "last 10s") ==
          "25 calls, 1 refused (4.0 %), 0 errors, mean latency 800ms");
    CHECK(fact(provider, "last 60s") ==
          "100 calls, 1 refused (1.0 %), 1 error, mean latency 800ms");
    CHECK(density_lines(rows_of(provider)) ==
          std::vector<std::string>{"provider openai/gpt-4o: 429s 4.0 % (10s), 1.0 % (60s) of 100 "
                                   "calls; circuit closed"});
    CHECK(density_lines(rows_of(openai())).empty());
    model::Provider quiet = openai();
    quiet.circuit.state = CircuitState::open;
    CHECK(density_lines(rows_of(quiet)) ==
          std::vector<std::string>{"provider openai/gpt-4o: no calls in 60s; circuit open until a "
                                   "person closes it"});
    CHECK(fact(openai(), "last 60s") == "no call has ended");
}

TEST_CASE("the density of a run is that of all providers together") {
    CHECK_FALSE(refused_share({}, base::StoreTime{kNow}));
    std::vector<model::Provider> providers{openai(), openai()};
    CHECK_FALSE(refused_share(providers, base::StoreTime{kNow}));
    count(providers[0], base::Millis{3'000}, model::CallEnd::refused, 1);
    count(providers[1], base::Millis{3'000}, model::CallEnd::answered, 9);
    CHECK(refused_share(providers, base::StoreTime{kNow}) == Approx(0.1));
    // Called within the minute, though not lately: nothing is refused now.
    providers[0].density = {};
    providers[1].density = {};
    count(providers[1], base::Millis{30'000}, model::CallEnd::refused, 9);
    CHECK(refused_share(providers, base::StoreTime{kNow}) == Approx(0));
}

TEST_CASE("a run in which nothing goes on says for which providers it waits, and why") {
    std::vector<model::Provider> providers{openai(), openai()};
    CHECK(wait_note(providers, now()).empty());
    pace::open_circuit(providers[1].circuit, "it refused the key", before(base::Millis{1'000}));
    CHECK(wait_note(providers, now()) ==
          "waiting for openai/gpt-4o: circuit open until a person closes it: it refused the key; "
          "`fleet providers` tells more");
}

TEST_CASE("only so many providers are told of beside the pools") {
    std::vector<ProviderRow> rows;
    for (int number = 0; number < 8; ++number) {
        model::Provider provider = provider_of({.name = "p" + std::to_string(number)});
        count(provider, base::Millis{1'000}, model::CallEnd::answered, 1);
        rows.push_back(provider_row(provider, now()));
    }
    const std::vector<std::string> lines = density_lines(rows);
    REQUIRE(lines.size() == 6);
    CHECK(lines.back() == "and 3 providers more: `fleet providers`");
}

TEST_CASE("a row that is there for the rules of a provider's models says so") {
    model::Provider whole = provider_of({.name = "openai"});
    whole.configured = true;
    CHECK_THAT(table_of(whole), Contains("the rules of its models without own ones"));
    CHECK(fact(whole, "declared") ==
          "by a person, for those of its models that have no rules of their own");
    // A model without a provider is called by such a name.
    whole.pace.granted = 1;
    CHECK_THAT(table_of(whole), !Contains("the rules of its models"));
    CHECK(fact(whole, "declared") == "by a person");
}

TEST_CASE("a line holds budgets with their units and the day's reset") {
    model::Provider provider = provider_of({.name = "openai/gpt-4o",
                                            .tokens_per_second = 1'000,
                                            .budget = {.requests = 1'000,
                                                       .tokens = {},
                                                       .cost_micros = 5'000'000,
                                                       .day_begins = std::chrono::hours(8)}});
    provider.budget.spent = {812, 90'000, 1'200'000};
    provider.budget.held = {3, 300, 4'500};
    CHECK_THAT(table_of(provider),
               Contains("812/3/185 calls, 1.20/0.0045/3.80 cost  08:00  ") && Contains("980"));
    const base::Json json =
        base::parse_json(provider_json(provider_row(provider, now())), "provider");
    CHECK(json["provider"] == "openai/gpt-4o");
    CHECK(json["budget"]["requests"]["left"] == 185);
    CHECK(json["budget"]["cost_micros"]["held"] == 4'500);
    CHECK_FALSE(json["budget"].contains("tokens"));
    CHECK(json["budget"]["resets_at"] == "2026-11-22T08:00:00.000Z");
    CHECK(json["tokens_per_second"] == 980);
    CHECK(json["calls_10s"] == 0);
    CHECK(json["refused_share_10s"].is_null());
    CHECK(json["waits_until"].is_null());
}

TEST_CASE("the line of a busy provider without budget fits a terminal of 120 columns") {
    model::Provider provider = openai();
    count(provider, base::Millis{5'000}, model::CallEnd::answered, 3'000);
    count(provider, base::Millis{5'000}, model::CallEnd::refused, 10);
    provider.circuit.state = CircuitState::open;
    provider.circuit.until = base::StoreTime{kNow} + std::chrono::seconds(90);
    provider.circuit.reason = "10 of 30 calls were refused and 0 failed";
    const Terminal terminal(
        {.out_is_terminal = true, .colours = false, .columns = 120, .rows = 10});
    for (const std::string& line : provider_table(rows_of(provider)).lines(terminal)) {
        CHECK(display_width(line) < 120);
        CHECK_THAT(line, Contains("CIRCUIT") || Contains("open until 14:04:00"));
    }
}

TEST_CASE("a provider's JSON tells its wait, its circuit and its windows in units") {
    model::Provider provider = openai();
    count(provider, base::Millis{5'000}, model::CallEnd::answered, 3);
    count(provider, base::Millis{5'000}, model::CallEnd::refused, 1);
    provider.pace.ceiling = 10.4;
    provider.pace.requests.rate = 10.1;
    provider.pace.cut_at = before(base::Millis{5'000});
    provider.circuit.state = CircuitState::open;
    provider.circuit.until = before(base::Millis{-1'000});
    provider.circuit.reason = "a probe refused";
    const base::Json json =
        base::parse_json(provider_json(provider_row(provider, now())), "provider");
    CHECK(json["circuit"] == "open");
    CHECK(json["circuit_reason"] == "a probe refused");
    CHECK(json["circuit_until"] == "2026-11-21T14:02:31.000Z");
    CHECK(json["circuit_needs_person"] == false);
    CHECK(json["waits_for"] == "circuit");
    CHECK(json["waits_until"] == "2026-11-21T14:02:31.000Z");
    CHECK(json["calls_per_second"] == 10.1);
    CHECK(json["last_cut_calls_per_second"] == 10.4);
    CHECK(json["last_cut_at"] == "2026-11-21T14:02:25.000Z");
    CHECK(json["refused_share_10s"] == 0.25);
    CHECK(json["mean_latency_60s_ms"] == 800);
    CHECK(json["budget"].is_null());
}

TEST_CASE("rates, shares and costs keep the digits that matter") {
    CHECK(rate_text(0.01) == "0.01");
    CHECK(rate_text(9.84) == "9.8");
    CHECK(rate_text(1'234.4) == "1,234");
    CHECK(percent_text(0.004) == "0.4 %");
    CHECK(cost_text(0) == "0.00");
    CHECK(cost_text(12) == "0.000012");
    CHECK(cost_text(12'300) == "0.0123");
    CHECK(cost_text(1'234'567) == "1.23");
}
