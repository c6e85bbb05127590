// The Python module, as a user's program meets it.
#include <future>

#include <catch2/catch.hpp>

#include "common/process/spawn.hpp"
#include "machines/calls/hook_process.hpp"
#include "machines/expression/print.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"

namespace {

using namespace fleet;
using calls::CallError;
using calls::CallScope;
using Catch::Matchers::Contains;
using expression::from_json;
using expression::to_json;
using expression::Value;

struct PythonHook {
    explicit PythonHook(const std::string& program) {
        test_support::write_file(folder / "hook.py", program);
        auto environment = process::own_environment();
        std::erase_if(environment,
                      [](const std::string& one) { return one.starts_with("PYTHONPATH="); });
        environment.push_back("PYTHONPATH=" +
                              (test_support::source_dir() / "machines/hooks/python").string());
        hooks = calls::make_peer_hooks(std::make_shared<calls::HookProcess>(
            calls::HookCommand{.name = "python",
                               .argv = {"python3", "hook.py"},
                               .directory = folder.path().string(),
                               .environment = std::move(environment),
                               .concurrent = {},
                               .stderr_path = (folder / "stderr.txt").string()},
            Value(), clock, log));
        scope.execution_id = "e-1";
        scope.machine_name = "m";
        scope.state = "here";
    }
    Value act(const std::string& action, const std::string& context = "{}") const {
        return hooks->on_action(scope, action, from_json(context));
    }

    test_support::TemporaryFolder folder;
    base::SystemClock clock;
    base::Log log{"test", base::LogLevel::off};
    std::unique_ptr<calls::Hooks> hooks;
    CallScope scope;
};

std::string failure_of(const PythonHook& hook, const std::string& action) {
    try {
        (void)hook.act(action);
    } catch (const CallError& error) {
        return error.type() + ": " + error.what();
    }
    return "no failure";
}

}  // namespace

TEST_CASE("Python: every method of a class is called with its arguments") {
    const PythonHook hook(R"PY(
from flatfleet_hooks import serve

class All:
    def on_machine_start(self, context): return {**context, "started": True}
    def on_machine_end(self, context, output): return [context, output]
    def on_state_enter(self, state, context): context["entered"] = state
    def on_state_exit(self, state, context, output): return {"state": state, "was": output}
    def on_transition(self, from_state, to_state, context): return from_state + to_state
    def on_error(self, state, error, context): return f"{state} {error.type} {error}"
    def on_action(self, action, context): return {"action": action, **context}
    def on_tool_calls(self, state, tool_calls, context): return {"calls": tool_calls}
    def on_tool_result(self, state, tool_result, context): return tool_result

serve(All())
)PY");
    auto& hooks = *hook.hooks;
    const auto context = from_json(R"({"a":"\u00e9\ud83d\ude00"})");
    CHECK(to_json(hooks.on_machine_start(hook.scope, context)) ==
          "{\"a\":\"\u00e9\U0001F600\",\"started\":true}");
    CHECK(to_json(hooks.on_machine_end(hook.scope, from_json("{}"), from_json("1"))) == "[{},1]");
    CHECK(to_json(hooks.on_state_enter(hook.scope, from_json("{}"))) == R"({"entered":"here"})");
    CHECK(to_json(hooks.on_state_exit(hook.scope, context, from_json("null"))) ==
          R"({"state":"here","was":null})");
    CHECK(hooks.on_transition(hook.scope, "there", context) == "herethere");
    CHECK(hooks.on_error(hook.scope, "T", "m", context) == "here T m");
    CHECK(to_json(hook.act("x")) == R"({"action":"x"})");
    const calls::ToolCall call{"t", "n", from_json("{}")};
    CHECK(to_json(hooks.on_tool_calls(hook.scope, {call}, context)) ==
          R"({"calls":[{"id":"t","name":"n","arguments":{}}]})");
    CHECK(to_json(hooks.on_tool_result(hook.scope, call, {"c", false}, context)) ==
          R"({"tool_call_id":"t","name":"n","arguments":{},"content":"c","is_error":false})");
    CHECK(hooks.tools(hook.scope) == nullptr);
}

TEST_CASE("Python: what is printed goes to stderr, and exceptions are errors of their class") {
    const PythonHook hook(R"PY(
import os, subprocess, sys
from flatfleet_hooks import action, current_call, serve

class Custom(Exception):
    pass

@action("print")
def printing(context):
    print("one")
    sys.stdout.write("two\n")
    sys.stdout.flush()
    os.write(1, b"three\n")
    subprocess.run(["echo", "four"], check=True)
    return {"execution": current_call()["execution_id"]}

@action("raise")
def raising(context):
    raise Custom("as it is")

@action("set")
def not_json(context):
    return {"a": {1, 2}}

@action("nan")
def nan(context):
    return {"a": float("nan")}

@action("exit")
def leave(context):
    sys.exit("enough")

serve()
)PY");
    CHECK(to_json(hook.act("print")) == R"({"execution":"e-1"})");
    CHECK(test_support::read_file(hook.folder / "stderr.txt") == "one\ntwo\nthree\nfour\n");
    CHECK(failure_of(hook, "raise") == "Custom: as it is");
    CHECK_THAT(failure_of(hook, "set"), Contains("TypeError: ") && Contains("set"));
    CHECK_THAT(failure_of(hook, "nan"), Contains("ValueError: "));
    CHECK(to_json(hook.act("unknown", R"({"a":1})")) == R"({"a":1})");
    CHECK_THAT(failure_of(hook, "exit"), Contains("HookDied: ") && Contains("enough"));
    CHECK(to_json(hook.act("print")) == R"({"execution":"e-1"})");
}

TEST_CASE("Python: concurrent hooks work on several calls at once") {
    const PythonHook hook(R"PY(
import threading
from flatfleet_hooks import serve

both = threading.Barrier(2, timeout=30)

class Meeting:
    def on_action(self, action, context):
        both.wait()
        return {**context, "met": True}

serve(Meeting(), concurrent=True)
)PY");
    auto first = std::async(std::launch::async, [&] { return to_json(hook.act("a")); });
    CHECK(to_json(hook.act("b")) == R"({"met":true})");
    CHECK(first.get() == R"({"met":true})");
}
