#include "machines/calls/hook_process.hpp"

#include <csignal>
#include <fstream>
#include <future>
#include <thread>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "common/base/errors.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/calls/hook_script.hpp"

namespace {

using namespace fleet;
using namespace fleet::hook_test;
using calls::CallError;
using calls::CallScope;
using Catch::Matchers::Contains;
using expression::from_json;
using expression::to_json;
using test_support::read_file;
using test_support::wait_until;

struct Failed {
    std::string type;
    std::string message;
};

template <typename Call>
Failed failed(Call&& call) {
    try {
        call();
    } catch (const CallError& error) {
        return {error.type(), error.what()};
    }
    FAIL("the call did not fail");
    return {};
}

Failed failed_action(const ScriptedHook& hook, const std::string& action) {
    return failed([&] { (void)hook.act(action); });
}

bool exists(const ScriptedHook& hook, std::string_view name) {
    return std::filesystem::exists(hook.folder / name);
}

bool is_gone(pid_t pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(stat, text);
    return text.empty() || text.find(") Z ") != std::string::npos;
}

TEST_CASE("a hook command answers every method that its hello names") {
    ScriptedHook hook;
    const CallScope scope = ScriptedHook::scope();
    auto& hooks = *hook.hooks;
    CHECK(to_json(hooks.on_machine_start(scope, from_json("{}"))) ==
          R"({"execution":"e-1","machine":"m"})");
    CHECK(hooks.on_transition(scope, "there", from_json("{}")) == "here or there");
    CHECK(hooks.on_error(scope, "ValueError", "x", from_json("{}")) == "rescue");
    CHECK(hooks.on_error(scope, "Other", "x", from_json("{}")) == std::nullopt);
    CHECK(to_json(hooks.on_state_exit(scope, from_json("{}"), from_json("[1]"))) ==
          R"({"was":[1],"state":"here"})");
    CHECK(to_json(hooks.on_machine_end(scope, from_json("{}"), from_json("{}"))) ==
          R"({"was":{},"state":"here"})");
    const calls::ToolCall call{"t1", "upper", from_json(R"({"text": "abc"})")};
    CHECK(to_json(hooks.on_tool_calls(scope, {call}, from_json("{}"))) == R"({"tools":["upper"]})");
    CHECK_THAT(to_json(hooks.on_tool_result(scope, call, {"done", true}, from_json("{}"))),
               Contains(R"("tool_call_id":"t1")") && Contains(R"("is_error":true)"));

    calls::ToolProvider* const tools = hooks.tools(scope);
    REQUIRE(tools != nullptr);
    CHECK(tools->tools().at(0).name == "upper");
    CHECK(tools->call(scope, call, base::Millis{0}).content == "ABC");

    // on_state_enter is not among its methods: the context stays, and nothing is sent.
    CHECK(to_json(hooks.on_state_enter(scope, from_json(R"({"a":1})"))) == R"({"a":1})");
    CHECK_FALSE(hooks.leaves_process("on_state_enter"));
    CHECK(hooks.leaves_process("on_action"));
    const auto seen = hook.act("echo", R"({"kept": [1.5, "\u00e9"]})");
    CHECK(to_json(*seen.find("seen")).find("on_state_enter") == std::string::npos);
    CHECK(to_json(*seen.find("kept")) == "[1.5,\"\u00e9\"]");
    CHECK(to_json(*seen.find("args")) == R"({"level":3})");
}

TEST_CASE("one process answers all calls, and a result of null leaves the context alone") {
    const ScriptedHook hook;
    const auto pid = hook.pid();
    CHECK(hook.pid() == pid);
    CHECK(to_json(hook.act("null", R"({"a":1})")) == R"({"a":1})");
}

TEST_CASE("what a hook does wrong is an error of its call, and the next call starts it anew") {
    struct Row {
        const char* action;
        const char* type;
        std::vector<const char*> parts;
    };
    const std::vector<Row> rows{
        {"die", "HookDied", {"on_action", "signal 9", "out of ideas"}},
        {"die half way", "HookProtocolError", {"signal 9", "in the middle of a line", "resu"}},
        {"exit", "HookDied", {"exited with code 4", "nothing on stderr"}},
        {"rubbish", "HookProtocolError", {"not JSON", "loading model..."}},
        {"wrong id", "HookProtocolError", {"which it was not sent"}},
        {"huge", "HookProtocolError", {"more than the 67108864 bytes", "xxxxx..."}},
        {"closes", "HookProtocolError", {"closed its standard output"}},
        {"nan", "HookProtocolError", {"not JSON", "NaN"}},
    };
    const ScriptedHook hook;
    for (const Row& row : rows) {
        const auto pid = hook.pid();
        const Failed failure = failed_action(hook, row.action);
        INFO(row.action << ": " << failure.message);
        CHECK(failure.type == row.type);
        CHECK_THAT(failure.message, Contains("hook \"scripted\""));
        for (const char* part : row.parts) {
            CHECK_THAT(failure.message, Contains(part));
        }
        CHECK(is_gone(static_cast<pid_t>(pid)));
        CHECK(hook.pid() != pid);
    }
}

TEST_CASE("errors that a hook answers keep their type, and it goes on") {
    const ScriptedHook hook;
    const auto pid = hook.pid();
    const Failed failure = failed_action(hook, "error");
    CHECK(failure.type == "OutOfStock");
    CHECK(failure.message == "no more bolts");
    CHECK(failed_action(hook, "list").type == "HookProtocolError");
    CHECK(hook.pid() == pid);
}

TEST_CASE("a hook that hangs is killed with its group when the time is over") {
    const ScriptedHook hook({}, base::Millis{2'000});
    const Failed failure = failed_action(hook, "hang");
    CHECK(failure.type == "TimeoutError");
    CHECK_THAT(failure.message, Contains("hook \"scripted\", on_action: no answer within 2"));
    std::ifstream file(hook.folder / "pids");
    pid_t leader = 0;
    pid_t child = 0;
    file >> leader >> child;
    REQUIRE(child > 0);
    CHECK(wait_until([&] { return is_gone(leader) && is_gone(child); }));

    const Failed half = failed_action(hook, "half a line");
    CHECK(half.type == "TimeoutError");
    CHECK_THAT(half.message, Contains("it had begun a line: \"{\"id\": \""));
}

TEST_CASE("a stop request ends the call and the process that works on it") {
    const ScriptedHook hook;
    std::stop_source stop;
    CallScope scope = ScriptedHook::scope();
    scope.stop = stop.get_token();
    auto call = std::async(std::launch::async,
                           [&] { return hook.hooks->on_action(scope, "hang", from_json("{}")); });
    REQUIRE(wait_until([&] { return exists(hook, "pids"); }));
    stop.request_stop();
    CHECK_THROWS_AS(call.get(), base::Cancelled);
    std::ifstream file(hook.folder / "pids");
    pid_t leader = 0;
    pid_t child = 0;
    file >> leader >> child;
    REQUIRE(child > 0);
    CHECK(wait_until([&] { return is_gone(leader) && is_gone(child); }));
    CHECK_THROWS_AS(hook.hooks->on_action(scope, "echo", from_json("{}")), base::Cancelled);
    CHECK(hook.pid() != leader);
}

TEST_CASE("concurrent calls are answered in any order; a stopped one leaves the others alone") {
    const ScriptedHook hook("concurrent");
    const auto pid = hook.pid();
    const auto hold = [&](const std::stop_token& stop) {
        CallScope scope = ScriptedHook::scope();
        scope.stop = stop;
        return to_json(hook.hooks->on_action(scope, "hold", from_json("{}")));
    };
    std::stop_source stop;
    auto first = std::async(std::launch::async, hold, std::stop_token());
    REQUIRE(wait_until([&] { return exists(hook, "held1"); }));
    auto second = std::async(std::launch::async, hold, std::stop_token());
    REQUIRE(wait_until([&] { return exists(hook, "held2"); }));
    auto third = std::async(std::launch::async, hold, stop.get_token());
    REQUIRE(wait_until([&] { return exists(hook, "held3"); }));
    stop.request_stop();
    CHECK_THROWS_AS(third.get(), base::Cancelled);
    (void)hook.act("release");
    CHECK(first.get() == R"({"order":3})");
    CHECK(second.get() == R"({"order":3})");
    CHECK(hook.pid() == pid);
}

TEST_CASE("a concurrent hook that dies fails all calls in flight") {
    const ScriptedHook hook("concurrent");
    auto held = std::async(std::launch::async, [&] { return failed_action(hook, "hold").type; });
    REQUIRE(wait_until([&] { return exists(hook, "held1"); }));
    CHECK(failed_action(hook, "die").type == "HookDied");
    CHECK(held.get() == "HookDied");
}

TEST_CASE("a hook that is not concurrent gets one request at a time") {
    const ScriptedHook hook;
    REQUIRE(::mkfifo((hook.folder / "gate").c_str(), S_IRUSR | S_IWUSR) == 0);
    auto first = std::async(std::launch::async, [&] { return to_json(hook.act("gate")); });
    REQUIRE(wait_until([&] { return exists(hook, "entered"); }));
    std::promise<void> begun;
    auto second = std::async(std::launch::async, [&] {
        begun.set_value();
        return to_json(hook.act("null", R"({"second":true})"));
    });
    begun.get_future().wait();
    std::ofstream(hook.folder / "gate") << "open";
    CHECK(first.get() == R"({"more":false})");
    CHECK(second.get() == R"({"second":true})");
}

TEST_CASE("a hook that fails at its start says why, and a loop of crashes waits longer") {
    const ScriptedHook exits("exits");
    const Failed first = failed_action(exits, "echo");
    CHECK(first.type == "HookDied");
    CHECK_THAT(first.message, Contains("exited with code 3") && Contains("no licence"));
    CHECK_THAT(first.message, !Contains("in a row"));
    (void)failed_action(exits, "echo");
    CHECK_THAT(failed_action(exits, "echo").message,
               Contains("it failed 3 times in a row, the next start waits 200ms"));

    CHECK_THAT(failed_action(ScriptedHook("banner"), "echo").message,
               Contains("not JSON") && Contains("Welcome!"));
    CHECK_THAT(failed_action(ScriptedHook("version"), "echo").message,
               Contains("speaks version 2"));
    CHECK_THAT(failed_action(ScriptedHook("unknown_method"), "echo").message,
               Contains("`on_acton`") && Contains("did you mean `on_action`?"));
    const Failed refused = failed_action(ScriptedHook("refuses"), "echo");
    CHECK(refused.type == "BadArgs");
    CHECK_THAT(refused.message, Contains("no such level"));
    const Failed silent = failed_action(ScriptedHook("silent", base::Millis{200}), "echo");
    CHECK(silent.type == "TimeoutError");
    CHECK_THAT(silent.message, Contains("did not say hello within 200ms"));
}

TEST_CASE("a program that is not there is an error that names it") {
    const base::SystemClock clock;
    base::Log log("test", base::LogLevel::off);
    const auto hooks = calls::make_peer_hooks(
        std::make_shared<calls::HookProcess>(calls::HookCommand{.name = "lost",
                                                                .argv = {"./no-such-hook"},
                                                                .directory = "/",
                                                                .environment = {},
                                                                .concurrent = {},
                                                                .stderr_path = {}},
                                             expression::Value(), clock, log));
    const Failed failure =
        failed([&] { (void)hooks->on_action(ScriptedHook::scope(), "a", from_json("{}")); });
    CHECK(failure.type == "HookStartError");
    CHECK_THAT(failure.message, Contains("hook \"lost\"") && Contains("./no-such-hook"));
}

TEST_CASE("stderr goes to the log of the call, and between calls to the hook's own") {
    const ScriptedHook hook;
    CallScope scope = ScriptedHook::scope();
    scope.log_path = (hook.folder / "attempt.stderr.txt").string();
    test_support::write_file(scope.log_path, "before\n");
    (void)hook.hooks->on_action(scope, "complain", from_json(R"({"about": "noise"})"));
    CHECK(read_file(scope.log_path) == "before\nabout noise\n");
    (void)hook.act("complain", R"({"about": "dust"})");
    CHECK(read_file(hook.folder / "hook.stderr.txt") == "about dust\n");
    CHECK(read_file(scope.log_path) == "before\nabout noise\n");
}

TEST_CASE("large requests and answers pass") {
    const ScriptedHook hook;
    CHECK(hook.act("large").find("text")->as_string().size() == std::size_t{20} << 20U);
    const std::string text(std::size_t{5} << 20U, 'z');
    const auto answer = hook.act("echo", R"({"text": ")" + text + "\"}");
    CHECK(answer.find("text")->as_string() == text);
}

TEST_CASE("a request that is no JSON fails before it is sent") {
    const ScriptedHook hook;
    expression::Dict context;
    context.set("x", expression::Value::floating(std::numeric_limits<double>::quiet_NaN()));
    const Failed failure = failed([&] {
        (void)hook.hooks->on_action(ScriptedHook::scope(), "echo",
                                    expression::Value::dict(std::move(context)));
    });
    CHECK(failure.type == "HookRequestError");
}

TEST_CASE("a hook ends with its owner: politely, or killed") {
    ScriptedHook polite;
    const auto pid = static_cast<pid_t>(polite.pid());
    polite.end();
    CHECK(is_gone(pid));
    CHECK(exists(polite, "ended"));

    ScriptedHook stubborn("stubborn");
    const auto stubborn_pid = static_cast<pid_t>(stubborn.pid());
    stubborn.end();
    CHECK(is_gone(stubborn_pid));
    CHECK(exists(stubborn, "ended"));
}

TEST_CASE("a hook that is killed between calls is started again without an error") {
    const ScriptedHook hook;
    const auto pid = static_cast<pid_t>(hook.pid());
    REQUIRE(::kill(pid, SIGKILL) == 0);
    REQUIRE(wait_until([&] { return is_gone(pid); }));
    CHECK(hook.pid() != pid);
}

}  // namespace
