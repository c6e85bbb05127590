#include "machines/calls/run_attempt.hpp"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "common/process/proc.hpp"
#include "common/process/spawn.hpp"
#include "common/process/tree.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"

namespace {

using namespace fleet;
using namespace fleet::calls;
using Catch::Matchers::Contains;
using model::ErrorKind;
using model::FailureClass;
using test_support::read_file;
using test_support::TemporaryFolder;
using test_support::wait_until;
using test_support::write_file;

/// A runner with its data folder, and specs for it.
class Bench {
  public:
    Bench() { process::become_subreaper(); }

    static RunnerOptions options(const std::filesystem::path& folder) {
        return {.data_folder = folder,
                .store_url = base::StoreUrl::parse("sqlite:fleet.db", folder),
                .host = "box",
                .worker_id = "worker-1",
                .process_mark = "calls-test-" + std::to_string(::getpid()),
                .environment = {"PATH=/usr/bin:/bin"},
                .now = [] { return base::store_time(1'795'247'430'123); }};
    }

    static model::WorkSpec command(std::vector<std::string> argv) {
        model::WorkSpec spec;
        spec.argv = std::move(argv);
        spec.directory = "/";
        spec.backoff.jitter = 0.0;
        return spec;
    }
    static model::WorkSpec shell(const std::string& script) {
        return command({"/bin/sh", "-c", script, "sh"});
    }

    StepOutcome run(model::WorkSpec spec, const std::string& input = R"({"item":"the item"})",
                    const std::stop_token& stop = {}) {
        auto prepared = runner.prepare(std::move(spec));
        if (const auto* error = std::get_if<model::ExecutionError>(&prepared)) {
            FAIL(error->message);
        }
        contracts::Claimed claimed;
        claimed.lease.execution = id;
        claimed.lease.token = 77;
        claimed.batch = "nightly";
        claimed.input = input;
        claimed.item_number = 5;
        claimed.attempt = ++attempt;
        claimed.failures = failures;
        return runner.run(claimed, std::get<PreparedSpec>(prepared), stop);
    }

