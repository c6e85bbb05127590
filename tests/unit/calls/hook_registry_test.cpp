#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "common/process/spawn.hpp"
#include "machines/calls/hooks_registry.hpp"
#include "machines/calls/metrics_hooks.hpp"
#include "machines/expression/print.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_clock.hpp"
#include "tests/unit/calls/hook_http_server.hpp"

namespace {

using namespace fleet;
using calls::CallScope;
using calls::StandardHooks;
using Catch::Matchers::Contains;
using expression::from_json;
using expression::to_json;
using expression::Value;
using test_support::read_file;
using test_support::TemporaryFolder;
using test_support::write_file;

CallScope scope_of(const std::string& state) {
    CallScope scope;
    scope.execution_id = "e-1";
    scope.machine_name = "m";
    scope.state = state;
    return scope;
}

/// A hook that answers with its own process's id, what it was told about itself, and its mark.
constexpr const char* kWho = R"PY(
import json, os, sys
hello = json.loads(sys.stdin.readline())
print(json.dumps({"hello": {"version": 1, "methods": ["on_action"]}}), flush=True)
for line in sys.stdin:
    call = json.loads(line)
    print(json.dumps({"id": call["id"], "result": {
        "pid": os.getpid(), "hello": hello, "folder": os.path.basename(os.getcwd()),
        "environment": {name: os.environ.get(name) for name in
                        ("MODE", "FLEET_PROCESS_MARK", "FLEET_STORE", "FLEET_ITEM")}}}), flush=True)
)PY";

struct Fixture {
    Fixture() {
        write_file(folder / "who.py", kWho);
        write_file(folder / "fleet.yml",
                   "hooks: {who: {command: [python3, who.py], env: {MODE: a}}}\n");
        std::filesystem::create_directory(folder / "machine");
        write_file(folder / "machine/who.py", kWho);
        write_file(folder / "machine/hooks.yml",
                   "hooks: {who: {command: [python3, who.py], env: {MODE: b}},\n"
                   "        mine: {command: [python3, who.py]}}\n");
        calls::HooksHost host{.environment = process::own_environment(),
                              .store_url = "sqlite:///x.db",
                              .process_mark = "mark-1",
                              .log_folder = folder.path()};
        host.environment.emplace_back("FLEET_ITEM=not for hooks");
        host.environment.emplace_back("AUDIT_KEY=k-77");
        registry =
            std::make_unique<StandardHooks>(std::move(host), table("fleet.yml"),
                                            std::map<std::string, calls::HooksMaker>(), clock, log);
    }
    [[nodiscard]] calls::HookTable table(std::string_view file) const {
        return *calls::read_hook_file(folder / file, calls::OtherMembers::allowed).table;
    }
    Value who(calls::HooksRegistry& from, const std::string& name, const Value& args) const {
        return calls::make_known_hooks(from, name, args)
            ->on_action(scope_of("s"), "who", from_json("{}"));
    }
    /// The message of a ConfigError.
    std::string refusal(const std::string& name, const std::string& args) const {
        try {
            (void)calls::make_known_hooks(*registry, name, from_json(args));
        } catch (const base::ConfigError& error) {
            return error.full_text();
        }
        return {};
    }

    TemporaryFolder folder;
    test_support::TestClock clock;
    std::string log_file = (folder / "log.txt").string();
    base::Log log{"worker", base::LogLevel::info, log_file};
    std::unique_ptr<StandardHooks> registry;
};

}  // namespace

TEST_CASE("a command of the table is started once for the same arguments, with its environment") {
    const Fixture f;
    const Value first = f.who(*f.registry, "who", from_json(R"({"x": 1})"));
    CHECK(to_json(*first.find("hello")) ==
          R"({"id":1,"method":"hello","version":1,"name":"who","args":{"x":1}})");
    CHECK(to_json(*first.find("environment")) ==
          R"({"MODE":"a","FLEET_PROCESS_MARK":"mark-1","FLEET_STORE":"sqlite:///x.db",)"
          R"("FLEET_ITEM":null})");
    CHECK(to_json(*f.who(*f.registry, "who", from_json(R"({"x": 1})")).find("pid")) ==
          to_json(*first.find("pid")));
    CHECK(to_json(*f.who(*f.registry, "who", from_json(R"({"x": 2})")).find("pid")) !=
          to_json(*first.find("pid")));
}

