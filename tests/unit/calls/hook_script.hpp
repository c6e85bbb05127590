// A hook command for tests that misbehaves as it is told, without our Python module: what it does
// to the protocol is spelled out here.
#pragma once

#include <memory>
#include <string>

#include "common/base/clock.hpp"
#include "common/base/logging.hpp"
#include "common/process/spawn.hpp"
#include "machines/calls/hook_process.hpp"
#include "machines/expression/print.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fleet::hook_test {

inline constexpr const char* kScript = R"PY(
import json, os, select, signal, subprocess, sys

def say(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()

def touch(name):
    open(name, "w").close()

mode = sys.argv[1] if len(sys.argv) > 1 else ""
if mode == "exits":
    sys.stderr.write("no licence\n")
    sys.exit(3)
if mode == "silent":
    signal.pause()
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
hello = json.loads(sys.stdin.readline())
assert hello["id"] == 1 and hello["method"] == "hello" and hello["version"] == 1, hello
if mode == "banner":
    print("Welcome!", flush=True)
if mode == "refuses":
    say({"id": 1, "error": {"type": "BadArgs", "message": "no such level"}})
    signal.pause()
methods = {"unknown_method": ["on_acton"], "few": ["on_transition"]}.get(mode, [
    "on_machine_start", "on_machine_end", "on_state_exit", "on_transition", "on_error",
    "on_action", "on_tool_calls", "on_tool_result"])
say({"hello": {"version": 2 if mode == "version" else 1, "methods": methods,
               "tools": [{"name": "upper", "description": "in capitals"}],
               "concurrent": mode == "concurrent"}})
held = []
seen = []
for line in sys.stdin:
    call = json.loads(line)
    seen.append(call["method"])
    action = call.get("action", call["method"])
    answer = {"id": call["id"]}
    if action == "echo":
        answer["result"] = {**call["context"], "pid": os.getpid(), "seen": seen,
                            "args": hello["args"]}
    elif action == "hang":
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        with open("pids.tmp", "w") as file:
            file.write("%d %d" % (os.getpid(), child.pid))
        os.rename("pids.tmp", "pids")
        signal.pause()
    elif action == "die":
        sys.stderr.write("out of ideas\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "die half way":
        sys.stdout.write('{"id": %d, "resu' % call["id"])
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "exit":
        sys.exit(4)
    elif action == "rubbish":
        print("loading model...", flush=True)
        signal.pause()
    elif action == "wrong id":
        say({"id": call["id"] + 1000, "result": {}})
        signal.pause()
    elif action == "huge":
        sys.stdout.write("x" * (70 << 20))
        sys.stdout.flush()
        signal.pause()
    elif action == "half a line":
        sys.stdout.write('{"id": ')
        sys.stdout.flush()
        signal.pause()
    elif action == "closes":
        os.close(1)
        signal.pause()
    elif action == "nan":
        answer["result"] = {"x": float("nan")}
    elif action == "list":
        answer["result"] = [1, 2]
    elif action == "error":
        answer["error"] = {"type": "OutOfStock", "message": "no more bolts"}
    elif action == "null":
        answer["result"] = None
    elif action == "large":
        answer["result"] = {"text": "y" * (20 << 20)}
    elif action == "environment":
        answer["result"] = dict(os.environ)
    elif action == "complain":
        sys.stderr.write("about %s\n" % call["context"]["about"])
        sys.stderr.flush()
        answer["result"] = {}
    elif action == "gate":
        touch("entered")
        open("gate").read()
        more = select.select([0], [], [], 0)[0]
        answer["result"] = {"more": bool(more)}
    elif action == "hold":
        held.append(answer)
        touch("held%d" % len(held))
        continue
    elif action == "release":
        for one in reversed(held):
            say({**one, "result": {"order": len(held)}})
        held = []
        answer["result"] = {}
    elif action == "on_transition":
        answer["result"] = call["from"] + " or " + call["to"]
    elif action == "on_error":
        answer["result"] = "rescue" if call["error"]["type"] == "ValueError" else None
    elif action in ("on_machine_end", "on_state_exit"):
        answer["result"] = {"was": call["output"], "state": call["state"]}
    elif action == "on_machine_start":
        answer["result"] = {"execution": call["execution_id"], "machine": call["machine"]}
    elif action == "on_tool_calls":
        answer["result"] = {"tools": [one["name"] for one in call["tool_calls"]]}
    elif action == "on_tool_result":
        answer["result"] = {"got": call["tool_result"]}
    elif action == "call_tool":
        answer["result"] = call["tool_call"]["arguments"]["text"].upper()
    say(answer)
touch("ended")
if mode == "stubborn":
    while True:
        signal.pause()
)PY";

/// The script in a folder of its own, which is also its working directory.
struct ScriptedHook {
    explicit ScriptedHook(const std::string& mode = {},
                          base::Millis timeout = std::chrono::seconds(30)) {
        test_support::write_file(folder / "hook.py", kScript);
        calls::HookCommand command{.name = "scripted",
                                   .argv = {"python3", "hook.py", mode},
                                   .directory = folder.path().string(),
                                   .environment = process::own_environment(),
                                   .timeout = timeout,
                                   .concurrent = {},
                                   .stderr_path = (folder / "hook.stderr.txt").string()};
        command.grace = grace;
        if (mode == "silent") {
            command.start_timeout = timeout;
        }
        peer = std::make_shared<calls::HookProcess>(std::move(command), args, clock, log);
        hooks = calls::make_peer_hooks(peer);
    }

    [[nodiscard]] static calls::CallScope scope() {
        calls::CallScope scope;
        scope.execution_id = "e-1";
        scope.machine_name = "m";
        scope.state = "here";
        return scope;
    }
    expression::Value act(const std::string& action, const std::string& context = "{}") const {
        return hooks->on_action(scope(), action, expression::from_json(context));
    }
    [[nodiscard]] std::int64_t pid() const { return act("echo").find("pid")->as_integer(); }
    void end() {
        hooks.reset();
        peer.reset();
    }

    const test_support::TemporaryFolder folder;
    const base::SystemClock clock;
    base::Log log{"test", base::LogLevel::off};
    const base::Millis grace{300};
    const expression::Value args = expression::from_json(R"({"level": 3})");
    std::shared_ptr<calls::HookPeer> peer;
    std::unique_ptr<calls::Hooks> hooks;
};

}  // namespace fleet::hook_test
