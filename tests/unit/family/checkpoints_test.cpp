#include <fstream>

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "machines/expression/value.hpp"
#include "tests/unit/family/storage.hpp"

namespace fleet::family::test {

using engine::Event;
using expression::Value;

TEST_CASE("the latest checkpoint is the one that was saved last") {
    Opened opened(GENERATE("memory", "folder", "sqlite"));
    CHECK_FALSE(opened.checkpoints().latest("e1"));
    opened.checkpoints().save(snapshot("e1", 1, Event::state_enter));
    opened.checkpoints().save(snapshot("e1", 2, Event::state_exit));
    opened.checkpoints().save(snapshot("e1", 2, Event::execute));
    opened.open();
    const auto latest = opened.checkpoints().latest("e1");
    REQUIRE(latest);
    CHECK(latest->event == Event::execute);
    CHECK(latest->step == 2);
    CHECK(latest->machine_name == "review");
    CHECK_FALSE(latest->created_at.empty());
    CHECK(expression::equal(latest->context, snapshot("e1", 1, Event::execute).context));
}

TEST_CASE("every checkpoint stays under its key") {
    Opened opened(GENERATE("memory", "folder", "sqlite"));
    opened.checkpoints().save(snapshot("e1", 1, Event::state_enter));
    opened.checkpoints().save(snapshot("e1", 41, Event::waiting));
    opened.checkpoints().save(snapshot("e10", 1, Event::machine_start));
    opened.open();
    CHECK(
        opened.checkpoints().keys("e1") ==
        std::vector<std::string>{"e1/step_000001_state_enter.json", "e1/step_000041_waiting.json"});
    const auto first = opened.checkpoints().load("e1/step_000001_state_enter.json");
    REQUIRE(first);
    CHECK(first->event == Event::state_enter);
    CHECK_FALSE(opened.checkpoints().load("e1/step_000002_state_enter.json"));
}

TEST_CASE("executions are listed by their latest checkpoint") {
    Opened opened(GENERATE("memory", "folder", "sqlite"));
    auto waiting = snapshot("b", 1, Event::waiting);
    waiting.waiting_channel = "approval/1";
    opened.checkpoints().save(waiting);
    opened.checkpoints().save(snapshot("c", 3, Event::machine_end));
    waiting.execution_id = "a";
    opened.checkpoints().save(waiting);
    opened.checkpoints().save(snapshot("a", 2, Event::state_exit));
    opened.open();
    auto& checkpoints = opened.checkpoints();
    CHECK(checkpoints.list() == std::vector<std::string>{"a", "b", "c"});
    CHECK(checkpoints.list({.event = Event::machine_end, .waiting_channel = {}}) ==
          std::vector<std::string>{"c"});
    CHECK(checkpoints.list({.event = {}, .waiting_channel = "approval/1"}) ==
          std::vector<std::string>{"b"});
}

TEST_CASE("a clone has another id, its source as parent and no launches") {
    Opened opened(GENERATE("memory", "folder", "sqlite"));
    auto source = snapshot("e1", 7, Event::waiting);
    source.waiting_channel = "go";
    source.pending_launches.push_back({"kid-1", "kid", Value::dict({}), false});
    opened.checkpoints().save(source);
    const auto clone = opened.checkpoints().clone("e1", "copy");
    REQUIRE(clone);
    opened.open();
    const auto latest = opened.checkpoints().latest("copy");
    REQUIRE(latest);
    CHECK(latest->execution_id == "copy");
    CHECK(latest->parent_execution_id == "e1");
    CHECK(latest->pending_launches.empty());
    CHECK(latest->waiting_channel == "go");
    CHECK(latest->step == 7);
    CHECK(opened.checkpoints().latest("e1")->pending_launches.size() == 1);
    CHECK_FALSE(opened.checkpoints().clone("nobody", "copy-2"));
}

TEST_CASE("a removed execution leaves nothing and takes nobody with it") {
    Opened opened(GENERATE("memory", "folder", "sqlite"));
    opened.checkpoints().save(snapshot("e1", 1, Event::state_enter));
    opened.checkpoints().save(snapshot("e10", 1, Event::state_enter));
    opened.checkpoints().remove("e1");
    opened.checkpoints().remove("nobody");
    opened.open();
    CHECK_FALSE(opened.checkpoints().latest("e1"));
    CHECK(opened.checkpoints().keys("e1").empty());
    CHECK(opened.checkpoints().list() == std::vector<std::string>{"e10"});
}

TEST_CASE("an id that would lead out of its folder is refused") {
    Opened opened(GENERATE("memory", "folder", "sqlite"));
    for (const std::string id : {"", "..", "a/b", "a..b", ".hidden"}) {
        CAPTURE(id);
        CHECK_THROWS_AS(opened.checkpoints().save(snapshot(id, 1, Event::execute)),
                        base::ConfigError);
        CHECK_THROWS_AS(opened.checkpoints().latest(id), base::ConfigError);
    }
}

TEST_CASE("a folder has a file for each checkpoint and one that names the latest") {
    Opened opened("folder");
    opened.checkpoints().save(snapshot("e1", 2, Event::state_exit));
    CHECK(test_support::read_file(opened.folder() / "e1/latest") ==
          "e1/step_000002_state_exit.json");
    const auto json = base::parse_json(
        test_support::read_file(opened.folder() / "e1/step_000002_state_exit.json"), "checkpoint");
    CHECK(json["execution_id"] == "e1");
    CHECK(json["event"] == "state_exit");
    CHECK(json["parent_execution_id"].is_null());
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(opened.folder() / "e1")) {
        files += entry.is_regular_file() ? 1 : 0;
    }
    CHECK(files == 2);  // no draft is left
}

TEST_CASE("a folder that another program wrote is read") {
    Opened opened("folder");
    std::filesystem::create_directories(opened.folder() / "e7");
    test_support::write_file(opened.folder() / "e7/step_000003_waiting.json",
                             R"({"execution_id":"e7","machine_name":"m","spec_version":"4.2.1",)"
                             R"("current_state":"wait","context":{"a":1},"step":3,)"
                             R"("created_at":"2026-01-01T00:00:00+00:00","event":"waiting",)"
                             R"("waiting_channel":"go"})");
    test_support::write_file(opened.folder() / "e7/latest", "e7/step_000003_waiting.json\n");
    const auto latest = opened.checkpoints().latest("e7");
    REQUIRE(latest);
    CHECK(latest->waiting_channel == "go");
    CHECK(latest->current_state == "wait");
    test_support::write_file(opened.folder() / "e7/latest", "../../etc/passwd");
    CHECK_FALSE(opened.checkpoints().latest("e7"));
}

TEST_CASE("a broken checkpoint is an error that says so, not a missing one") {
    Opened opened("folder");
    std::filesystem::create_directories(opened.folder() / "e7");
    test_support::write_file(opened.folder() / "e7/step_000003_waiting.json", "{\"step\":");
    test_support::write_file(opened.folder() / "e7/latest", "e7/step_000003_waiting.json");
    CHECK_THROWS_AS(opened.checkpoints().latest("e7"), base::ProtocolError);
}

}  // namespace fleet::family::test
