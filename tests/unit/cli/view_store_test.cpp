// What is read from a store for people: rows, ids, logs.
#include <algorithm>
#include <span>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "cli/care/completion_script.hpp"
#include "cli/core/find_execution.hpp"
#include "cli/view/case_file.hpp"
#include "cli/view/log_place.hpp"
#include "cli/view/log_reader.hpp"
#include "cli/view/machine_facts.hpp"
#include "cli/view/pool_rows.hpp"
#include "cli/view/story.hpp"
#include "common/base/errors.hpp"
#include "common/process/log_files.hpp"
#include "common/store/open.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_clock.hpp"

using namespace fleet;
using namespace fleet::cli;

namespace {

struct Filled {
    test_support::TestClock clock;
    std::unique_ptr<contracts::Store> store =
        store::open_store(base::StoreUrl::parse("memory:", "/"), clock);
    base::Uuid seed;

    explicit Filled(int items) {
        base::UuidGenerator ids;
        seed = ids.next(clock.wall_now());
        model::WorkSpec spec;
        spec.machine = "builtin:echo";
        const std::int64_t number = store->work().put_spec(spec);
        REQUIRE(store->work().create_batch(
            {.name = "b1", .pool = "default", .id_seed = seed, .spec = number, .options = "{}"}));
        contracts::PushRequest push;
        push.batch = "b1";
        push.pool = "default";
        push.spec = number;
        for (int item = 1; item <= items; ++item) {
            contracts::NewExecution execution;
            execution.id = base::derived_uuid(seed, static_cast<std::uint32_t>(item));
            execution.input = "{}";
            execution.item_number = item;
            push.executions.push_back(execution);
        }
        REQUIRE(store->work().push(push).outcome == contracts::PushResult::Outcome::pushed);
    }
};

}  // namespace

TEST_CASE("executions are found by id, by its beginning, as the last, and by batch and number") {
    // In hexadecimal the numbers end in 1 to f, and then 10: only one id ends in 1 and a digit.
    Filled filled(16);
    const model::ExecutionId third = base::derived_uuid(filled.seed, 3);
    const model::ExecutionId last = base::derived_uuid(filled.seed, 16);
    const std::string text = third.text();
    CHECK(resolve_id(*filled.store, text) == third);
    CHECK(resolve_id(*filled.store, "b1#3") == third);
    CHECK(resolve_id(*filled.store, last.text().substr(0, 35)) == last);
    CHECK(resolve_id(*filled.store, "last") == last);
    CHECK(find_execution(*filled.store, "b1#3").item_number == 3);
}

TEST_CASE("what is no id is refused with the forms that are") {
    Filled filled(20);
    for (const char* typed : {"0193", "hello", "b1#0", "b1#21", "b1#x", "b9#1",
                              "00000000-0000-7000-8000-000000000000", ""}) {
        CAPTURE(typed);
        CHECK_THROWS_AS(find_execution(*filled.store, typed), base::ConfigError);
    }
    // All items of the batch begin alike.
    CHECK_THROWS_AS(resolve_id(*filled.store, filled.seed.text().substr(0, 8)), base::ConfigError);
}

TEST_CASE("the rows of a pool have its counts and those who serve it") {
    Filled filled(20);
    const auto rows = collect_pool_rows(*filled.store, "default");
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].stage.ready == 20);
    CHECK(rows[0].workers == 0);
    CHECK(pool_row_json(rows[0]).find("\"pending\":20,\"ready\":20,\"delayed\":0") !=
          std::string::npos);
    CHECK(pool_hints(rows).at(0).find("no worker serves it") != std::string::npos);
    filled.store->scaling().set_paused("default", true);
    CHECK(pool_hints(collect_pool_rows(*filled.store, "")).at(0).find("is paused") !=
          std::string::npos);
}

TEST_CASE("a case file holds what belongs to the execution") {
    Filled filled(2);
    const CaseFile file = read_case_file(*filled.store, "b1#2", base::WallTime{});
    CHECK(file.execution.item_number == 2);
    REQUIRE(file.batch);
    CHECK(file.batch->name == "b1");
    REQUIRE(file.spec);
    CHECK(file.spec->machine == "builtin:echo");
    CHECK(file.attempts.empty());
    CHECK(file.running_attempt == 0);
}

