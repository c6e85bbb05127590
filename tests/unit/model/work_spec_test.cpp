#include "common/model/work_spec.hpp"

#include <limits>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "common/base/errors.hpp"
#include "tests/unit/model/generators.hpp"

using namespace fleet::model;
using fleet::base::Millis;
using fleet::base::ProtocolError;

namespace {

WorkSpec any_spec() {
    WorkSpec spec;
    spec.machine = *generators::text();
    spec.argv = *rc::gen::container<std::vector<std::string>>(generators::text());
    spec.directory = *generators::text();
    for (const auto& name : *rc::gen::container<std::vector<std::string>>(generators::text())) {
        spec.environment.emplace_back(name, *generators::text());
    }
    spec.item_on_stdin = *rc::gen::arbitrary<bool>();
    spec.timeout = *generators::optional(generators::millis());
    spec.grace = *generators::millis();
    spec.max_attempts = *rc::gen::arbitrary<int>();
    spec.backoff.initial = *generators::millis();
    spec.backoff.maximum = *generators::millis();
    spec.backoff.factor = *rc::gen::arbitrary<double>();
    spec.backoff.jitter = *rc::gen::arbitrary<double>();
    spec.backoff.steps = *rc::gen::container<std::vector<Millis>>(generators::millis());
    return spec;
}

}  // namespace

TEST_CASE("a work spec's JSON parses back to the same spec and is the same for equal specs") {
    REQUIRE(rc::check("round trip", [] {
        const WorkSpec spec = any_spec();
        const std::string text = to_json_text(spec);
        const WorkSpec again = work_spec_from_json(text);
        RC_ASSERT(again == spec);
        RC_ASSERT(to_json_text(again) == text);
    }));
}

TEST_CASE("a work spec's defaults are written, and read where a member is absent") {
    CHECK(to_json_text(WorkSpec{}) ==
          R"({"machine":"builtin:command","argv":[],"directory":"","environment":[],)"
          R"("item_on_stdin":false,"timeout_ms":null,"grace_ms":30000,"max_attempts":3,)"
          R"("backoff":{"initial_ms":1000,"maximum_ms":60000,"factor":2.0,"jitter":0.2,)"
          R"("steps_ms":[]}})");
    CHECK(work_spec_from_json(R"({"new_member":1})") == WorkSpec{});
}

TEST_CASE("a work spec names a stored configuration only when it has one") {
    WorkSpec spec;
    spec.machine = "flatmachine";
    spec.config = "0123";
    spec.entry = 2;
    const std::string text = to_json_text(spec);
    CHECK(text.starts_with(R"({"machine":"flatmachine","config":"0123","entry":2,"argv":)"));
    CHECK(work_spec_from_json(text) == spec);
    CHECK(to_json_text(WorkSpec{}).find("config") == std::string::npos);
}

TEST_CASE("a work spec with a wrong member is refused and the member named") {
    struct Row {
        std::string json;
        std::string named;
    };
    const std::vector<Row> rows{
        {R"({"argv":"ls"})", "argv"},
        {R"({"argv":[1]})", "argv"},
        {R"({"environment":[["A"]]})", "environment"},
        {R"({"environment":{"A":"B"}})", "environment"},
        {R"({"timeout_ms":"5s"})", "timeout_ms"},
        {R"({"backoff":[]})", "backoff"},
        {R"({"backoff":{"steps_ms":[1.5]}})", "steps_ms"},
        {R"({"backoff":{"factor":"2"}})", "factor"},
        {"null", "not a JSON object"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.json);
        CHECK_THROWS_AS(work_spec_from_json(row.json), ProtocolError);
        CHECK_THROWS_WITH(work_spec_from_json(row.json), Catch::Matchers::Contains(row.named));
    }
}

TEST_CASE("a command that is not UTF-8 is refused instead of changed") {
    WorkSpec spec;
    spec.argv = {"echo", "\xff"};
    CHECK_THROWS_AS(to_json_text(spec), fleet::base::ConfigError);
}

TEST_CASE("a backoff doubles up to its maximum") {
    Backoff backoff;
    backoff.jitter = 0;
    CHECK(backoff.delay(1, 0.5) == Millis{1'000});
    CHECK(backoff.delay(2, 0.5) == Millis{2'000});
    CHECK(backoff.delay(6, 0.5) == Millis{32'000});
    CHECK(backoff.delay(7, 0.5) == Millis{60'000});
    CHECK(backoff.delay(std::numeric_limits<int>::max(), 0.5) == Millis{60'000});
    CHECK(backoff.delay(0, 0.5) == Millis{1'000});
}

TEST_CASE("a backoff's steps replace the doubling and the last one repeats") {
    Backoff backoff;
    backoff.jitter = 0;
    backoff.steps = {Millis{5}, Millis{500'000}};
    CHECK(backoff.delay(1, 0) == Millis{5});
    CHECK(backoff.delay(2, 0) == Millis{500'000});
    CHECK(backoff.delay(9, 0) == Millis{500'000});
}

TEST_CASE("jitter takes away at most its share of a backoff") {
    Backoff backoff;
    CHECK(backoff.delay(1, 0.0) == Millis{800});
    CHECK(backoff.delay(1, 0.5) == Millis{900});
    REQUIRE(rc::check("bounds", [] {
        Backoff any;
        any.initial = Millis{*rc::gen::inRange(0, 100'000)};
        any.maximum = Millis{*rc::gen::inRange(0, 100'000)};
        any.factor = *rc::gen::inRange(0, 500) / 100.0;
        any.jitter = *rc::gen::inRange(0, 101) / 100.0;
        const int failures = *rc::gen::inRange(1, 2'000);
        const double random = *rc::gen::inRange(0, 1'000) / 1'000.0;
        const Millis delay = any.delay(failures, random);
        RC_ASSERT(delay >= Millis::zero());
        RC_ASSERT(delay <= any.maximum);
        Backoff steady = any;
        steady.jitter = 0;
        const double full = static_cast<double>(steady.delay(failures, random).count());
        RC_ASSERT(static_cast<double>(delay.count()) >= full * (1.0 - any.jitter) - 1.0);
        RC_ASSERT(static_cast<double>(delay.count()) <= full + 1.0);
    }));
}
