// The main job with the real programs: items in, results out.
#include <csignal>
#include <filesystem>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/wait_until.hpp"

using namespace fleet;
using namespace fleet::test_support;
using Catch::Contains;

namespace {

base::Json json(const std::string& text) {
    return base::parse_json(text, "output of fleet");
}

/// `count` files with different contents; returns the items file's text.
std::string make_files(const FleetBox& box, int count) {
    std::filesystem::create_directory(box.path("files"));
    std::string items;
    for (int index = 0; index < count; ++index) {
        const std::string name = "files/file " + std::to_string(index) + ".txt";
        box.write(name, "content of " + std::to_string(index) + "\n");
        items += name + "\n";
    }
    return items;
}

}  // namespace

TEST_CASE("run hashes 200 files and every result is right") {
    const FleetBox box;
    box.write("items.txt", make_files(box, 200));
    const ProgramResult run = box.fleet({"run", "--items", "items.txt", "--batch", "hashes",
                                         "--output", "out.jsonl", "--", "sha256sum", "{}"});
    INFO(run.err << run.out << box.read(".fleet/logs/scaler-hashes.log"));
    REQUIRE(run.exit_code == 0);
    CHECK_THAT(run.out, Contains("200 done, 0 failed") && Contains("out.jsonl"));

    const auto lines = lines_of(box.read("out.jsonl"));
    REQUIRE(lines.size() == 200);
    CHECK(lines == box.results("hashes"));
    Program direct;
    direct.argv = {"sha256sum"};
    direct.directory = box.path("");
    std::map<std::string, std::string> hashed;
    for (const std::string& line : lines) {
        const base::Json result = json(line);
        CHECK(result.at("status") == "done");
        CHECK(result.at("error").is_null());
        CHECK(result.at("output").at("exit_code") == 0);
        const std::string item = result.at("input").at("item");
        direct.argv.push_back(item);
        hashed[item] = result.at("output").at("stdout");
    }
    CHECK(hashed.size() == 200);
    std::set<std::string> expected;
    for (const std::string& line : lines_of(run_program(direct).out)) {
        expected.insert(line + "\n");
    }
    for (const auto& [item, text] : hashed) {
        CHECK(expected.contains(text));
    }
    CHECK_FALSE(std::filesystem::exists(box.path(".fleet/spool/hashes.jsonl")));
    CHECK(std::filesystem::is_empty(box.path(".fleet/spool")));
}

TEST_CASE("items that fail are grouped, the exit code says so, and the rest goes on") {
    const FleetBox box;
    std::string items;
    for (int index = 0; index < 20; ++index) {
        items += std::to_string(index % 4) + "\n";
    }
    const ProgramResult run = box.fleet({"run", "--items", "-", "--batch", "b", "--", "sh", "-c",
                                         "test \"$1\" -lt 3 || exit 7", "sh", "{}"},
                                        items);
    INFO(run.err << run.out);
    CHECK(run.exit_code == 3);
    CHECK_THAT(run.out, Contains("15 done, 5 failed") && Contains("5 x exit_code") &&
                            Contains("fleet why "));
}

TEST_CASE("a single command needs no items, and its result can be read") {
    const FleetBox box;
    const ProgramResult run =
        box.fleet({"run", "--batch", "one", "--", "sh", "-c", "echo hello $#"});
    INFO(run.err << run.out);
    REQUIRE(run.exit_code == 0);
    const ProgramResult result = box.fleet({"result", "last"});
    INFO(result.err);
    CHECK(result.exit_code == 0);
    CHECK(json(result.out).at("stdout") == "hello 0\n");
}

TEST_CASE("fields, numbers, standard input and the environment reach the command") {
    const FleetBox box;
    const ProgramResult run = box.fleet(
        {"run", "--items", "-", "--batch", "b", "--env", "GREETING=hi there", "--stdin", "--quiet",
         "--output", "-", "--", "sh", "-c",
         "read -r line; echo \"$1 $2 $GREETING [$line] $FLEET_BATCH\"", "sh", "{name}", "{#}"},
        "{\"name\":\"a b\"}\n\n{\"name\":\"c\"}\n");
    INFO(run.err << run.out);
    REQUIRE(run.exit_code == 0);
    const auto lines = lines_of(run.out);
    REQUIRE(lines.size() == 2);
    CHECK(json(lines[0]).at("output").at("stdout") == "a b 1 hi there [{\"name\":\"a b\"}] b\n");
    CHECK(json(lines[1]).at("output").at("stdout") == "c 3 hi there [{\"name\":\"c\"}] b\n");
}

TEST_CASE("built-in machines run inside the workers") {
    const FleetBox box;
    const ProgramResult echo = box.fleet(
        {"run", "--items", "-", "--batch", "e", "--json", "builtin:echo"}, "{\"a\":1}\nx\n");
    INFO(echo.err << echo.out);
    REQUIRE(echo.exit_code == 0);
    CHECK(json(echo.out).at("done") == 2);
    const auto lines = box.results("e");
    REQUIRE(lines.size() == 2);
    CHECK(json(lines[0]).at("output") == json("{\"a\":1}"));
    CHECK(json(lines[1]).at("output") == json("{\"item\":\"x\"}"));

    const ProgramResult sleep =
        box.fleet({"run", "--input", "{\"seconds\":0.01}", "builtin:sleep"});
    INFO(sleep.err << sleep.out);
    CHECK(sleep.exit_code == 0);
}

