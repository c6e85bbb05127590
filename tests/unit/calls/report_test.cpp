#include <algorithm>
#include <csignal>
#include <stop_token>
#include <thread>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "machines/calls/builtins.hpp"
#include "machines/calls/command_report.hpp"
#include "machines/calls/environment.hpp"
#include "tests/support/test_clock.hpp"

namespace {

using namespace fleet;
using namespace fleet::calls;
using Catch::Matchers::Contains;
using model::ErrorKind;
using model::FailureClass;

model::Attempt with_logs() {
    model::Attempt attempt;
    attempt.stdout_path = "/logs/x.stdout.txt";
    attempt.stderr_path = "/logs/x.stderr.txt";
    return attempt;
}

EndedCommand ended(std::optional<int> code, std::optional<int> signal, std::string err = "",
                   std::string out = "") {
    EndedCommand command;
    command.status.exit_code = code;
    command.status.signal = signal;
    command.standard_error.text = std::move(err);
    command.standard_output.text = std::move(out);
    command.timeout = base::Millis{5000};
    command.grace = base::Millis{2000};
    return command;
}

TEST_CASE("a failure says what happened, the last words, and where the evidence is") {
    struct Case {
        EndedCommand command;
        ErrorKind kind;
        std::string message;
    };
    auto timeout = ended(std::nullopt, SIGTERM, "half done\n");
    timeout.ending = Ending::timeout;
    auto killed = ended(std::nullopt, SIGKILL);
    killed.ending = Ending::timeout_killed;
    auto late_success = ended(0, std::nullopt);
    late_success.ending = Ending::timeout;
    const std::vector<Case> cases{
        {ended(3, std::nullopt, "first\nno such host\n\n"), ErrorKind::exit_code,
         "exit code 3: no such host"},
        {ended(1, std::nullopt, "", "out\n"), ErrorKind::exit_code,
         "exit code 1; nothing on standard error, last line of standard output: out"},
        {ended(1, std::nullopt), ErrorKind::exit_code,
         "exit code 1; it wrote nothing on standard error or standard output"},
        {ended(std::nullopt, SIGSEGV, "bad"), ErrorKind::signal,
         "ended by signal 11 (SIGSEGV): bad"},
        {ended(std::nullopt, SIGKILL, "x"), ErrorKind::signal,
         "ended by signal 9 (SIGKILL), which Flatfleet did not send: often the kernel, out of "
         "memory: x"},
        {timeout, ErrorKind::timeout, "took longer than its time limit of 5s: half done"},
        {killed, ErrorKind::timeout,
         "took longer than its time limit of 5s, did not end within 2s of SIGTERM and was killed; "
         "it wrote nothing on standard error or standard output"},
        {late_success, ErrorKind::timeout,
         "took longer than its time limit of 5s; it wrote nothing on standard error or standard "
         "output"},
    };
    for (const Case& wanted : cases) {
        const auto failure = failure_of(wanted.command, with_logs());
        REQUIRE(failure);
        CHECK(failure->failure == FailureClass::counting);
        CHECK(failure->error.kind == wanted.kind);
        CHECK(failure->error.message == wanted.message);
        CHECK(failure->error.evidence == "/logs/x.stderr.txt");
    }
    CHECK_FALSE(failure_of(ended(0, std::nullopt, "warnings"), with_logs()));
    const auto lost = failure_of(ended(std::nullopt, std::nullopt), with_logs());
    REQUIRE(lost);
    CHECK(lost->failure == FailureClass::transient);
}

TEST_CASE("the last line is found whatever surrounds it, and is not endless") {
    CHECK(last_line("").empty());
    CHECK(last_line(" \n\r\n\t").empty());
    CHECK(last_line("one") == "one");
    CHECK(last_line("one\ntwo  \n\n") == "two");
    CHECK(last_line("progress 1%\rprogress 2%\r") == "progress 2%");
    CHECK(last_line("  indented") == "indented");
    CHECK(last_line(std::string(1000, 'x')).size() == 303);
}

TEST_CASE("a result has its keys in the documented order, and flags only where they apply") {
    model::Attempt attempt = with_logs();
    attempt.exit_code = 0;
    attempt.duration = base::Millis{12};
    attempt.cpu_time = base::Millis{3};
    CHECK(output_json(ended(0, std::nullopt, "e\n", "o\n"), attempt) ==
          R"({"exit_code":0,"signal":null,"stdout":"o\n","stderr":"e\n",)"
          R"("stdout_path":"/logs/x.stdout.txt","stderr_path":"/logs/x.stderr.txt",)"
          R"("duration_ms":12,"cpu_ms":3,"max_rss_bytes":null})");
    EndedCommand flagged = ended(0, std::nullopt);
    flagged.standard_output.lossy = true;
    flagged.standard_output.cut = true;
    flagged.standard_output.bytes = 100'000;
    flagged.standard_error.truncated = true;
    const base::Json json = base::parse_json(output_json(flagged, attempt), "output");
    CHECK(json.at("stdout_lossy") == true);
    CHECK(json.at("stdout_bytes") == 100'000);
    CHECK(json.at("stderr_truncated") == true);
    CHECK_FALSE(json.contains("stderr_lossy"));
}

using Strings = std::vector<std::string>;

Strings environment(const Strings& inherited,
                    const std::vector<std::pair<std::string, std::string>>& added) {
    return command_environment(
        {.inherited = inherited, .added = added, .store_url = "sqlite:/s", .process_mark = "m"});
}

TEST_CASE("a command's environment is the worker's, the spec's and ours") {
    CHECK(environment({"PATH=/bin", "LANG=de_DE.UTF-8", "X=1", "X=2", "FLEET_ITEM=outer",
                       "FLEET_BATCH=outer", "FLEET_STORE=outer", "FLEET_KEPT=1"},
                      {{"Y", "a=b"}, {"PATH", "/usr/bin"}, {"FLEET_ATTEMPT", "9"}}) ==
          Strings{"FLEET_KEPT=1", "FLEET_PROCESS_MARK=m", "FLEET_STORE=sqlite:/s",
                  "LANG=de_DE.UTF-8", "PATH=/usr/bin", "PYTHONIOENCODING=utf-8", "PYTHONUTF8=1",
                  "X=1", "Y=a=b"});
}

TEST_CASE("the locale becomes UTF-8 unless it is or the spec decides") {
    const auto has = [](const Strings& strings, const std::string& wanted) {
        return std::find(strings.begin(), strings.end(), wanted) != strings.end();
    };
    for (const Strings& inherited :
         {Strings{}, Strings{"LANG=C"}, Strings{"LC_ALL=C", "LANG=en_US.UTF-8"},
          Strings{"LC_CTYPE=de_DE.ISO-8859-1", "LANG=en_US.UTF-8"}}) {
        CHECK(has(environment(inherited, {}), "LC_CTYPE=C.UTF-8"));
    }
    CHECK_FALSE(has(environment({}, {}), "LANG=C.UTF-8"));
    // What is not about characters stays as it was.
    const Strings posix = environment({"LC_ALL=POSIX", "LC_TIME=de_DE", "LANG=en_US.UTF-8"}, {});
    CHECK(has(posix, "LANG=POSIX"));
    CHECK_FALSE(has(posix, "LC_ALL=POSIX"));
    CHECK_FALSE(has(posix, "LC_TIME=de_DE"));
    CHECK(has(environment({"LC_CTYPE=C", "LANG=de_DE"}, {}), "LANG=de_DE"));
    CHECK(has(environment({"LC_ALL=", "LANG=en_US.utf8"}, {}), "LANG=en_US.utf8"));
    const Strings chosen = environment({"LANG=C"}, {{"LC_ALL", "C"}, {"PYTHONUTF8", "0"}});
    CHECK(has(chosen, "LC_ALL=C"));
    CHECK(has(chosen, "LANG=C"));
    CHECK(has(chosen, "PYTHONUTF8=0"));
}

TEST_CASE("machines are known by name, and an unknown one names the nearest") {
    CHECK(parse_machine("builtin:command") == Machine::command);
    CHECK(parse_machine("builtin:sleep") == Machine::sleep);
    CHECK_FALSE(parse_machine("sleep"));
    CHECK(unknown_machine("builtin:slep") ==
          "unknown machine \"builtin:slep\"; did you mean builtin:sleep?");
    CHECK_THAT(unknown_machine("work.yml"),
               Contains("builtin:command, builtin:noop, builtin:echo, builtin:sleep"));
    CHECK_FALSE(is_in_process(Machine::command));
    CHECK(is_in_process(Machine::sleep));
}

model::Next ran(Machine machine, const std::string& input) {
    const base::SystemClock clock;
    const auto next = run_in_process(machine, input, clock, {});
    REQUIRE(next);
    return *next;
}

TEST_CASE("noop gives null, echo its input, sleep waits") {
    CHECK(ran(Machine::noop, R"({"a":1})") == model::Next{model::NextDone{"null"}});
    CHECK(ran(Machine::echo, R"({"a":1})") == model::Next{model::NextDone{R"({"a":1})"}});
    CHECK(ran(Machine::echo, "") == model::Next{model::NextDone{"null"}});
    const base::SystemClock clock;
    const base::BootTime start = clock.boot_now();
    CHECK(ran(Machine::sleep, R"({"seconds":0.05})") == model::Next{model::NextDone{"null"}});
    CHECK(clock.boot_now() - start >= base::Millis{50});
}

TEST_CASE("sleep refuses what is not a number of seconds, for good") {
    for (const char* input : {"", "5", "{}", R"({"seconds":"5"})", R"({"seconds":-1})",
                              R"({"seconds":1e300})", R"({"second":1})", "{broken"}) {
        CAPTURE(input);
        const model::Next next = ran(Machine::sleep, input);
        const auto* failed = std::get_if<model::NextFailed>(&next);
        REQUIRE(failed != nullptr);
        CHECK(failed->failure == FailureClass::permanent);
        CHECK(failed->error.kind == ErrorKind::config);
        CHECK_THAT(failed->error.message, Contains("builtin:sleep"));
    }
}

TEST_CASE("a stop request ends a sleep at once") {
    const base::SystemClock clock;
    std::stop_source stop;
    const std::jthread stopper([&] { stop.request_stop(); });
    CHECK_FALSE(run_in_process(Machine::sleep, R"({"seconds":1000})", clock, stop.get_token()));
}

}  // namespace
