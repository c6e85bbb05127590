// What is wrong is said clearly, and nothing is submitted.
#include <filesystem>

#include <catch2/catch.hpp>
#include <sqlite3.h>

#include "tests/support/fleet_box.hpp"

using namespace fleet;
using namespace fleet::test_support;
using Catch::Contains;

namespace {

/// One line "fleet: what happened; what to do", exit code `code`, nothing in the store.
void check_refused(const FleetBox& box, const ProgramResult& run, int code) {
    INFO("out: " << run.out << "\nerr: " << run.err);
    CHECK(run.exit_code == code);
    CHECK_THAT(run.err, Catch::StartsWith("fleet: "));
    CHECK(box.executions() == 0);
}

ProgramResult run_items(const FleetBox& box, const std::string& items,
                        std::vector<std::string> more = {}) {
    box.write("items.txt", items);
    std::vector<std::string> arguments{"run", "--items", "items.txt"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.insert(arguments.end(), {"--", "echo", "{}"});
    return box.fleet(arguments);
}

void sql(const std::filesystem::path& file, const char* text) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &database) == SQLITE_OK);
    const int code = sqlite3_exec(database, text, nullptr, nullptr, nullptr);
    sqlite3_close(database);
    REQUIRE(code == SQLITE_OK);
}

}  // namespace

TEST_CASE("an unknown option or command is refused with the nearest one") {
    const FleetBox box;
    const ProgramResult option = box.fleet({"run", "--itmes", "x", "--", "true"});
    check_refused(box, option, 2);
    CHECK_THAT(option.err, Contains("--itmes") && Contains("--items"));

    const ProgramResult command = box.fleet({"rnu", "--", "true"});
    check_refused(box, command, 2);
    CHECK_THAT(command.err, Contains("rnu") && Contains("fleet run"));

    const ProgramResult machine = box.fleet({"run", "builtin:ehco"});
    check_refused(box, machine, 2);
    CHECK_THAT(machine.err, Contains("builtin:echo"));

    const ProgramResult nothing = box.fleet({"run"});
    check_refused(box, nothing, 2);
}

TEST_CASE("a machine file that cannot be started is refused with all that is wrong in it") {
    const FleetBox box;
    box.write("machine.yml", "spec: flatmachine\n");
    const ProgramResult run = box.fleet({"run", "machine.yml"});
    CHECK(run.exit_code == 1);
    CHECK_THAT(run.err, Contains("machine.yml:1:1: error: `spec_version` is missing") &&
                            Contains("Config missing 'data' section") &&
                            Contains("nothing was submitted"));
    CHECK(box.executions() == 0);
}

TEST_CASE("a command that is not found or not executable is refused before anything is submitted") {
    const FleetBox box;
    const ProgramResult missing = box.fleet({"run", "--", "no-such-command-here", "{}"});
    check_refused(box, missing, 1);
    CHECK_THAT(missing.err, Contains("command not found: no-such-command-here"));

    box.write("plain.txt", "text");
    const ProgramResult plain = box.fleet({"submit", "--", "./plain.txt"});
    check_refused(box, plain, 1);
    CHECK_THAT(plain.err, Contains("plain.txt is not executable"));
}

TEST_CASE("a working directory or a folder for results that is missing is refused") {
    const FleetBox box;
    const ProgramResult directory = box.fleet({"run", "--cwd", "nowhere", "--", "true"});
    check_refused(box, directory, 1);
    CHECK_THAT(directory.err, Contains("nowhere") && Contains("No such file or directory"));

    const ProgramResult output = box.fleet({"run", "--output", "no/out.jsonl", "--", "true"});
    check_refused(box, output, 1);
    CHECK_THAT(output.err, Contains("out.jsonl"));
}

TEST_CASE("an items file that is missing or empty is refused") {
    const FleetBox box;
    const ProgramResult missing = box.fleet({"run", "--items", "none.txt", "--", "echo", "{}"});
    check_refused(box, missing, 1);
    CHECK_THAT(missing.err, Contains("none.txt") && Contains("No such file"));

    const ProgramResult empty = run_items(box, "");
    check_refused(box, empty, 1);
    CHECK_THAT(empty.err, Contains("items.txt is empty"));

    const ProgramResult blank = run_items(box, "\n\r\n\n");
    check_refused(box, blank, 1);
    CHECK_THAT(blank.err, Contains("3 empty lines and no item"));
}

TEST_CASE("one broken line refuses the whole file and is named by its number") {
    const FleetBox box;
    const ProgramResult broken = run_items(box, "{\"a\":1}\n{\"a\":2}\n{\"a\": oops}\n");
    check_refused(box, broken, 1);
    CHECK_THAT(broken.err, Contains("items.txt line 3") && Contains("not valid JSON"));

    const ProgramResult bytes = run_items(box, "good\n\nbad \xFF\xFE\n");
    check_refused(box, bytes, 1);
    CHECK_THAT(bytes.err, Contains("items.txt line 3") && Contains("UTF-8") && Contains("--raw"));

    box.write("items.txt", "{\"name\":\"a\"}\n{\"nmae\":\"b\"}\n");
    const ProgramResult field = box.fleet({"run", "--items", "items.txt", "--", "echo", "{name}"});
    check_refused(box, field, 1);
    CHECK_THAT(field.err, Contains("items.txt line 2") && Contains("{name}"));
}