TEST_CASE("a ready execution whose stage's provider is closed says what it waits for") {
    Filled filled(1);
    model::ProviderRules rules;
    rules.name = "p/big";
    filled.store->usage().configure(std::span(&rules, 1));
    auto pool = *filled.store->scaling().pool("default");
    const auto tell = [&filled] {
        return tell_story(read_case_file(*filled.store, "b1#1", base::WallTime{}));
    };
    pool.stages.emplace_back().stage = filled.store->work().find({}).executions.at(0).stage;
    pool.stages.back().provider = "p/big";
    filled.store->scaling().put_pool(pool);
    CHECK(tell().headline == "pending, it has not run yet");
    filled.store->usage().set_circuit("p/big", model::CircuitState::open,
                                      "the key is being changed");
    const Story story = tell();
    CHECK(story.headline == "waiting for p/big until a person closes its circuit");
    REQUIRE(story.waits.size() == 2);
    CHECK(story.waits[0].find("the key is being changed") != std::string::npos);
    CHECK(std::ranges::any_of(story.next, [](const auto& step) {
        return step.command == "fleet providers --close p/big";
    }));
    filled.store->usage().set_circuit("p/big", model::CircuitState::closed, "");
    CHECK(tell().headline == "pending, it has not run yet");
}

TEST_CASE("the logs of a running attempt are found where a worker puts them") {
    const test_support::TemporaryFolder folder;
    model::Execution execution;
    execution.id = *base::Uuid::parse("0193d2c4-1111-7222-8333-444455556666");
    execution.batch = GENERATE(std::string("b1"), std::string(), std::string(".odd"));
    process::LogFolder logs(folder.path());
    const std::string header =
        process::header_text({.store = "s", .execution = execution.id.text(), .attempt = 2});
    CHECK_FALSE(locate_logs(folder.path(), execution, {}, 2));
    for (int name = 0; name < 2; ++name) {
        auto opened = logs.open(execution.batch, execution.id, 2, header);
        auto* files = std::get_if<process::LogFiles>(&opened);
        REQUIRE(files != nullptr);
        test_support::write_file(files->stdout_path, header + "hello\n");
        const auto place = locate_logs(folder.path(), execution, {}, 2);
        REQUIRE(place);
        CHECK(place->stdout_path == files->stdout_path);
        CHECK(place->stderr_path == files->stderr_path);
        std::ostringstream out;
        LogReader reader(place->stdout_path, place->stdout_offset);
        reader.copy_new(out);
        CHECK(out.str() == "hello\n");
    }
}

TEST_CASE("a log reader goes on where it stopped") {
    const test_support::TemporaryFolder folder;
    const std::string path = (folder / "log").string();
    LogReader reader(path, 3);
    std::ostringstream out;
    reader.copy_new(out);
    CHECK_FALSE(reader.is_open());
    test_support::write_file(path, "xxxone");
    reader.copy_new(out);
    CHECK(out.str() == "one");
    test_support::write_file(path, "xxxonetwo");
    reader.copy_new(out);
    CHECK(out.str() == "onetwo");
    CHECK_FALSE(reader.is_truncated());
    test_support::write_file(path, "x");
    CHECK(reader.is_truncated());
}

