#include <filesystem>

#include <catch2/catch.hpp>

#include "cli/core/app.hpp"
#include "cli/work/batch_options.hpp"
#include "cli/work/command_check.hpp"
#include "cli/work/item_check.hpp"
#include "common/base/errors.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace fleet;
using namespace fleet::cli;
using Catch::Contains;

namespace {

model::WorkSpec command(std::vector<std::string> argv) {
    model::WorkSpec spec;
    spec.argv = std::move(argv);
    return spec;
}

std::string refusal(const ItemCheck& check, const std::string& input, std::int64_t line) {
    try {
        check(input, line);
    } catch (const base::ConfigError& error) {
        return error.full_text();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("an item without a field that the command names is refused with its line") {
    const ItemCheck check = make_item_check(command({"job", "{name}"}), "", "jobs.jsonl");
    CHECK(refusal(check, R"({"name":"a"})", 1) == "accepted");
    CHECK_THAT(refusal(check, R"({"nam":"a"})", 7), Contains("jobs.jsonl line 7") &&
                                                        Contains("{name}") &&
                                                        Contains("nothing was submitted"));
}

TEST_CASE("an item that no argument can carry is refused, unless it goes to standard input") {
    const std::string large = "{\"item\":\"" + std::string(200'000, 'x') + "\"}";
    model::WorkSpec spec = command({"wc"});
    CHECK_THAT(refusal(make_item_check(spec, "", "f"), large, 3),
               Contains("f line 3") && Contains("131071") && Contains("--stdin"));
    CHECK_THAT(refusal(make_item_check(spec, "", "f"), R"({"item":"a\u0000b"})", 1),
               Contains("zero byte"));
    spec.item_on_stdin = true;
    CHECK(refusal(make_item_check(spec, "", "f"), large, 3) == "accepted");
    CHECK(refusal(make_item_check(spec, "", "f"), R"({"item":"a\u0000b"})", 1) == "accepted");
}

TEST_CASE("a unique key must fit every item") {
    const ItemCheck check = make_item_check(command({"job"}), "{user}", "f");
    CHECK(refusal(check, R"({"user":1})", 1) == "accepted");
    CHECK_THAT(refusal(check, R"({"item":"x"})", 2), Contains("f line 2") && Contains("--unique"));
}

TEST_CASE("the sleep machine's input is checked before it is submitted") {
    model::WorkSpec spec;
    spec.machine = "builtin:sleep";
    const ItemCheck check = make_item_check(spec, "", "f");
    CHECK(refusal(check, R"({"seconds":0.5})", 1) == "accepted");
    CHECK_THAT(refusal(check, R"({"item":"x"})", 2), Contains("f line 2"));
    CHECK_THAT(refusal(check, R"({"seconds":-1})", 3), Contains("seconds"));
    CHECK_THAT(refusal(make_item_check(spec, "", ""), "", 1), Contains("the input"));
}

TEST_CASE("a command that cannot be started is told apart") {
    const test_support::TemporaryFolder folder;
    namespace fs = std::filesystem;
    test_support::write_file(folder / "tool", "#!/bin/sh\n");
    test_support::write_file(folder / "plain", "text\n");
    fs::permissions(folder / "tool", fs::perms::owner_all);
    fs::permissions(folder / "plain", fs::perms::owner_read);
    fs::create_directory(folder / "dir");
    const std::string path = "/nowhere:" + folder.path().string();

    CHECK_NOTHROW(check_command("tool", "/", path));
    CHECK_NOTHROW(check_command("./tool", folder.path(), ""));
    CHECK_NOTHROW(check_command(folder / "tool", "/", ""));
    CHECK_THROWS_WITH(check_command("toool", "/", path), Contains("command not found: toool"));
    CHECK_THROWS_WITH(check_command("./none", folder.path(), path), Contains("command not found"));
    CHECK_THROWS_WITH(check_command("plain", "/", path), Contains("not executable"));
    CHECK_THROWS_WITH(check_command("./dir", folder.path(), path), Contains("is a directory"));
}

TEST_CASE("a working directory must be one") {
    const test_support::TemporaryFolder folder;
    test_support::write_file(folder / "file", "x");
    CHECK_NOTHROW(check_directory(folder.path()));
    CHECK_THROWS_WITH(check_directory(folder / "none"), Contains("No such file or directory"));
    CHECK_THROWS_WITH(check_directory(folder / "file"), Contains("is not a directory"));
}

TEST_CASE("the number of workers is one or a range") {
    struct Row {
        const char* text;
        int min;
        int max;
    };
    for (const Row& row :
         {Row{"4", 4, 4}, Row{"1..8", 1, 8}, Row{"0..3", 0, 3}, Row{"2..", 2, 0}}) {
        CAPTURE(row.text);
        const WorkerRange range = parse_worker_range(row.text);
        CHECK(range.min == row.min);
        CHECK(range.max == row.max);
    }
    for (const char* text : {"", "0", "x", "4..2", "..4", "1...3", "0..0", "-1", "1..999999"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parse_worker_range(text), UsageError);
    }
}

TEST_CASE("batch names hold what a file name may hold") {
    CHECK_NOTHROW(check_batch_name("nightly-2026.11_a"));
    for (const char* name : {"", "a b", "a/b", "-x", "\xC3\xBC"}) {
        CAPTURE(name);
        CHECK_THROWS_AS(check_batch_name(name), UsageError);
    }
    CHECK_THROWS_AS(check_batch_name(std::string(101, 'a')), UsageError);
    const std::string made = new_batch_name(base::WallTime(base::Millis(1'795'247'430'123)));
    CHECK(made.substr(0, 16) == "20261121-075030-");
    CHECK(made.size() == 20);
    CHECK_NOTHROW(check_batch_name(made));
}

TEST_CASE("batch options survive the store") {
    BatchOptions options;
    options.spool = "b.x.jsonl";
    options.items = 12;
    options.load = {.max_attempts = 3,
                    .priority = -2,
                    .delay = base::Millis{1500},
                    .unique_key = "{a}\"\xC3\xBC"};
    options.workers = {.min = 2, .max = 5};
    options.slots = 7;
    options.grace = base::Millis{9'000};
    options.fail_fast = true;
    options.output = "/x/y.jsonl";
    const BatchOptions read = batch_options_from_json(to_json_text(options));
    CHECK(to_json_text(read) == to_json_text(options));
    CHECK(read.load.unique_key == options.load.unique_key);
    CHECK(read.fail_fast);
    CHECK(batch_options_from_json("").workers.min == 1);
    CHECK(batch_options_from_json("{}").load.max_attempts == 1);
}