TEST_CASE("CRLF, a missing final newline, and bytes with --raw are no problem") {
    const FleetBox box;
    const ProgramResult crlf = run_items(box, "one\r\ntwo\r\nthree", {"--batch", "crlf", "-q"});
    INFO(crlf.err);
    REQUIRE(crlf.exit_code == 0);
    const auto lines = box.results("crlf");
    REQUIRE(lines.size() == 3);
    CHECK_THAT(lines[1], Contains("\"stdout\":\"two\\n\""));
    CHECK_THAT(lines[2], Contains("\"stdout\":\"three\\n\""));

    box.write("bytes.txt", "b\xFF\n");
    const ProgramResult raw =
        box.fleet({"run", "--items", "bytes.txt", "--raw", "--batch", "raw", "-q", "--", "sh", "-c",
                   "printf '%s' \"$1\" | od -An -tx1", "sh", "{}"});
    INFO(raw.err);
    CHECK(raw.exit_code == 0);
    const auto raw_lines = box.results("raw");
    REQUIRE(raw_lines.size() == 1);
    CHECK_THAT(raw_lines[0], Contains("62 ff"));
}

TEST_CASE("a 10 MiB line is refused as an argument and goes through standard input") {
    const FleetBox box;
    const std::string items = "small\n" + std::string(10U << 20U, 'x') + "\n";
    const ProgramResult argument = run_items(box, items);
    check_refused(box, argument, 1);
    CHECK_THAT(argument.err, Contains("items.txt line 2") && Contains("--stdin"));

    const ProgramResult input = box.fleet(
        {"run", "--items", "items.txt", "--stdin", "--batch", "big", "-q", "--", "wc", "-c"});
    INFO(input.err);
    CHECK(input.exit_code == 0);
    const auto lines = box.results("big");
    REQUIRE(lines.size() == 2);
    CHECK_THAT(lines[1], Contains("\"stdout\":\"10485760"));
}

TEST_CASE("a store that cannot be made is refused") {
    const FleetBox box;
    box.write("file", "x");
    const ProgramResult below_file = box.fleet({"run", "--store", "file/store.db", "--", "true"});
    check_refused(box, below_file, 1);
    CHECK_THAT(below_file.err, Contains("file/store.db") || Contains("file"));

    const ProgramResult missing = box.fleet({"run", "--store", "none/store.db", "--", "true"});
    check_refused(box, missing, 1);
    CHECK_THAT(missing.err, Contains("none"));

    const ProgramResult memory = box.fleet({"run", "--store", "memory:", "--", "true"});
    check_refused(box, memory, 1);
    CHECK_THAT(memory.err, Contains("memory:") && Contains("sqlite"));
}

TEST_CASE("a file that is not a database is refused and stays as it is") {
    const FleetBox box;
    const std::string text = "This is a letter, not a database. " + std::string(4096, 'x');
    box.write("letter.db", text);
    const ProgramResult run = box.fleet({"run", "--store", "letter.db", "--", "true"});
    check_refused(box, run, 1);
    CHECK_THAT(run.err, Contains("letter.db") && Contains("not an SQLite database"));
    CHECK(box.read("letter.db") == text);
}

TEST_CASE("a database of a newer program is refused and stays as it is") {
    const FleetBox box;
    REQUIRE(box.fleet({"submit", "--store", "s.db", "builtin:noop"}).exit_code == 0);
    sql(box.path("s.db"), "PRAGMA user_version = 999");
    const ProgramResult run = box.fleet({"submit", "--store", "s.db", "builtin:noop"});
    check_refused(box, run, 1);
    CHECK_THAT(run.err, Contains("s.db") && Contains("999") && Contains("newer"));
}

TEST_CASE("a pool, a batch, a status or an execution that is not known is refused") {
    const FleetBox box;
    const ProgramResult pool = box.fleet({"run", "--pool", "defualt", "--", "true"});
    check_refused(box, pool, 1);
    CHECK_THAT(pool.err, Contains("defualt") && Contains("default"));
    CHECK(box.fleet({"wait", "--batch", "none"}).exit_code == 1);
    CHECK(box.fleet({"resume", "none"}).exit_code == 1);
    CHECK(box.fleet({"result", "0192f3a4-0000-7000-8000-000000000001"}).exit_code == 1);
    const ProgramResult status = box.fleet({"results", "--status", "dnoe"});
    CHECK(status.exit_code == 2);
    CHECK_THAT(status.err, Contains("done"));
}

TEST_CASE("a batch name that is taken is refused") {
    const FleetBox box;
    REQUIRE(box.fleet({"submit", "--batch", "b", "builtin:noop"}).exit_code == 0);
    const ProgramResult again = box.fleet({"submit", "--batch", "b", "builtin:noop"});
    CHECK(again.exit_code == 1);
    CHECK_THAT(again.err, Contains("there is a batch b already"));
    CHECK(box.executions() == 1);
}