TEST_CASE("a table beside a machine wins over the fleet's, and adds to it") {
    const Fixture f;
    const auto beside = f.registry->beside(f.table("machine/hooks.yml"));
    const Value who = f.who(*beside, "who", {});
    CHECK(who.find("folder")->as_string() == "machine");
    CHECK(who.find("environment")->find("MODE")->as_string() == "b");
    CHECK(f.who(*beside, "mine", {}).is_dict());
    CHECK(f.who(*f.registry, "who", {}).find("folder")->as_string() != "machine");
    CHECK(f.registry->names() == std::vector<std::string>{"logging", "metrics", "webhook", "who"});
    CHECK(beside->names() ==
          std::vector<std::string>{"logging", "metrics", "mine", "webhook", "who"});
}

TEST_CASE("names and arguments that there are not are refused with the nearest") {
    const Fixture f;
    CHECK_THAT(f.refusal("loging", "{}"),
               Contains("there are no hooks `loging`") && Contains("did you mean `logging`?"));
    CHECK_THAT(f.refusal("logging", R"({"levl": "info"})"), Contains("did you mean `level`?"));
    CHECK_THAT(f.refusal("logging", R"({"level": "loud"})"), Contains("`level` cannot be `loud`"));
    CHECK_THAT(f.refusal("metrics", R"({"x": 1})"), Contains("it takes none"));
    CHECK_THAT(f.refusal("webhook", "{}"), Contains("it has no `url`"));
    CHECK_THAT(f.refusal("webhook", R"({"url": "http://x", "timeout": 0})"),
               Contains("`timeout` is no number of seconds"));
    CHECK_THAT(f.refusal("webhook", R"({"url": "ftp://x"})"), Contains("http:// or https://"));
    CHECK_THAT(f.refusal("webhook", R"({"url": "http://x", "api_key": "k-1"})"),
               Contains("api_key_env") && !Contains("k-1"));
    CHECK_THAT(f.refusal("webhook", R"({"url": "http://x", "api_key_env": "NO_SUCH_KEY"})"),
               Contains("the variable NO_SUCH_KEY for its key is not set"));
    CHECK_THAT(f.refusal("webhook", R"({"url": "http://x", "api_key_file": "/no/such"})"),
               Contains("there is no file /no/such"));
    CHECK(f.registry->make("who", {}) != nullptr);
    CHECK(f.registry->make("nobody", {}) == nullptr);
}

TEST_CASE("a webhook's key comes from the environment or a file") {
    const Fixture f;
    const hook_test::HttpServer server(
        [](const hook_test::HttpRequest&) { return hook_test::http_answer(204, ""); });
    write_file(f.folder / "key", "k-from-file\n");
    const auto send = [&](const std::string& key) {
        const auto hooks = calls::make_known_hooks(
            *f.registry, "webhook", from_json(R"({"endpoint": ")" + server.url() + "\", " + key));
        (void)hooks->on_machine_start(scope_of(""), from_json("{}"));
        return server.requests().back().head;
    };
    CHECK_THAT(send(R"("api_key_env": "AUDIT_KEY"})"), Contains("Authorization: Bearer k-77"));
    CHECK_THAT(send(R"("api_key_file": ")" + (f.folder / "key").string() + "\"}"),
               Contains("Authorization: Bearer k-from-file\r\n"));
}

TEST_CASE("hooks that whoever makes the registry adds are found by their names") {
    base::SystemClock clock;
    base::Log log("test", base::LogLevel::off);
    std::map<std::string, calls::HooksMaker> more;
    more["distributed-worker"] = [&](const Value&) {
        return std::make_unique<calls::MetricsHooks>(clock);
    };
    StandardHooks registry({}, {}, std::move(more), clock, log);
    CHECK(registry.make("distributed-worker", {}) != nullptr);
    CHECK(registry.names().front() == "distributed-worker");
}

TEST_CASE("commands are ended at the same time") {
    // At the end of its stdin each waits for the other's end to begin: one after another, the first
    // would be ended by a signal.
    constexpr const char* kPair = R"PY(
import json, os, sys, time
name, other = sys.argv[1], sys.argv[2]
sys.stdin.readline()
print(json.dumps({"hello": {"version": 1, "methods": ["on_action"]}}), flush=True)
for line in sys.stdin:
    print(json.dumps({"id": json.loads(line)["id"], "result": {}}), flush=True)
open(name + ".ending", "w").close()
while not os.path.exists(other + ".ending"):
    time.sleep(0.01)
open(name + ".ended", "w").close()
)PY";
    const Fixture f;
    write_file(f.folder / "pair.py", kPair);
    write_file(f.folder / "pair.yml",
               "hooks: {one: {command: [python3, pair.py, one, two]},\n"
               "        two: {command: [python3, pair.py, two, one]}}\n");
    const auto beside = f.registry->beside(f.table("pair.yml"));
    for (const char* const name : {"one", "two"}) {
        (void)beside->make(name, {})->on_action(scope_of("a"), "x", from_json("{}"));
    }
    f.registry->end_unused();
    CHECK(std::filesystem::exists(f.folder / "one.ended"));
    CHECK(std::filesystem::exists(f.folder / "two.ended"));
    // They are started again for the next call.
    std::filesystem::remove(f.folder / "one.ended");
    (void)beside->make("one", {})->on_action(scope_of("a"), "x", from_json("{}"));
    f.registry->end_unused();
    CHECK(std::filesystem::exists(f.folder / "one.ended"));
}

TEST_CASE("logging writes a line for everything that happens, without contexts") {
    const Fixture f;
    const auto hooks = calls::make_known_hooks(*f.registry, "logging", {});
    const auto context = from_json(R"({"secret": "s3cret"})");
    (void)hooks->on_machine_start(scope_of(""), context);
    (void)hooks->on_state_enter(scope_of("a"), context);
    (void)hooks->on_action(scope_of("a"), "count", context);
    CHECK(hooks->on_error(scope_of("a"), "ValueError", "too small", context) == std::nullopt);
    CHECK(hooks->on_transition(scope_of("a"), "b", context) == "b");
    (void)hooks->on_machine_end(scope_of(""), context, context);
    const std::string text = read_file(f.log_file);
    for (const char* part : {"machine starts execution=e-1 machine=m\n", "state entered",
                             "action=count\n", "ValueError: too small", "to=b\n", "machine ends"}) {
        CHECK_THAT(text, Contains(part));
    }
    CHECK_THAT(text, !Contains("s3cret"));
}

TEST_CASE("metrics count states and their time, and leave one line in the attempt's log") {
    const TemporaryFolder folder;
    test_support::TestClock clock;
    calls::MetricsHooks hooks(clock);
    auto scope = scope_of("a");
    scope.log_path = (folder / "log.txt").string();
    const auto context = from_json("{}");
    for (int i = 0; i < 2; ++i) {
        (void)hooks.on_state_enter(scope, context);
        (void)hooks.on_action(scope, "count", context);
        clock.advance(base::Millis{40});
        (void)hooks.on_state_exit(scope, context, {});
        (void)hooks.on_transition(scope, "a", context);
    }
    CHECK(hooks.on_error(scope, "E", "x", context) == std::nullopt);
    CHECK(hooks.metrics().states.at("a").entered == 2);
    CHECK(hooks.metrics().states.at("a").duration == base::Millis{80});
    (void)hooks.on_machine_end(scope, context, {});
    CHECK(read_file(scope.log_path) ==
          R"({"metrics":{"execution_id":"e-1","machine":"m","states":{"a":{"entered":2,)"
          R"("errors":1,"duration_ms":80}},"transitions":{"a->a":2},"actions":{"count":2}}})"
          "\n");
}
