// Agents that are programs: real processes.
#include <csignal>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/agents/agent_bench.hpp"

namespace {

using namespace fleet;
using namespace fleet::agents_test;
using Catch::Matchers::Contains;
using expression::to_json;

std::string shell(const std::string& script, const std::string& more = {}) {
    return "argv: [sh, -c, '" + script + "']\n" + more;
}

}  // namespace

TEST_CASE("a command gets its input as JSON and its object is the output") {
    Bench bench;
    const auto agent = bench.adapter("command", shell("printf \"{\\\"got\\\": %s}\" \"$(cat)\""));
    const auto result = agent->call({}, saying("hello"));
    REQUIRE_FALSE(result.error);
    CHECK(to_json(result.output) ==
          R"({"got":{"agent":"writer","input":{"word":"hello"},"session_id":null}})");
    CHECK(result.finish_reason == "stop");
    CHECK(to_json(result.usage) == R"({"api_calls":1})");
    CHECK_FALSE(agent->has_tool_loop());
}

TEST_CASE("a command as a profile gets the prompt as text and answers with text") {
    Bench bench;
    const auto agent = bench.agent(R"(spec: flatagent
spec_version: "4.2.1"
data:
  prompt: {system: Be good., user: "Say {{ input.word }}"}
  profile: {type: command, argv: [tr, a-z, A-Z], input: text, output: text}
)");
    const auto result = agent->call({}, saying("hello"));
    REQUIRE_FALSE(result.error);
    CHECK(result.content == "BE GOOD.\n\nSAY HELLO");
    CHECK(result.rendered_user_prompt == "Say hello");
}

TEST_CASE("a command may answer with a whole result") {
    Bench bench;
    const test_support::TemporaryFolder folder;
    const auto file = folder.path() / "answer.json";
    std::ofstream(file) << R"({"content": "hm", "usage": {"api_calls": 3}, "cost": 0.5,
        "tool_calls": [{"id": "1", "name": "look", "arguments": {"q": 1}}]})";
    const auto agent =
        bench.adapter("command", "argv: [cat, " + file.string() + "]\noutput: result\n");
    const auto result = agent->call({}, saying("x"));
    REQUIRE_FALSE(result.error);
    CHECK(result.content == "hm");
    CHECK(result.finish_reason == "tool_use");
    CHECK(to_json(result.tool_calls.at(0).arguments) == R"({"q":1})");
    CHECK(result.usage.find("api_calls")->as_integer() == 3);
    CHECK(agent->has_tool_loop());
    std::ofstream(file) << R"({"error": {"type": "Busy", "message": "later", "retryable": true}})";
    const auto refused = agent->call({}, saying("x"));
    REQUIRE(refused.error);
    CHECK(refused.error->type == "Busy");
    CHECK(refused.error->retryable);
}

TEST_CASE("a command that fails says how, and 75 means later") {
    Bench bench;
    const auto error_of = [&](const std::string& config) {
        const auto result = bench.adapter("command", config)->call({}, saying("x"));
        REQUIRE(result.error);
        CHECK(result.finish_reason == "error");
        return *result.error;
    };
    const auto failed = error_of(shell("echo first >&2; echo no paper >&2; exit 3"));
    CHECK(failed.type == "CommandError");
    CHECK_FALSE(failed.retryable);
    CHECK_THAT(failed.message, Contains("the agent writer: sh ended with exit code 3: no paper"));
    CHECK(error_of(shell("exit 75")).retryable);
    CHECK_THAT(error_of(shell("kill -9 $$")).message, Contains("was ended by signal 9"));
    CHECK_THAT(error_of("argv: [no-such-program-here]").message, Contains("no-such-program-here"));
    CHECK(error_of(shell("echo {half")).type == "OutputError");
    CHECK(error_of(shell("echo [1]")).type == "OutputError");
    const auto late = error_of(shell("sleep 600", "timeout: 0.1\n"));
    CHECK(late.type == "TimeoutError");
    CHECK(late.retryable);
    CHECK_THAT(late.message, Contains("killed after 100ms"));
    CHECK_THAT(error_of(shell("yes", "output: text\n")).message, Contains("wrote more than the"));
}

TEST_CASE("a stopped command is killed with all that it started") {
    const test_support::TemporaryFolder folder;
    const auto file = folder.path() / "pid";
    Bench bench;
    const auto agent =
        bench.adapter("command", shell("sleep 600 & echo $! > " + file.string() + ".part; mv " +
                                       file.string() + ".part " + file.string() + "; wait"));
    std::stop_source stop;
    calls::CallScope scope;
    scope.stop = stop.get_token();
    std::jthread stopper([&] {
        (void)test_support::wait_until([&] { return std::filesystem::exists(file); });
        stop.request_stop();
    });
    CHECK_THROWS_AS(agent->call(scope, saying("x")), base::Cancelled);
    pid_t grandchild = 0;
    std::ifstream(file) >> grandchild;
    REQUIRE(grandchild > 0);
    CHECK(test_support::wait_until([&] {
        std::ifstream status("/proc/" + std::to_string(grandchild) + "/stat");
        std::string line;
        return !std::getline(status, line) || line.find(") Z ") != std::string::npos;
    }));
}

TEST_CASE("a command sees its own variables and no keys of providers") {
    Bench bench;
    const auto result =
        bench
            .adapter("command",
                     "argv: [env]\noutput: text\nenv: {COLOUR: blue, PATH: /usr/bin:/bin}\n")
            ->call({}, saying("x"));
    REQUIRE(result.content);
    CHECK_THAT(*result.content,
               Contains("COLOUR=blue") && Contains("PATH=/usr/bin:/bin") && !Contains(kKey));
    const auto named =
        bench.adapter("command", "argv: [env]\noutput: text\nkeys: [ACME_API_KEY]\n")
            ->call({}, saying("x"));
    CHECK_THAT(*named.content, Contains(kKey));
}

TEST_CASE("a command's configuration is checked") {
    Bench bench;
    CHECK_THROWS_WITH(bench.adapter("command", "arg: [x]"),
                      Contains("has no `argv`") && Contains("did you mean `argv`?"));
}
