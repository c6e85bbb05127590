#include "machines/calls/hook_protocol.hpp"

#include <cmath>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "machines/expression/print.hpp"
#include "machines/expression/utf8.hpp"

namespace {

using namespace fleet;
using calls::CallError;
using Catch::Matchers::Contains;
using expression::Dict;
using expression::from_json;
using expression::List;
using expression::to_json;
using expression::Value;

std::string any_text() {
    std::string text;
    // Every plane, with the characters that JSON and lines trip over more often.
    for (const auto& choice : *rc::gen::container<std::vector<std::uint32_t>>(
             rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(0, 0x80),
                            rc::gen::element<std::uint32_t>('"', '\\', '\n', '\r', 0, 0x7f, 0x85,
                                                            0x2028, 0xfeff, 0xfffd, 0x1f600),
                            rc::gen::inRange<std::uint32_t>(0xe000, 0x110000)))) {
        expression::utf8_append(text, static_cast<char32_t>(choice));
    }
    return text;
}

Value any_value(int depth) {
    switch (*rc::gen::inRange(0, depth > 0 ? 7 : 5)) {
        case 0:
            return {};
        case 1:
            return Value::boolean(*rc::gen::arbitrary<bool>());
        case 2:
            return Value::integer(*rc::gen::arbitrary<std::int64_t>());
        case 3: {
            const double number = *rc::gen::arbitrary<double>();
            return Value::floating(std::isfinite(number) ? number : 0.5);
        }
        case 4:
            return Value::string(any_text());
        case 5: {
            List items;
            for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
                items.push_back(any_value(depth - 1));
            }
            return Value::list(std::move(items));
        }
        default: {
            Dict members;
            for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
                members.set(std::string_view(any_text()), any_value(depth - 1));
            }
            return Value::dict(std::move(members));
        }
    }
}

std::string error_of(std::string_view line) {
    try {
        (void)calls::parse_answer(line);
    } catch (const CallError& error) {
        CHECK(error.type() == "HookProtocolError");
        return error.what();
    }
    FAIL("was taken: " << line);
    return {};
}

}  // namespace

TEST_CASE("a request is one line of JSON that says what it was made of") {
    CHECK(calls::encode_request({7, "on_action", Value::dict({})}) ==
          "{\"id\":7,\"method\":\"on_action\"}\n");
    REQUIRE(rc::check("requests come back as they were", [] {
        Dict members;
        members.set("context", any_value(4));
        members.set("state", Value::string(any_text()));
        const Value all = Value::dict(members);
        const std::string line = calls::encode_request({42, "on_action", all});
        RC_ASSERT(line.find('\n') == line.size() - 1);
        Value read = from_json(line);
        RC_ASSERT(read.find("id")->as_integer() == 42);
        RC_ASSERT(read.find("method")->as_string() == "on_action");
        read.erase("id");
        read.erase("method");
        RC_ASSERT(to_json(read) == to_json(all));
    }));
}

TEST_CASE("an answer's result and error come as they were written") {
    REQUIRE(rc::check("answers", [] {
        const auto id = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 53U);
        const Value result = any_value(4);
        Dict answer;
        answer.set("id", Value::integer(id));
        answer.set("result", result);
        const auto parsed = calls::parse_answer(to_json(Value::dict(std::move(answer))));
        RC_ASSERT(parsed.id == static_cast<std::uint64_t>(id));
        RC_ASSERT(to_json(std::get<Value>(parsed.outcome)) == to_json(result));
    }));
    REQUIRE(rc::check("errors", [] {
        const std::string type = any_text();
        const std::string message = any_text();
        Dict error;
        error.set("type", Value::string(type));
        error.set("message", Value::string(message));
        Dict answer;
        answer.set("id", Value::integer(3));
        answer.set("error", Value::dict(std::move(error)));
        const auto parsed = calls::parse_answer(to_json(Value::dict(std::move(answer))));
        const auto failure = std::get<calls::HookFailure>(parsed.outcome);
        RC_ASSERT(failure.type == (type.empty() ? "HookError" : type));
        RC_ASSERT(message.empty() || failure.message == message);
    }));
    REQUIRE(rc::check("bytes of any kind are an answer or a protocol error", [] {
        const auto bytes = *rc::gen::container<std::string>(
            rc::gen::oneOf(rc::gen::element('{', '}', '"', ':', ',', '[', ']', '1', 'i', 'd'),
                           rc::gen::arbitrary<char>()));
        try {
            (void)calls::parse_answer(bytes);
        } catch (const CallError& error) {
            RC_ASSERT(error.type() == "HookProtocolError");
            (void)from_json(to_json(Value::string(error.what())));  // valid UTF-8
        }
    }));
}

