#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "cli/view/attempt_lines.hpp"
#include "cli/view/describe.hpp"
#include "cli/view/story.hpp"
#include "cli/view/tree_lines.hpp"
#include "common/model/provider_wait.hpp"

using namespace fleet;
using namespace fleet::cli;
using model::Status;

namespace {

constexpr auto kNow = 1'795'247'430'123;

CaseFile pending_file() {
    CaseFile file;
    file.execution.id = *base::Uuid::parse("0193d2c4-1111-7222-8333-444455556666");
    file.execution.pool = "default";
    file.execution.max_attempts = 3;
    file.execution.created_at = base::store_time(kNow - 60'000);
    file.now = base::store_time(kNow);
    file.pool.emplace().pool = "default";
    file.pressure.emplace().pool = "default";
    file.pressure->stages.push_back({});
    file.pressure->stages.back().ready = 7;
    file.store_text = "sqlite:/x/fleet.db";
    return file;
}

model::WorkerRecord worker(int slots, int busy) {
    model::WorkerRecord record;
    record.worker_id = "box-1";
    record.pool = "default";
    record.slots = slots;
    record.busy = busy;
    return record;
}

bool has_command(const Story& story, const std::string& command) {
    return std::any_of(story.next.begin(), story.next.end(),
                       [&](const Advice& advice) { return advice.command == command; });
}

}  // namespace

TEST_CASE("an execution of a paused pool is told how to unpause it") {
    CaseFile file = pending_file();
    file.pool->paused = true;
    const Story story = tell_story(file);
    CHECK(story.headline == "pending, it has not run yet");
    CHECK(story.waits == std::vector<std::string>{"pool default is paused: nothing of it starts"});
    CHECK(has_command(story, "fleet unpause default"));
}

TEST_CASE("a delayed execution says when it is due") {
    CaseFile file = pending_file();
    file.execution.due_in = base::Millis{12'000};
    file.execution.counters.attempt = 1;
    file.execution.counters.failures = 1;
    const Story story = tell_story(file);
    CHECK(story.headline == "pending again after 1 attempt");
    REQUIRE(story.waits.size() == 1);
    CHECK(story.waits[0].find("due in 12") != std::string::npos);
    CHECK(story.waits[0].find("after its last failure") != std::string::npos);
    CHECK(story.history ==
          std::vector<std::string>{"failed once in a way that counts (3 allowed)"});
}

TEST_CASE("work that nobody serves names the scaler to start") {
    const Story story = tell_story(pending_file());
    CHECK(story.waits[0].find("no scaler is there") != std::string::npos);
    CHECK(has_command(story, "scaler --store sqlite:/x/fleet.db"));
}

TEST_CASE("work that a scaler has not started workers for points at its decisions") {
    CaseFile file = pending_file();
    file.scaler_hosts = {"box"};
    CHECK(has_command(tell_story(file), "fleet decisions --pool default"));
}

TEST_CASE("work of a run that has ended is resumed") {
    CaseFile file = pending_file();
    file.execution.batch = "b1";
    file.batch.emplace().name = "b1";
    file.batch->private_lane = true;
    CHECK(has_command(tell_story(file), "fleet resume b1"));
}

TEST_CASE("busy workers and free ones are told apart") {
    CaseFile file = pending_file();
    file.servers = {worker(4, 4)};
    CHECK(tell_story(file).waits[0] ==
          "all 4 slots of 1 worker are busy, and 7 executions are ready in the pool");
    file.servers = {worker(4, 3)};
    CHECK(tell_story(file).waits[0].find("in a moment") != std::string::npos);
}

TEST_CASE("a failed execution tells its error and what to do") {
    CaseFile file = pending_file();
    file.execution.status = Status::failed;
    file.execution.poisoned = true;
    file.execution.counters = {.attempt = 4, .failures = 3, .takeovers = 1};
    file.execution.error = model::ExecutionError{model::ErrorKind::exit_code, "exit code 2", "/l"};
    model::Attempt attempt;
    attempt.number = 4;
    attempt.stderr_path = "/l";
    file.attempts = {attempt};
    const Story story = tell_story(file);
    CHECK(story.headline == "failed: exit code 2, after 3 of 3 allowed failures");
    CHECK(story.waits.empty());
    CHECK(has_command(story, "fleet logs 0193d2c4-1111-7222-8333-444455556666"));
    CHECK(has_command(story, "fleet requeue 0193d2c4-1111-7222-8333-444455556666"));
    CHECK(story.history.back() == "taken over from a dead or silent worker once");
}

TEST_CASE("a running execution whose worker is silent says what follows") {
    CaseFile file = pending_file();
    file.execution.status = Status::running;
    file.execution.worker_id = "box-1";
    file.execution.started_at = base::store_time(kNow - 5'000);
    file.owner = worker(4, 1);
    CHECK(tell_story(file).waits.empty());
    CHECK(tell_story(file).headline.find("on worker box-1") != std::string::npos);
    file.owner->stale = true;
    file.owner->heartbeat_age = base::Millis{30'000};
    CHECK(tell_story(file).waits[0].find("silent for 30") != std::string::npos);
}

TEST_CASE("every state has a headline and a next step, and none is called unknown") {
    CaseFile file = pending_file();
    for (const Status status : {Status::pending, Status::running, Status::waiting, Status::done,
                                Status::failed, Status::cancelled}) {
        file.execution.status = status;
        for (int kind = 0; kind <= static_cast<int>(model::ErrorKind::machine); ++kind) {
            file.execution.error =
                model::ExecutionError{static_cast<model::ErrorKind>(kind), "m", ""};
            const Story story = tell_story(file);
            CAPTURE(story.headline);
            CHECK_FALSE(story.headline.empty());
            CHECK_FALSE(story.next.empty());
            CHECK(story.headline.find("unknown") == std::string::npos);
        }
    }
}

TEST_CASE("an attempt shows its end, its figures, its files and its last words") {
    model::Attempt attempt;
    attempt.number = 2;
    attempt.worker_id = "box-1";
    attempt.started_at = base::store_time(kNow - 10'000);
    attempt.finished_at = base::store_time(kNow - 9'000);
    attempt.duration = base::Millis{340};
    attempt.cpu_time = base::Millis{20};
    attempt.max_rss_bytes = 3 << 20;
    attempt.signal = 9;
    attempt.error = model::ExecutionError{model::ErrorKind::signal, "killed", ""};
    attempt.stdout_path = "/logs/o";
    attempt.stderr_path = "/logs/e";
    attempt.stderr_excerpt = "first\nbad \x1b[31m thing\n";
    const auto lines = attempt_lines(attempt, false, base::store_time(kNow), Terminal({}));
    CHECK(lines[0] ==
          "  2  killed by signal 9 (KILL) after 340ms, cpu 20ms, memory 3.0 MiB, worker box-1, "
          "begun " +
              base::human_duration(base::Millis{10'000}) + " ago");
    CHECK(lines[2] == "     stdout /logs/o");
    CHECK(lines[3] == "     stderr /logs/e");
    CHECK(lines[5] == "       | first");
    CHECK(lines[6] == "       | bad \xEF\xBF\xBD[31m thing");
    CHECK(attempt_lines(attempt, true, base::store_time(kNow), Terminal({}))[0].find("running") !=
          std::string::npos);
}

TEST_CASE("inputs are shown as the item they came from") {
    CHECK(describe_input(R"({"item":"/bin/ls"})") == "/bin/ls");
    CHECK(describe_input(R"({"a":1})") == R"({"a":1})");
    CHECK(describe_input("") == "-");
    CHECK(describe_input(R"({"item":")" + std::string(1000, 'x') + R"("})").size() < 310);
}

TEST_CASE("commands are shown as one could type them") {
    model::WorkSpec spec;
    spec.argv = {"sh", "-c", "echo 'x' {}", ""};
    CHECK(describe_work(spec) == "sh -c 'echo '\\''x'\\'' {}' ''");
    spec.argv.clear();
    spec.machine = "builtin:noop";
    CHECK(describe_work(spec) == "builtin:noop");
}

TEST_CASE("a waiting parent tells the step and the slowest of its open children") {
    CaseFile file = pending_file();
    file.execution.status = Status::waiting;
    ChildrenWait& wait = file.wait.emplace();
    wait.step = 4;
    wait.open = 3;
    wait.all = 1'200;
    model::Execution& slow = wait.slowest.emplace_back();
    slow.id = *base::Uuid::parse("0193d2c4-1111-7222-8333-444455557777");
    slow.status = Status::running;
    slow.started_at = base::store_time(kNow - 200'000);
    const Story story = tell_story(file);
    CHECK(story.headline == "waiting for 3 of 1,200 children of step 4");
    REQUIRE(story.waits.size() == 2);
    CHECK(story.waits[0] == "3 of 1,200 children of step 4");
    CHECK(story.waits[1] ==
          "open: 0193d2c4-1111-7222-8333-444455557777 running, running for 3m20s");
    CHECK(has_command(story, "fleet why 0193d2c4-1111-7222-8333-444455557777"));
}

TEST_CASE("a waiter tells its channel, since when and until when") {
    CaseFile file = pending_file();
    file.execution.status = Status::waiting;
    file.execution.channel = "approvals";
    file.execution.due_in = base::Millis{60'000};
    CheckpointFact& checkpoint = file.checkpoint.emplace();
    checkpoint.event = "waiting";
    checkpoint.created_at = "2026-11-21T07:50:00.123456+00:00";
    const Story story = tell_story(file);
    CHECK(story.headline == "waiting for a signal on channel approvals");
    CHECK(story.waits == std::vector<std::string>{"a signal on channel approvals, since "
                                                  "2026-11-21T07:50:00.123Z (30s ago), until "
                                                  "2026-11-21T07:51:30.123Z (in 1m00s)"});
    CHECK(has_command(story, "fleet signal approvals JSON --to " + file.execution.id.text()));
}

TEST_CASE("times are read as any member of the family writes them") {
    const auto read = [](const char* text) {
        const auto time = parse_utc(text);
        return time ? base::iso8601(*time) : "none";
    };
    CHECK(read("2026-11-21T07:50:30.123Z") == "2026-11-21T07:50:30.123Z");
    CHECK(read("2026-11-21T07:50:30+00:00") == "2026-11-21T07:50:30.000Z");
    CHECK(read("2026-11-21T07:50:30.5") == "2026-11-21T07:50:30.500Z");
    CHECK(read("2026-11-21T07:50:30+02:00") == "none");
    CHECK(read("yesterday") == "none");
    CHECK(read("") == "none");
}

TEST_CASE("a tree is drawn with a line a node, cut to the terminal") {
    model::Tree tree;
    const auto add = [&tree](int depth, const char* label) {
        model::TreeNode node;
        node.depth = depth;
        node.label = label;
        tree.nodes.push_back(node);
    };
    const auto marks = [&tree](std::optional<int> columns) {
        const Terminal terminal({.out_is_terminal = columns.has_value(), .columns = columns});
        std::vector<std::string> begins;
        for (const std::string& line : tree_lines(tree, terminal)) {
            begins.push_back(columns ? line : line.substr(0, line.find("0000")));
        }
        return begins;
    };
    add(0, "");
    CHECK(marks({}).empty());
    add(1, "a");
    add(2, "b");
    add(3, "c");
    add(2, "d");
    add(1, "e");
    add(2, "f");
    CHECK(marks({}) ==
          std::vector<std::string>{"├─ ", "│  ├─ ", "│  │  └─ ", "│  └─ ", "└─ ", "   └─ "});
    tree.more = 1'234;
    CHECK(marks({}).back() == "and 1,234 more");
    CHECK(marks({})[4] == "├─ ");
    for (const std::string& line : marks(30)) {
        CHECK(display_width(line) <= 30);
    }
}

namespace {

CaseFile put_back_file(const std::string& message) {
    CaseFile file = pending_file();
    file.execution.counters = {.attempt = 1, .rate_limited = 1};
    file.execution.due_in = base::Millis{95'000};
    file.execution.error = model::ExecutionError{model::ErrorKind::rate_limit, message, ""};
    return file;
}

}  // namespace

TEST_CASE("an execution that waits for a provider says for which, until when and why") {
    // kNow is 07:50:30.
    CaseFile file = put_back_file(model::provider_wait_beginning("a/b:free") +
                                  "circuit open: 5 of 12 calls were refused");
    const Story story = tell_story(file);
    CHECK(story.headline == "waiting for a/b:free until 07:52:05");
    CHECK(story.waits.at(0) ==
          "waiting for a/b:free until 07:52:05: circuit open: 5 of 12 calls were refused");
    CHECK(story.history == std::vector<std::string>{"put back for a provider's limit once"});
    CHECK(has_command(story, "fleet providers a/b:free"));
    CHECK_FALSE(has_command(story, "fleet providers --close a/b:free"));
}

TEST_CASE("a wait that only a person ends names the command that ends it") {
    CaseFile file = put_back_file("waiting for a/b: circuit open until a person closes it: no key");
    file.provider.emplace().rules.name = "a/b";
    file.provider->circuit.state = model::CircuitState::open;
    file.provider->circuit.reason = "it refused the key";
    CHECK(has_command(tell_story(file), "fleet providers --close a/b"));
    file.provider->circuit.state = model::CircuitState::closed;
    CHECK_FALSE(has_command(tell_story(file), "fleet providers --close a/b"));
    file.provider->rules.budget.requests = 5;
    CHECK(has_command(tell_story(file), "fleet budget a/b"));
}

TEST_CASE("only what was put back for a provider is told so, and only while it waits") {
    for (const char* message : {"waiting for ", "waiting for : x", "waiting for a/b", "429", "",
                                "the state waiting for a: b"}) {
        CAPTURE(message);
        const CaseFile file = put_back_file(message);
        CHECK(tell_story(file).headline == "pending again after 1 attempt");
        CHECK(tell_story(file).waits.at(0).find("it is delayed, due in") == 0);
    }
    CaseFile other = put_back_file("waiting for a/b: x");
    other.execution.error->kind = model::ErrorKind::agent;
    CHECK(tell_story(other).waits.at(0).find("it is delayed") == 0);
    CaseFile over = put_back_file("waiting for a/b: x");
    over.execution.due_in = base::Millis{0};
    CHECK(tell_story(over).headline == "pending again after 1 attempt");
    CaseFile tomorrow = put_back_file("waiting for a/b: the day's budget is used up");
    tomorrow.execution.due_in = std::chrono::hours(20);
    CHECK(tell_story(tomorrow).headline == "waiting for a/b until 2026-11-22 03:50:30");
}

TEST_CASE("a paused pool is told beside the wait for a provider") {
    CaseFile file = put_back_file("waiting for a/b: x");
    file.pool->paused = true;
    const Story story = tell_story(file);
    REQUIRE(story.waits.size() >= 2);
    CHECK(story.waits[0] == "pool default is paused: nothing of it starts");
    CHECK(story.waits[1] == "waiting for a/b until 07:52:05: x");
}
