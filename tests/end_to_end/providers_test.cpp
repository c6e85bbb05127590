// What `fleet` tells of providers and budgets, and does to their circuits: the real program on a
// store that was filled through the contract.
#include <optional>
#include <regex>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/clock.hpp"
#include "common/base/json.hpp"
#include "common/contracts/usage.hpp"
#include "common/model/provider_wait.hpp"
#include "tests/end_to_end/hand_worker.hpp"
#include "tests/support/fleet_box.hpp"

using namespace fleet;
using namespace fleet::test_support;
using Catch::Contains;
using model::CallEnd;
using model::Refusal;

namespace {

constexpr const char* kName = "openai/gpt-4o";

/// A box whose providers are called by the test's own hands.
class CalledBox {
  public:
    CalledBox() {
        // The store is made, though its pool is there already.
        REQUIRE(box_.fleet({"scale", "default", "--create"}).exit_code == 1);
        hands_.emplace(box_);
    }

    [[nodiscard]] const FleetBox& box() const { return box_; }
    [[nodiscard]] HandWorker& hands() { return *hands_; }
    [[nodiscard]] contracts::UsageBackend& usage() { return hands_->store().usage(); }

    /// What the command prints when it succeeds.
    [[nodiscard]] std::string out(std::vector<std::string> arguments) const {
        const ProgramResult end = box_.fleet(std::move(arguments));
        INFO(end.err);
        REQUIRE(end.exit_code == 0);
        return end.out;
    }
    [[nodiscard]] base::Json json(std::vector<std::string> arguments) const {
        arguments.emplace_back("--json");
        return base::parse_json(out(std::move(arguments)), "the output");
    }

    void declare(model::ProviderRules rules) {
        rules.name = kName;
        usage().configure(std::span(&rules, 1));
    }
    [[nodiscard]] contracts::PermitAnswer ask(std::size_t calls) {
        contracts::PermitRequest request;
        request.request_id = ++requests_ * 1'000;
        request.provider = kName;
        request.owner = "by-hand";
        request.wanted.assign(calls, {.input_tokens = 10, .output_tokens = 20, .cost_micros = 0});
        return usage().reserve(request);
    }
    [[nodiscard]] std::vector<model::Permit> reserve(std::size_t calls) {
        const contracts::PermitAnswer answer = ask(calls);
        INFO((answer.hold ? answer.hold->text : ""));
        REQUIRE(answer.permits.size() == calls);
        return answer.permits;
    }
    void report(const model::Permit& permit, CallEnd end, Refusal refusal = Refusal::none,
                std::optional<base::Millis> retry_after = {}) {
        contracts::CallReport report;
        report.provider = kName;
        report.phase = "plan";
        report.permit = permit;
        report.outcome.end = end;
        report.outcome.latency = base::Millis{250};
        report.outcome.usage_known = end == CallEnd::answered;
        report.outcome.usage = {.input_tokens = 10, .output_tokens = 20, .cost_micros = 0};
        report.outcome.rate_limit.refusal = refusal;
        report.outcome.rate_limit.retry_after = retry_after;
        usage().report(std::span(&report, 1));
    }

  private:
    FleetBox box_;
    std::optional<HandWorker> hands_;
    std::int64_t requests_ = 0;
};

/// Of a day that began an hour ago, so that none ends while a test runs.
model::BudgetLimits calls_a_day(std::int64_t calls) {
    constexpr base::Millis kDay = std::chrono::hours(24);
    const base::SystemClock clock;
    model::BudgetLimits limits;
    limits.requests = calls;
    limits.day_begins =
        clock.wall_now().time_since_epoch() % kDay - base::Millis(std::chrono::hours(1));
    return limits;
}

bool matches(const std::string& text, const std::string& pattern) {
    return std::regex_search(text, std::regex(pattern));
}

constexpr const char* kClock = "(\\d{4}-\\d\\d-\\d\\d )?\\d\\d:\\d\\d:\\d\\d";

}  // namespace

