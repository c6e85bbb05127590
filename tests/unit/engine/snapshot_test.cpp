// Numbers of snapshots: exact, and refused where they cannot be what they stand for.
#include "machines/engine/snapshot.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "common/base/errors.hpp"
#include "machines/expression/kept_json.hpp"
#include "machines/expression/print.hpp"

using namespace fleet;
using expression::Value;

namespace {

/// Also of numbers that JSON does not know.
Value any_number() {
    const double infinity = std::numeric_limits<double>::infinity();
    switch (*rc::gen::inRange(0, 6)) {
        case 0:
            return Value::floating(infinity);
        case 1:
            return Value::floating(-infinity);
        case 2:
            return Value::floating(std::numeric_limits<double>::quiet_NaN());
        case 3:
            return Value::integer(*rc::gen::arbitrary<std::int64_t>());
        default:
            return Value::floating(*rc::gen::arbitrary<double>());
    }
}

Value any_value(int depth) {
    const int kind = *rc::gen::inRange(depth == 0 ? 2 : 0, 5);
    if (kind == 0) {
        expression::List items;
        for (int left = *rc::gen::inRange(0, 4); left > 0; --left) {
            items.push_back(any_value(depth - 1));
        }
        return Value::list(std::move(items));
    }
    if (kind == 1) {
        Value object = Value::dict({});
        for (int left = *rc::gen::inRange(0, 4); left > 0; --left) {
            object.set("k" + std::to_string(left), any_value(depth - 1));
        }
        return object;
    }
    return kind == 2 ? Value::string(*rc::gen::element<std::string>("NaN", "Infinity", "a\"b", ""))
                     : any_number();
}

bool same(const Value& one, const Value& other) {
    if (one.kind() != other.kind()) {
        return false;
    }
    if (one.is(expression::Kind::floating)) {
        const double a = one.as_floating();
        const double b = other.as_floating();
        return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
    }
    if (one.is(expression::Kind::list)) {
        return std::ranges::equal(one.as_list(), other.as_list(), same);
    }
    if (one.is_dict()) {
        return std::ranges::equal(one.as_dict().entries(), other.as_dict().entries(),
                                  [](const auto& a, const auto& b) {
                                      return same(a.first, b.first) && same(a.second, b.second);
                                  });
    }
    return expression::to_json(one) == expression::to_json(other);
}

std::string snapshot_with(const std::string& members) {
    return R"({"execution_id":"e","machine_name":"m","spec_version":"4.2.1","current_state":"s",)"
           R"("event":"execute",)" +
           members + "}";
}

}  // namespace

TEST_CASE("a context's integers of any size survive a snapshot") {
    const std::string digits = "-" + std::string(4000, '7');
    const auto read = engine::snapshot_from_json(
        snapshot_with(R"("step":3,"context":{"n":12345678901234567890,"l":[)" + digits + "]}"));
    const auto again = engine::snapshot_from_json(engine::to_json_text(read));
    CHECK(expression::to_json(again.context) ==
          R"({"n":12345678901234567890,"l":[)" + digits + "]}");
    CHECK(again.step == 3);
}

TEST_CASE("a number of steps is one that a run can reach") {
    for (const char* const step : {"1e30", "-1e300", "100000000000000000000", "\"1\"", "[]"}) {
        CAPTURE(step);
        CHECK_THROWS_AS(engine::snapshot_from_json(
                            snapshot_with(std::string(R"("context":{},"step":)") + step)),
                        base::ProtocolError);
    }
    CHECK(engine::snapshot_from_json(snapshot_with(R"("context":{},"step":7.0)")).step == 7);
}

TEST_CASE("every number of a context survives a snapshot") {
    CHECK(rc::check("contexts, inputs and outputs there and back", [] {
        engine::MachineSnapshot snapshot;
        snapshot.execution_id = "e";
        snapshot.current_state = "s";
        snapshot.context = Value::dict({});
        snapshot.context.set("v", any_value(3));
        snapshot.output = Value::list({any_value(2)});
        snapshot.pending_launches.push_back({"c", "m", snapshot.context, false});
        snapshot.tool_loop_state = Value::list({any_number()});
        const auto again = engine::snapshot_from_json(engine::to_json_text(snapshot));
        RC_ASSERT(same(snapshot.context, again.context));
        RC_ASSERT(same(snapshot.output, again.output));
        RC_ASSERT(same(snapshot.context, again.pending_launches.front().input));
        RC_ASSERT(same(snapshot.tool_loop_state, again.tool_loop_state));
    }));
}

TEST_CASE("numbers that JSON does not know are written as Python's json module does") {
    const auto read = engine::snapshot_from_json(
        snapshot_with(R"("context": {"a": NaN, "b": [Infinity, -Infinity, 1e999]})"));
    CHECK(expression::to_kept_json(read.context) ==
          R"({"a":NaN,"b":[Infinity,-Infinity,Infinity]})");
    for (const char* const wrong : {"nan", "-NaN", "Infinit", "+Infinity", "Infinityy"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(engine::snapshot_from_json(
                            snapshot_with(std::string(R"("context":{"a":)") + wrong + "}")),
                        base::ProtocolError);
    }
    // What others send must be JSON.
    CHECK_THROWS(expression::from_json("NaN"));
    CHECK_THROWS(expression::to_json(read.context));
}