TEST_CASE("retries succeed within max-attempts") {
    const FleetBox box;
    const ProgramResult run = box.fleet({"run", "--max-attempts", "3", "--batch", "b", "--", "sh",
                                         "-c", "echo x >> tries; test $(wc -l < tries) -ge 2"});
    INFO(run.err << run.out);
    CHECK(run.exit_code == 0);
    CHECK(lines_of(box.read("tries")).size() == 2);
}

TEST_CASE("fail-fast cancels what has not started") {
    const FleetBox box;
    std::string items;
    for (int index = 0; index < 50; ++index) {
        items += "x\n";
    }
    const ProgramResult run =
        box.fleet({"run", "--items", "-", "--batch", "b", "--workers", "1", "--slots", "1",
                   "--fail-fast", "--json", "--", "sh", "-c", "echo x >> ran; exit 1"},
                  items);
    INFO(run.err << run.out);
    CHECK(run.exit_code == 3);
    const base::Json summary = json(run.out);
    CHECK(summary.at("failed").get<int>() >= 1);
    CHECK(summary.at("cancelled").get<int>() > 0);
    CHECK(summary.at("pending") == 0);
    CHECK(lines_of(box.read("ran")).size() < 50);
}

TEST_CASE("submit prints an id per item, and wait and cancel take them") {
    const FleetBox box;
    const ProgramResult submitted =
        box.fleet({"submit", "--items", "-", "--batch", "s", "builtin:noop"}, "a\nb\nc\n");
    INFO(submitted.err);
    REQUIRE(submitted.exit_code == 0);
    const auto ids = lines_of(submitted.out);
    REQUIRE(ids.size() == 3);
    CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 3);

    const ProgramResult early = box.fleet({"wait", "--batch", "s", "--timeout", "0"});
    CHECK(early.exit_code == 4);
    CHECK_THAT(early.err, Contains("3 of 3 not finished"));
    CHECK(box.fleet({"result", ids[0]}).exit_code == 1);

    const ProgramResult cancelled = box.fleet({"cancel", ids[0]});
    CHECK(cancelled.exit_code == 0);
    CHECK_THAT(cancelled.out, Contains("cancelled 1"));
    CHECK(box.fleet({"wait", ids[0], "--timeout", "1"}).exit_code == 3);
    CHECK(box.fleet({"requeue", ids[0]}).out == "requeued 1\n");

    const ProgramResult resumed = box.fleet({"resume", "s", "--quiet"});
    INFO(resumed.err << resumed.out << box.read(".fleet/logs/scaler-s.log"));
    CHECK(resumed.exit_code == 0);
    CHECK(box.fleet({"wait", "--batch", "s"}).exit_code == 0);
    CHECK(box.fleet({"wait", ids[0], ids[1], ids[2]}).exit_code == 0);
}

TEST_CASE("beside a scaler that serves the store run only submits and waits") {
    const FleetBox box;
    REQUIRE(box.fleet({"submit", "builtin:noop"}).exit_code == 0);
    Program service;
    service.argv = {(bin_dir() / "scaler").string(), "--store", box.store().string()};
    ChildProgram scaler(service);
    REQUIRE(wait_until([&] { return box.fleet({"hosts", "--jsonl"}).out.size() > 2; }));
    const ProgramResult run =
        box.fleet({"run", "--items", "-", "--batch", "b", "--", "sh", "-c", "echo $1", "sh", "{}"},
                  "a\nb\nc\n");
    INFO(run.err << run.out << scaler.err());
    CHECK(run.exit_code == 0);
    CHECK_THAT(run.out, Contains("3 done"));
    CHECK_FALSE(std::filesystem::exists(box.path(".fleet/logs/scaler-b.log")));
    scaler.kill(SIGTERM);
    const auto end = scaler.wait(std::chrono::seconds(20));
    REQUIRE(end);
    CHECK(end->exit_code == 0);
}

TEST_CASE("a second run on the same store waits for its turn and both finish") {
    const FleetBox box;
    ChildProgram first(box.program({"run", "--batch", "first", "--", "sh", "-c",
                                    "touch started; while ! test -e go; do sleep 0.05; done"}));
    REQUIRE(wait_until([&] { return std::filesystem::exists(box.path("started")); }));
    ChildProgram second(box.program({"run", "--batch", "second", "--", "true"}));
    REQUIRE(wait_until(
        [&] { return second.err().find("waiting for batch first") != std::string::npos; }));
    box.write("go", "");
    const auto first_end = first.wait(std::chrono::seconds(20));
    const auto second_end = second.wait(std::chrono::seconds(20));
    INFO(first.err() << first.out() << second.err() << second.out());
    REQUIRE(first_end);
    REQUIRE(second_end);
    CHECK(first_end->exit_code == 0);
    CHECK(second_end->exit_code == 0);
}

TEST_CASE("a unique key that is live is not submitted twice") {
    const FleetBox box;
    const auto submit = [&box] {
        return box.fleet({"submit", "--unique", "night", "builtin:noop"});
    };
    const ProgramResult first = submit();
    const ProgramResult second = submit();
    CHECK(first.exit_code == 0);
    CHECK(first.out == second.out);
    CHECK_THAT(second.err, Contains("1 not submitted"));
    CHECK(box.executions() == 1);
}