    TemporaryFolder folder;
    base::SystemClock clock;
    AttemptRunner runner{options(folder.path()), clock};
    base::Uuid id = *base::Uuid::parse("01939f1c-1111-7222-8333-4444555566ab");
    int attempt = 0;
    int failures = 0;
};

base::Json output_of(const StepOutcome& outcome) {
    if (const auto* failed = std::get_if<model::NextFailed>(&outcome.next)) {
        FAIL(failed->error.message);
    }
    REQUIRE(std::holds_alternative<model::NextDone>(outcome.next));
    return base::parse_json(std::get<model::NextDone>(outcome.next).output, "output");
}

model::NextFailed failure_in(const StepOutcome& outcome) {
    REQUIRE(std::holds_alternative<model::NextFailed>(outcome.next));
    REQUIRE(outcome.record);
    CHECK(outcome.record->error == std::get<model::NextFailed>(outcome.next).error);
    return std::get<model::NextFailed>(outcome.next);
}

bool is_running(pid_t pid) {
    const auto stat = process::read_proc_stat(pid);
    return stat && !stat->is_dead();
}

pid_t pid_in(const std::filesystem::path& file) {
    std::string text;
    REQUIRE(wait_until([&] {
        text = std::filesystem::exists(file) ? read_file(file) : "";
        return text.ends_with('\n');
    }));
    return std::stoi(text);
}

TEST_CASE("a command's output, code and paths become its result and its record") {
    Bench bench;
    const StepOutcome outcome = bench.run(Bench::shell("echo \"<$1>\"; echo oops >&2"));
    const base::Json output = output_of(outcome);
    CHECK(output.at("exit_code") == 0);
    CHECK(output.at("stdout") == "<the item>\n");
    CHECK(output.at("stderr") == "oops\n");
    CHECK_FALSE(outcome.aborted);

    REQUIRE(outcome.record);
    const model::Attempt& record = *outcome.record;
    CHECK(record.number == 1);
    CHECK(record.worker_id == "worker-1");
    CHECK(record.host == "box");
    CHECK(record.exit_code == 0);
    CHECK(record.cpu_time);
    CHECK(record.stderr_excerpt == "oops\n");
    CHECK(output.at("stdout_path") == record.stdout_path);
    CHECK(record.stdout_path ==
          (bench.folder / "logs/nightly/66").string() + "/" + bench.id.text() + ".1.stdout.txt");
    const std::string log = read_file(record.stdout_path);
    CHECK_THAT(log, Catch::StartsWith("store: sqlite:"));
    CHECK_THAT(log, Contains("argv: [\"/bin/sh\",") && Contains("worker: worker-1"));
    CHECK(log.substr(static_cast<std::size_t>(record.stdout_offset)) == "<the item>\n");
    CHECK_THAT(log.substr(0, static_cast<std::size_t>(record.stdout_offset)),
               Catch::EndsWith("\n---\n"));
    CHECK(read_file(record.stderr_path) == "oops\n");
}

TEST_CASE("a command sees which execution it is") {
    Bench bench;
    auto spec = Bench::shell("env | grep -E '^(FLEET|LANG|LC_|PYTHON|MINE)' | sort");
    spec.environment = {{"MINE", "1"}};
    const std::string text = output_of(bench.run(spec)).at("stdout").get<std::string>();
    const std::string wanted =
        "FLEET_ATTEMPT=1\nFLEET_BATCH=nightly\nFLEET_EXECUTION_ID=" + bench.id.text() +
        "\nFLEET_FENCING_TOKEN=77\nFLEET_ITEM=the "
        "item\nFLEET_PROCESS_MARK=calls-test-" +
        std::to_string(::getpid()) +
        "\nFLEET_STORE=sqlite:" + (bench.folder / "fleet.db").string() +
        "\nLC_CTYPE=C.UTF-8\nMINE=1\nPYTHONIOENCODING=utf-8\n"
        "PYTHONUTF8=1\n";
    CHECK(text == wanted);
}

TEST_CASE("the item goes to standard input when the spec says so, bytes and all") {
    Bench bench;
    auto spec = Bench::command({"od", "-An", "-tx1"});
    spec.item_on_stdin = true;
    const auto output = output_of(bench.run(spec, R"({"item":"a?","item_base64":"Yf8A"})"));
    CHECK(output.at("stdout") == " 61 ff 00\n");
    // Without it there is nothing to read, and a command that reads does not hang.
    CHECK(output_of(bench.run(Bench::shell("cat"))).at("stdout") == "");
}

TEST_CASE("an item too large for a variable is left out of the environment, and the log says so") {
    Bench bench;
    auto spec = Bench::shell("wc -c; echo \"${FLEET_ITEM-unset}\"");
    spec.item_on_stdin = true;
    const std::string item(300'000, 'x');
    const StepOutcome outcome = bench.run(spec, R"({"item":")" + item + "\"}");
    CHECK(output_of(outcome).at("stdout") == "300000\nunset\n");
    CHECK_THAT(read_file(outcome.record->stdout_path),
               Contains("note: FLEET_ITEM is not set: the item has 300000 bytes"));

    const auto failed =
        failure_in(bench.run(Bench::command({"/bin/true"}), R"({"item":")" + item + "\"}"));
    CHECK(failed.failure == FailureClass::permanent);
    CHECK(failed.error.kind == ErrorKind::spawn);
    CHECK_THAT(failed.error.message, Contains("argument 1") && Contains("--stdin"));
}

TEST_CASE("a non-zero exit is a counting failure that is tried again later each time") {
    Bench bench;
    const StepOutcome outcome = bench.run(Bench::shell("echo no such host >&2; exit 3"));
    const model::NextFailed failed = failure_in(outcome);
    CHECK(failed.failure == FailureClass::counting);
    CHECK(failed.error.kind == ErrorKind::exit_code);
    CHECK(failed.error.message == "exit code 3: no such host");
    CHECK(failed.error.evidence == outcome.record->stderr_path);
    CHECK(failed.retry_delay == base::Millis{1000});
    CHECK(outcome.record->exit_code == 3);
    bench.failures = 2;
    CHECK(failure_in(bench.run(Bench::shell("exit 1"))).retry_delay == base::Millis{4000});
}

TEST_CASE("an end by a signal is named") {
    Bench bench;
    const model::NextFailed failed = failure_in(bench.run(Bench::shell("kill -SEGV $$")));
    CHECK(failed.failure == FailureClass::counting);
    CHECK(failed.error.kind == ErrorKind::signal);
    CHECK_THAT(failed.error.message, Contains("SIGSEGV"));
}

TEST_CASE("a command that cannot be started fails for good, and says why") {
    Bench bench;
    write_file(bench.folder / "text", "hello");
    const std::vector<std::pair<std::string, std::string>> cases{
        {"no-such-command", "not found in PATH"},
        {(bench.folder / "text").string(), "not executable"},
        {"/no/such/command", "no such file"},
    };
    for (const auto& [program, words] : cases) {
        const model::NextFailed failed = failure_in(bench.run(Bench::command({program})));
        CHECK(failed.failure == FailureClass::permanent);
        CHECK(failed.error.kind == ErrorKind::spawn);
        CHECK_THAT(failed.error.message, Contains(program) && Contains(words));
    }
    auto spec = Bench::command({"/bin/true"});
    spec.directory = "/no/such/folder";
    CHECK_THAT(failure_in(bench.run(spec)).error.message, Contains("/no/such/folder"));
}