TEST_CASE("completion scripts are scripts that a shell accepts, with all names in them") {
    CompletedProgram program;
    program.options = {{{"--store"}, "URL", "the store [default: it's here]"}};
    program.commands = {
        {"ps",
         "lists: it's all",
         {{{"--status"}, "STATUS,...", "x"}, {{"--json"}, "", "y"}},
         "",
         false},
        {"providers", "who is called", {{{"--close"}, "PROVIDER", "c"}}, "PROVIDER", false},
        {"pause", "stops a pool", {{{"--batch", "-b"}, "BATCH", "of a batch"}}, "POOL", false},
        {"run", "runs", {{{"--items"}, "FILE", "z"}}, "MACHINE", true}};
    const std::string bash = bash_completion(program);
    CHECK(bash.find("ps providers pause run --store") != std::string::npos);
    const auto checked = test_support::run_program({.argv = {"bash", "-n"}, .stdin_text = bash});
    CHECK(checked.exit_code == 0);
    CHECK(checked.err.empty());
    const auto offered = test_support::run_program(
        {.argv = {"bash", "-s"},
         .stdin_text =
             bash + "COMP_WORDS=(fleet ps --status ru); COMP_CWORD=3; _fleet\n"
                    "echo \"${COMPREPLY[*]}\"\n"
                    "COMP_WORDS=(fleet pau); COMP_CWORD=1; _fleet; echo \"${COMPREPLY[*]}\"\n"
                    "COMP_WORDS=(fleet ps --js); COMP_CWORD=2; _fleet; echo \"${COMPREPLY[*]}\"\n"
                    "fleet() { echo '{\"pool\":\"gpu\",\"x\":{\"pool\":\"no\"}}'; }\n"
                    "COMP_WORDS=(fleet pause ''); COMP_CWORD=2; _fleet\n"
                    "echo \"${COMPREPLY[*]}\"\n"
                    "fleet() { echo '{\"provider\":\"openai/gpt\",\"budget\":{}}'; }\n"
                    "COMP_WORDS=(fleet providers --close op); COMP_CWORD=3; _fleet\n"
                    "echo \"${COMPREPLY[*]}\"\n"});
    CHECK(offered.out == "running\npause\n--json\ngpu\nopenai/gpt\n");
    const std::string zsh = zsh_completion(program);
    CHECK(zsh.rfind("#compdef fleet\n", 0) == 0);
    CHECK(zsh.find("'--store[the store \\[default\\: it'\\''s here\\]]:URL:_files'") !=
          std::string::npos);
    CHECK(zsh.find("{_fleet_offer pool scale}") != std::string::npos);
}

namespace {

/// As the engine writes it, of the machine `review`.
model::Snapshot snapshot_at(const model::ExecutionId& id, std::int64_t step,
                            const std::string& state) {
    model::Snapshot snapshot;
    snapshot.execution_id = id.text();
    snapshot.machine_name = "review";
    snapshot.event = "state_exit";
    snapshot.current_state = state;
    snapshot.step = step;
    snapshot.json = R"({"execution_id":")" + snapshot.execution_id +
                    R"(","machine_name":"review","event":"state_exit","current_state":")" + state +
                    R"(","step":)" + std::to_string(step) + R"(,"created_at":"2026-11-21T07:50:3)" +
                    std::to_string(step) + R"(.000000Z","context":{"seen":)" +
                    std::to_string(step) + "}}";
    return snapshot;
}

}  // namespace

TEST_CASE("the last checkpoint is where an execution goes on, also when it is not kept") {
    Filled filled(1);
    const model::ExecutionId id = base::derived_uuid(filled.seed, 1);
    model::WorkerRecord worker;
    worker.worker_id = "w";
    worker.owner = "box:1:run";
    worker.pool = "default";
    REQUIRE(std::holds_alternative<contracts::Registered>(
        filled.store->registration().register_worker(worker)));
    contracts::ClaimRequest request;
    request.worker_id = "w";
    request.pool = "default";
    request.begin = 1;
    const auto claimed = filled.store->work().claim(request).claimed;
    REQUIRE(claimed.size() == 1);
    CHECK_FALSE(last_checkpoint(*filled.store, id));
    const auto commit = [&](std::int64_t step, const std::string& state, bool keep) {
        model::StepCommit one;
        one.lease = claimed.front().lease;
        one.commit_id = step;
        one.attempt = claimed.front().attempt;
        one.snapshot = snapshot_at(id, step, state);
        one.keep_history = keep;
        one.next = model::NextRunning{};
        const std::vector<model::StepCommit> commits{one};
        REQUIRE(filled.store->commit(commits).front() == model::CommitResult::applied);
    };
    commit(1, "plan", true);
    const auto kept = last_checkpoint(*filled.store, id);
    REQUIRE(kept);
    CHECK(kept->key == snapshot_at(id, 1, "plan").key());
    commit(3, "write", false);
    const auto resumed = last_checkpoint(*filled.store, id);
    REQUIRE(resumed);
    CHECK(resumed->key.empty());
    CHECK(resumed->step == 3);
    CHECK(resumed->state == "write");
    CHECK(resumed->event == "state_exit");
    CHECK(resumed->created_at == "2026-11-21T07:50:33.000000Z");
    CHECK(resumed->context == R"({"seen":3})");
    CHECK(kept_checkpoints(*filled.store, id, 10).size() == 1);
    // Another member of the family may have gone on from a checkpoint of its own.
    filled.store->checkpoints().save(snapshot_at(id, 5, "check"));
    CHECK(last_checkpoint(*filled.store, id)->state == "check");
}