TEST_CASE("a refused provider is shown with its pace, the reason for it, and its pause") {
    CalledBox called;
    called.declare({.first_rate = 50});
    const model::Permit permit = called.reserve(1).front();
    called.report(permit, CallEnd::refused, Refusal::per_minute, std::chrono::hours(1));

    const std::string one = called.out({"providers", kName});
    INFO(one);
    CHECK(matches(one, std::string("learned: last refused at ") + kClock +
                           " at 50\\.0 calls/s; resting at 48\\.5"));
    CHECK(matches(one, std::string("waits +until ") + kClock + " UTC: it asked for a pause of "));
    CHECK_THAT(one, Contains("1 refused (100.0 %)") && Contains("circuit     closed, since"));

    const std::string table = called.out({"providers"});
    INFO(table);
    CHECK(matches(table, "PROVIDER +CIRCUIT +PACE +SOURCE"));
    CHECK(matches(table, std::string(kName) + " +closed +48\\.5/s +learned"));
    CHECK(matches(table, kClock));

    const base::Json json = called.json({"providers"});
    REQUIRE(json.size() == 1);
    CHECK(json[0]["provider"] == kName);
    CHECK(json[0]["configured"] == true);
    CHECK(json[0]["circuit"] == "closed");
    CHECK(json[0]["pace_source"] == "learned");
    CHECK(json[0]["calls_per_second"] == 48.5);
    CHECK(json[0]["last_cut_calls_per_second"] == 50);
    CHECK(json[0]["granted_calls"] == 1);
    CHECK(json[0]["refused_60s"] == 1);
    CHECK(json[0]["refused_share_60s"] == 1);
    CHECK(json[0]["waits_for"] == "retry_after");
    CHECK(json[0]["waits_until"].is_string());
    CHECK(json[0]["budget"].is_null());

    CHECK_THAT(called.out({"status"}),
               Contains("provider openai/gpt-4o: 429s 100.0 %") && Contains("waits until"));
    CHECK_THAT(called.out({"top", "--once"}), Contains("SOURCE") && Contains(kName));
}

TEST_CASE("a circuit that opened by itself says until when, and which calls opened it") {
    CalledBox called;
    called.declare({.unlimited = true});
    const std::vector<model::Permit> permits = called.reserve(12);
    for (std::size_t call = 0; call < 7; ++call) {
        called.report(permits[call], CallEnd::answered);
    }
    for (std::size_t call = 7; call < 11; ++call) {
        called.report(permits[call], CallEnd::refused, Refusal::per_minute, std::chrono::hours(2));
    }
    const std::string table = called.out({"providers"});
    INFO(table);
    CHECK(matches(table, std::string("open until ") + kClock));
    CHECK_THAT(table, Contains("4 of 11 calls were refused and 0 failed"));
    const base::Json json = called.json({"providers", kName});
    CHECK(json[0]["circuit"] == "open");
    CHECK(json[0]["circuit_needs_person"] == false);
    CHECK(json[0]["circuit_until"].is_string());
    CHECK(json[0]["calls_per_second"].is_null());
}

TEST_CASE("a person opens a provider's circuit with a reason and closes it again") {
    CalledBox called;
    called.declare({.unlimited = true});
    CHECK_THAT(called.out({"providers", "--open", kName, "--reason", "invoice is disputed"}),
               Contains("fleet providers --close openai/gpt-4o"));
    const contracts::PermitAnswer refused = called.ask(1);
    CHECK(refused.permits.empty());
    REQUIRE(refused.hold);
    CHECK(refused.hold->reason == model::HoldReason::person);
    CHECK_THAT(refused.hold->text, Contains("invoice is disputed"));
    CHECK_THAT(called.out({"providers"}),
               Contains("open until a person closes it") && Contains("invoice is disputed"));
    CHECK_THAT(called.out({"status"}), Contains("fleet providers --close openai/gpt-4o"));
    CHECK(called.json({"providers"})[0]["circuit_needs_person"] == true);

    CHECK_THAT(called.out({"providers", "--close", kName}),
               Contains("is closed") && Contains("invoice is disputed"));
    CHECK(called.ask(1).permits.size() == 1);
    CHECK_THAT(called.out({"providers", "--close", kName}), Contains("was closed already"));
}