TEST_CASE("an item that does not fit the command fails for good without starting anything") {
    Bench bench;
    const model::NextFailed missing = failure_in(bench.run(Bench::command({"echo", "{size}"})));
    CHECK(missing.failure == FailureClass::permanent);
    CHECK(missing.error.kind == ErrorKind::config);
    CHECK_THAT(missing.error.message, Contains("{size}"));
    const model::NextFailed zero =
        failure_in(bench.run(Bench::command({"echo"}), R"({"item":"a","item_base64":"YQBi"})"));
    CHECK(zero.error.kind == ErrorKind::config);
    CHECK_THAT(zero.error.message, Contains("NUL"));
    CHECK(failure_in(bench.run(Bench::command({"echo"}), "{broken")).error.kind ==
          ErrorKind::config);
    CHECK_FALSE(std::filesystem::exists(bench.folder / "logs"));
}

TEST_CASE("a timeout asks first, with the whole group, and leaves nobody") {
    Bench bench;
    auto spec = Bench::shell("trap 'echo bye; exit 0' TERM; sleep 1000 & echo $! > " +
                             (bench.folder / "pid").string() + "; wait");
    spec.timeout = base::Millis{200};
    const StepOutcome outcome = bench.run(spec);
    const model::NextFailed failed = failure_in(outcome);
    CHECK(failed.error.kind == ErrorKind::timeout);
    CHECK(failed.failure == FailureClass::counting);
    CHECK_THAT(failed.error.message, Contains("200ms") && Contains("bye"));
    CHECK(outcome.record->exit_code == 0);
    CHECK(outcome.record->duration >= base::Millis{200});
    CHECK_FALSE(is_running(pid_in(bench.folder / "pid")));
}

TEST_CASE("a command that ignores TERM is killed after the grace") {
    Bench bench;
    auto spec = Bench::shell("trap '' TERM; sleep 1000; sleep 1000");
    spec.timeout = base::Millis{50};
    spec.grace = base::Millis{100};
    const StepOutcome outcome = bench.run(spec);
    CHECK_THAT(failure_in(outcome).error.message,
               Contains("did not end within 100ms of SIGTERM and was killed"));
    CHECK(outcome.record->signal == SIGKILL);
}

TEST_CASE("a stop request kills the command with all it started, at once") {
    Bench bench;
    std::stop_source stop;
    const auto file = bench.folder / "pid";
    const std::jthread stopper([&] {
        // The shell creates the file before it writes into it.
        static_cast<void>(wait_until(
            [&] { return std::filesystem::exists(file) && read_file(file).ends_with('\n'); }));
        stop.request_stop();
    });
    const StepOutcome outcome =
        bench.run(Bench::shell("trap '' TERM; setsid sleep 1000 & echo $! > " + file.string() +
                               "; while :; do sleep 1000; done"),
                  R"({"item":"x"})", stop.get_token());
    CHECK(outcome.aborted);
    CHECK_FALSE(is_running(pid_in(file)));
    CHECK(bench.runner.kill_leftovers() == 0);
    // Nothing starts after a stop request.
    const StepOutcome never = bench.run(Bench::shell("exit 0"), "", stop.get_token());
    CHECK(never.aborted);
    CHECK(never.record->stdout_path.empty());
}

TEST_CASE("a daemon that a command leaves behind ends with the attempt") {
    Bench bench;
    const auto file = bench.folder / "pid";
    const StepOutcome outcome = bench.run(Bench::shell("setsid sh -c 'echo $$ > " + file.string() +
                                                       "; exec sleep 1000' & while [ ! "
                                                       "-s " +
                                                       file.string() + " ]; do :; done"));
    CHECK(output_of(outcome).at("exit_code") == 0);
    CHECK_FALSE(is_running(pid_in(file)));
}