TEST_CASE("answers that are none are refused with their beginning") {
    CHECK_THAT(error_of("loading..."), Contains("not JSON") && Contains("\"loading...\""));
    CHECK_THAT(error_of(""), Contains("not JSON"));
    CHECK_THAT(error_of("[1]"), Contains("no JSON object"));
    CHECK_THAT(error_of(R"({"result": 1})"), Contains("no `id`"));
    CHECK_THAT(error_of(R"({"id": "1", "result": 1})"), Contains("no whole number"));
    CHECK_THAT(error_of(R"({"id": -1, "result": 1})"), Contains("no whole number"));
    CHECK_THAT(error_of(R"({"id": 1})"), Contains("neither `result` nor `error`"));
    CHECK_THAT(error_of(R"({"id": 1, "result": 1, "error": {"type": "x"}})"),
               Contains("a `result` and an `error`"));
    CHECK_THAT(error_of(R"({"id": 1, "error": "x"})"), Contains("no object {type, message}"));
    CHECK_THAT(error_of(R"({"id": 1, "result": NaN})"), Contains("not JSON"));
    CHECK_THAT(error_of("{\"id\": 1, \"result\": \"\xff\"}"), Contains("not JSON"));
    CHECK_THAT(error_of(R"({"id":1,"result":)" + std::string(100'000, '[')),
               Contains("nested deeper") && Contains("[[[...\" (100017 bytes)"));
    CHECK_THAT(error_of("\x1b[31mred\x07"), Contains("\"?[31mred?\""));
}

TEST_CASE("deep nesting passes up to the limit of values, and numbers without JSON do not") {
    const std::string deep = std::string(400, '[') + std::string(400, ']');
    const auto answer = calls::parse_answer(R"({"id":1,"result":)" + deep + "}");
    CHECK(to_json(std::get<Value>(answer.outcome)) == deep);
    Dict members;
    members.set("x", Value::list({Value::floating(std::nan(""))}));
    CHECK_THROWS_WITH(calls::encode_request({2, "on_action", Value::dict(std::move(members))}),
                      Contains("the request on_action cannot be written as JSON"));
}

TEST_CASE("a hello names methods, tools and whether calls may overlap") {
    const auto hello = calls::parse_hello(
        R"({"hello": {"version": 1, "methods": ["on_error"], "concurrent": true, "tools": [)"
        R"({"name": "a", "parameters": {}}, {"type": "function", "function": {"name": "b"}}]}})");
    CHECK(hello.handles("on_error"));
    CHECK_FALSE(hello.handles("on_action"));
    CHECK(hello.concurrent);
    REQUIRE(hello.tools.size() == 2);
    CHECK(to_json(hello.tools[0].definition) ==
          R"({"type":"function","function":{"name":"a","parameters":{}}})");
    CHECK(to_json(hello.tools[1].definition) == R"({"type":"function","function":{"name":"b"}})");

    const auto refused = [](std::string_view line) {
        try {
            (void)calls::parse_hello(line);
        } catch (const CallError& error) {
            return error.type() + ": " + error.what();
        }
        return std::string();
    };
    CHECK_THAT(refused(R"({"id": 1, "error": {"type": "Bad", "message": "no"}})"),
               Contains("Bad: no"));
    CHECK_THAT(refused(R"({"hello": {"methods": []}})"), Contains("no `version`"));
    CHECK_THAT(refused(R"({"hello": {"version": 1}})"), Contains("no list `methods`"));
    CHECK_THAT(refused(R"({"hello": {"version": 1, "methods": ["on_enter"]}})"),
               Contains("`on_enter`, which there is not"));
    CHECK_THAT(refused(R"({"hello": {"version": 1, "methods": [], "tools": [{}]}})"),
               Contains("a tool in `hello` has no `name`"));
}