TEST_CASE("a refused key opens the circuit until a person closes it") {
    CalledBox called;
    called.declare({.unlimited = true});
    called.report(called.reserve(1).front(), CallEnd::refused, Refusal::auth);
    CHECK_THAT(called.out({"providers", kName}), Contains("open until a person closes it") &&
                                                     Contains("it refused the key") &&
                                                     Contains("--close openai/gpt-4o"));
    CHECK(called.json({"providers", "--close", kName})[0]["circuit"] == "closed");
    CHECK(called.ask(1).permits.size() == 1);
}

TEST_CASE("a provider of another name is refused with the nearest known one") {
    CalledBox called;
    called.declare({.unlimited = true});
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"providers", "openai/gpt-40"},
          {"providers", "--open", "openai/gpt-40", "--reason", "x"},
          {"providers", "--close", "openai/gpt-40"},
          {"budget", "openai/gpt-40"}}) {
        const ProgramResult end = called.box().fleet(arguments);
        CAPTURE(arguments.front(), end.out);
        CHECK(end.exit_code == 1);
        CHECK(end.err ==
              "fleet: looking for provider \"openai/gpt-40\": there is none of that name; did you "
              "mean \"openai/gpt-4o\"? `fleet providers` lists them\n");
    }
    CHECK(called.json({"providers"})[0]["circuit"] == "closed");
}

TEST_CASE("a budget tells what is used, held and left, and how far it goes") {
    CalledBox called;
    model::BudgetLimits limits = calls_a_day(10);
    limits.tokens = 1'000'000;
    called.declare({.unlimited = true, .budget = limits});
    const std::vector<model::Permit> permits = called.reserve(5);
    for (std::size_t call = 0; call < 3; ++call) {
        REQUIRE(called.usage().begin(kName, permits[call]));
        called.report(permits[call], CallEnd::answered);
    }
    const base::Json json = called.json({"budget"});
    REQUIRE(json.size() == 1);
    CHECK(json[0]["provider"] == kName);
    CHECK(json[0]["unknown_calls"] == 0);
    const base::Json& calls = json[0]["limits"][0];
    CHECK(calls["limit_of"] == "requests");
    CHECK(calls["limit"] == 10);
    CHECK(calls["used"] == 3);
    CHECK(calls["held"] == 2);
    CHECK(calls["left"] == 5);
    // 3 calls in the day's first hour: 5 more in less than two.
    CHECK(calls["at_day_mean"]["used_up_at"].is_string());
    CHECK(calls["at_day_mean"]["left_at_end"] == 0);
    const base::Json& tokens = json[0]["limits"][1];
    CHECK(tokens["limit_of"] == "tokens");
    CHECK(tokens["used"] == 90);
    CHECK(tokens["at_day_mean"]["used_up_at"].is_null());
    CHECK(json[0]["usage"][0]["phase"] == "plan");
    CHECK(json[0]["usage"][0]["requests"] == 3);
    CHECK(json[0]["usage"][0]["output_tokens"] == 60);

    const std::string table = called.out({"budget"});
    INFO(table);
    CHECK(matches(table, std::string(kName) + " +calls +10 +3 +2 +5 +4\\.\\d %"));
    CHECK(matches(table, "used up at (\\d{4}-\\d\\d-\\d\\d )?\\d\\d:\\d\\d"));
    CHECK(matches(table, "of 1,000,000 will be left"));
    CHECK(matches(table, "by phase\n(.*\n)?.*plan +3 +30 +60"));
    CHECK_THAT(called.out({"providers"}), Contains("3/2/5 calls"));
}

TEST_CASE("a budget that is used up stands in the status of the fleet") {
    CalledBox called;
    called.declare({.unlimited = true, .budget = calls_a_day(1)});
    const model::Permit permit = called.reserve(1).front();
    REQUIRE(called.usage().begin(kName, permit));
    called.report(permit, CallEnd::answered);
    CHECK_THAT(called.out({"budget", kName}), Contains("used up"));
    CHECK_THAT(called.out({"status"}),
               Contains("the day's budget of 1 requests is used up") && Contains("`fleet budget`"));
    CHECK(called.json({"providers"})[0]["waits_for"] == "budget");
}