TEST_CASE("the last 64 KiB of a large output stand in the result, the file has all of it") {
    Bench bench;
    const StepOutcome outcome =
        bench.run(Bench::shell("head -c 300000 /dev/zero | tr '\\0' x; printf 'the end'"));
    const base::Json output = output_of(outcome);
    const auto text = output.at("stdout").get<std::string>();
    CHECK(text.size() == 65'536);
    CHECK_THAT(text, Catch::EndsWith("xthe end"));
    CHECK(output.at("stdout_bytes") == 300'007);
    CHECK(static_cast<std::int64_t>(std::filesystem::file_size(outcome.record->stdout_path)) ==
          outcome.record->stdout_offset + 300'007);
}

TEST_CASE("output that is not UTF-8, and a log that was shortened, are marked") {
    Bench bench;
    const base::Json lossy = output_of(bench.run(Bench::shell("printf 'a\\377b'")));
    CHECK(lossy.at("stdout") ==
          "a\xEF\xBF\xBD"
          "b");
    CHECK(lossy.at("stdout_lossy") == true);
    const StepOutcome shortened = bench.run(Bench::shell(": > /proc/self/fd/1"));
    CHECK(output_of(shortened).at("stdout_truncated") == true);
    CHECK(shortened.record->suspicious);
}

TEST_CASE("a command that closes its output and a worker that has files left still end well") {
    Bench bench;
    const StepOutcome outcome = bench.run(Bench::shell("exec >&- 2>&-; sleep 0.01; exit 4"));
    CHECK(failure_in(outcome).error.kind == ErrorKind::exit_code);
}

TEST_CASE("slots run attempts at once, each with its own files and environment") {
    Bench bench;
    auto prepared = bench.runner.prepare(Bench::shell("echo $1-$FLEET_ITEM"));
    REQUIRE(std::holds_alternative<PreparedSpec>(prepared));
    std::atomic<int> good{0};
    {
        std::vector<std::jthread> slots;
        for (int slot = 0; slot < 4; ++slot) {
            slots.emplace_back([&, slot] {
                for (int i = 0; i < 25; ++i) {
                    contracts::Claimed claimed;
                    const int number = slot * 100 + i;
                    claimed.lease.execution =
                        base::derived_uuid(bench.id, static_cast<std::uint32_t>(number));
                    claimed.attempt = 1;
                    claimed.input = "{\"item\":" + std::to_string(number) + "}";
                    const StepOutcome outcome =
                        bench.runner.run(claimed, std::get<PreparedSpec>(prepared), {});
                    const auto* done = std::get_if<model::NextDone>(&outcome.next);
                    const std::string text = std::to_string(number);
                    good += done != nullptr &&
                            done->output.find("\"stdout\":\"" + text + "-" + text + "\\n\"") !=
                                std::string::npos;
                }
            });
        }
    }
    CHECK(good == 100);
}

TEST_CASE("machines inside the worker run without files or records") {
    Bench bench;
    model::WorkSpec echo;
    echo.machine = "builtin:echo";
    const StepOutcome outcome = bench.run(echo, R"({"a":1})");
    CHECK(outcome.next == model::Next{model::NextDone{R"({"a":1})"}});
    CHECK_FALSE(outcome.record);
    model::WorkSpec sleep;
    sleep.machine = "builtin:sleep";
    const model::NextFailed failed = failure_in(bench.run(sleep, "{}"));
    CHECK(failed.failure == FailureClass::permanent);
    CHECK_FALSE(std::filesystem::exists(bench.folder / "logs"));
}

TEST_CASE("what this program cannot run is refused when it is prepared") {
    Bench bench;
    model::WorkSpec unknown;
    unknown.machine = "builtin:eco";
    const auto refused = bench.runner.prepare(unknown);
    REQUIRE(std::holds_alternative<model::ExecutionError>(refused));
    CHECK(std::get<model::ExecutionError>(refused).kind == ErrorKind::config);
    CHECK_THAT(std::get<model::ExecutionError>(refused).message, Contains("builtin:echo"));
    CHECK(std::holds_alternative<model::ExecutionError>(bench.runner.prepare({})));

    model::WorkSpec noop;
    noop.machine = "builtin:noop";
    CHECK(std::get<PreparedSpec>(bench.runner.prepare(noop)).is_instant());
    noop.machine = "builtin:sleep";
    CHECK_FALSE(std::get<PreparedSpec>(bench.runner.prepare(noop)).is_instant());

    RunnerOptions incomplete = Bench::options(bench.folder.path());
    incomplete.process_mark.clear();
    CHECK_THROWS_AS(AttemptRunner(incomplete, bench.clock), base::ConfigError);
}

TEST_CASE("log files that cannot be made are a transient failure that names them") {
    Bench bench;
    write_file(bench.folder / "logs", "in the way");
    const model::NextFailed failed = failure_in(bench.run(Bench::shell("exit 0")));
    CHECK(failed.failure == FailureClass::transient);
    CHECK(failed.retry_delay >= base::Millis{1000});
    CHECK_THAT(failed.error.message, Contains((bench.folder / "logs").string()));
}

}  // namespace