TEST_CASE("another day's calls are told by phase") {
    CalledBox called;
    const std::vector<model::UsageRecord> records{
        {.day = "2026-11-20",
         .provider = "a/x",
         .phase = "plan",
         .requests = 12,
         .input_tokens = 3'400,
         .output_tokens = 560,
         .cost_micros = 1'230'000},
        {.day = "2026-11-20", .provider = "a/x", .phase = "write", .requests = 1},
        {.day = "2026-11-19", .provider = "a/x", .phase = "other day", .requests = 7}};
    called.usage().record(records);
    const std::string table = called.out({"budget", "--day", "2026-11-20"});
    INFO(table);
    CHECK_THAT(table, Contains("Calls of 2026-11-20 (UTC) by phase") && !Contains("other day"));
    CHECK(matches(table, "a/x +plan +12 +3,400 +560 +1\\.23"));
    CHECK(matches(table, "a/x +write +1 +0 +0 +0\\.00"));
    const base::Json json = called.json({"budget", "--day", "2026-11-20"});
    REQUIRE(json.size() == 1);
    CHECK(json[0]["usage_day"] == "2026-11-20");
    CHECK(json[0]["usage"].size() == 2);
    CHECK(json[0]["limits"].empty());
    CHECK_THAT(called.out({"budget", "--day", "2026-11-18"}),
               Contains("no calls are recorded on 2026-11-18"));
    CHECK(called.box().fleet({"budget", "--day", "2026-11-31"}).exit_code == 2);
}

TEST_CASE("why says for which provider an execution waits, until when and why") {
    CalledBox called;
    called.declare({.unlimited = true});
    const std::string id = called.hands().push(1).front().text();
    const contracts::Claimed claimed = called.hands().claim(1).front();
    called.hands().commit(
        claimed, model::NextFailed{
                     model::FailureClass::rate_limited,
                     {model::ErrorKind::rate_limit,
                      model::provider_wait_beginning(kName) + "it asked for a pause of 1h00m", ""},
                     std::chrono::hours(1)});
    const std::string told = called.out({"why", id});
    INFO(told);
    const std::string waiting = std::string("waiting for ") + kName + " until " + kClock;
    CHECK(matches(told, id + "  " + waiting));
    CHECK(matches(told, waiting + ": it asked for a pause of 1h00m"));
    CHECK_THAT(told, Contains("fleet providers openai/gpt-4o") &&
                         Contains("put back for a provider's limit once"));
    const base::Json json = base::parse_json(called.out({"why", id, "--json"}), "why");
    CHECK(matches(json["headline"].get<std::string>(), "^" + waiting + "$"));
    CHECK(json["status"] == "pending");

    REQUIRE_FALSE(called.out({"providers", "--open", kName, "--reason", "no money"}).empty());
    CHECK_THAT(called.out({"why", id}), Contains("fleet providers --close openai/gpt-4o"));
    // Closed again, nobody waits for it any more.
    REQUIRE_FALSE(called.out({"providers", "--close", kName}).empty());
    CHECK_FALSE(matches(called.out({"why", id}), waiting));
}

TEST_CASE("the progress of a run has the 429 density once providers are called") {
    CalledBox called;
    called.declare({.unlimited = true});
    for (const model::Permit& permit : called.reserve(4)) {
        called.report(permit, CallEnd::answered);
    }
    // Lines come at steps of ten percent that are not closer than a second.
    called.box().write("items.txt", "1\n2\n3\n4\n");
    const ProgramResult end = called.box().fleet(
        {"run", "--items", "items.txt", "--workers", "1..1", "--slots", "1", "--", "sleep", "0.7"});
    INFO(end.err);
    CHECK(matches(end.err, "workers \\d+, 429s \\d+\\.\\d %, "));
}
