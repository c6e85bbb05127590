#include "machines/calls/hook_table.hpp"

#include <catch2/catch.hpp>

#include "machines/config/document.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace fleet;
using calls::OtherMembers;
using Catch::Matchers::Contains;
using test_support::TemporaryFolder;
using test_support::write_file;

std::string lines_of(const TemporaryFolder& folder, const calls::HookTableFile& file) {
    std::string lines;
    for (const auto& one : file.diagnostics) {
        lines += one.line().substr(folder.path().string().size() + 1) + '\n';
    }
    return lines;
}

}  // namespace

TEST_CASE("a table names commands and endpoints, with paths from the file's folder") {
    const TemporaryFolder folder;
    write_file(folder / "hooks.yml",
               "hooks:\n"
               "  review: {command: [./bin/review, --fast], env: {MODE: strict, LEVEL: 3},\n"
               "           timeout: 2.5, concurrent: true}\n"
               "  plain: {command: [python3, plain.py], cwd: work}\n"
               "  audit: {url: 'https://audit.example/h', api_key_env: KEY, headers: {X-A: b}}\n"
               "  secret: {url: 'http://x', api_key_file: key.txt}\n");
    const auto file = calls::read_hook_file(folder / "hooks.yml", OtherMembers::refused);
    CHECK(lines_of(folder, file).empty());
    REQUIRE(file.table.has_value());
    const std::string here = folder.path().string();
    const auto& review = std::get<calls::CommandEntry>(file.table->at("review"));
    CHECK(review.command == std::vector<std::string>{here + "/bin/review", "--fast"});
    CHECK(review.env ==
          std::vector<std::pair<std::string, std::string>>{{"MODE", "strict"}, {"LEVEL", "3"}});
    CHECK(review.timeout == base::Millis{2'500});
    CHECK(review.concurrent == true);
    const auto& plain = std::get<calls::CommandEntry>(file.table->at("plain"));
    CHECK(plain.command.front() == "python3");
    CHECK(plain.directory == here + "/work");
    CHECK(plain.concurrent == std::nullopt);
    const auto& audit = std::get<calls::EndpointEntry>(file.table->at("audit"));
    CHECK(audit.url == "https://audit.example/h");
    CHECK(audit.api_key_env == "KEY");
    CHECK(audit.headers.at(0).second == "b");
    CHECK(std::get<calls::EndpointEntry>(file.table->at("secret")).api_key_file ==
          here + "/key.txt");
}

TEST_CASE("a table that is kept with a machine is the same afterwards, wherever it is read") {
    const TemporaryFolder folder;
    write_file(folder / "hooks.yml",
               "hooks:\n"
               "  review: {command: [./bin/review, ''], env: {MODE: strict, EMPTY: ''},\n"
               "           timeout: 1.001, concurrent: false}\n"
               "  plain: {command: [python3, plain.py], cwd: work}\n"
               "  audit: {url: 'https://audit.example/h', api_key_env: KEY, headers: {X-A: b}}\n"
               "  secret: {url: 'http://x', api_key_file: key.txt, timeout: 86400}\n");
    const auto file = calls::read_hook_file(folder / "hooks.yml", OtherMembers::refused);
    CHECK(lines_of(folder, file).empty());
    REQUIRE(file.table.has_value());
    const std::string stored = config::to_json(calls::stored_hooks(*file.table));
    const auto parsed = config::parse_document(stored, "stored", config::Syntax::json);
    REQUIRE(parsed.root);
    const calls::HookTable again = calls::read_stored_hooks(*parsed.root);
    CHECK(config::to_json(calls::stored_hooks(again)) == stored);
    const auto& review = std::get<calls::CommandEntry>(again.at("review"));
    CHECK(review.command == std::vector<std::string>{folder.path().string() + "/bin/review", ""});
    CHECK(review.env ==
          std::vector<std::pair<std::string, std::string>>{{"MODE", "strict"}, {"EMPTY", ""}});
    CHECK(review.directory == std::get<calls::CommandEntry>(file.table->at("review")).directory);
    CHECK(review.timeout == base::Millis{1'001});
    CHECK(review.concurrent == false);
    CHECK(std::get<calls::EndpointEntry>(again.at("secret")).api_key_file ==
          folder.path().string() + "/key.txt");
    CHECK_THROWS_WITH(
        calls::read_stored_hooks(
            *config::parse_document("a: {command: []}", "m", config::Syntax::yaml).root),
        Contains("`command` names no program"));
}

TEST_CASE("everything that is wrong with a table is told at once, with its place") {
    const TemporaryFolder folder;
    write_file(folder / "hooks.yml",
               "hooks:\n"
               "  logging: {command: [a]}\n"
               "  both: {command: [a], url: 'http://x'}\n"
               "  none: {timeout: 0}\n"
               "  typo: {comand: [a], url: 'http://x'}\n"
               "  mixed: {url: 'http://x', cwd: /tmp}\n"
               "  scheme: {url: 'ftp://x'}\n"
               "  key: {url: 'http://x', api_key: abc}\n"
               "  empty: {command: []}\n"
               "  text: run.py\n"
               "  header: {url: 'http://x', headers: {\"a b\": c}}\n"
               "hook: 1\n");
    const auto file = calls::read_hook_file(folder / "hooks.yml", OtherMembers::refused);
    CHECK_FALSE(file.table.has_value());
    const std::string lines = lines_of(folder, file);
    for (const char* line :
         {"hooks.yml:2:3: error: `logging` is the name of built-in hooks; choose another name\n",
          "hooks.yml:3:9: error: `both` has a `command` and a `url`; write one of them\n",
          "hooks.yml:4:9: error: `none` has neither `command` nor `url`; write one of them\n",
          "hooks.yml:4:19: error: `timeout` cannot be 0;",
          "hooks.yml:5:10: error: there is no key `comand` here; did you mean `command`?\n",
          "hooks.yml:6:28: error: `cwd` goes with `command`;",
          "hooks.yml:7:12: error: `url` is no http or https URL;",
          "hooks.yml:8:26: error: a key does not belong into a file of hooks; write "
          "`api_key_env: VARIABLE` or `api_key_file: FILE`\n",
          "hooks.yml:9:11: error: `command` names no program;",
          "hooks.yml:10:9: error: `text` is a text; write {command:",
          "hooks.yml:11:46: error: `a b` is no name and text of a header;",
          "hooks.yml:12:1: error: there is no key `hook` here; did you mean `hooks`?\n"}) {
        CHECK_THAT(lines, Contains(line));
    }
    CHECK_THAT(lines, !Contains("abc"));
}

TEST_CASE("fleet.yml may hold other members; a file that is not there is an empty table") {
    const TemporaryFolder folder;
    write_file(folder / "fleet.yml", "pools: {default: {}}\nhooks: {a: {command: [x]}}\n");
    CHECK(calls::read_hook_file(folder / "fleet.yml", OtherMembers::allowed).table->size() == 1);
    CHECK(calls::read_hook_file(folder / "none.yml", OtherMembers::refused).table->empty());
    write_file(folder / "empty.yml", "");
    CHECK(calls::read_hook_file(folder / "empty.yml", OtherMembers::refused).table->empty());
    write_file(folder / "broken.yml", "hooks: {a: [\n");
    const auto broken = calls::read_hook_file(folder / "broken.yml", OtherMembers::refused);
    CHECK_FALSE(broken.table.has_value());
    CHECK(broken.diagnostics.size() == 1);
    write_file(folder / "list.yml", "- a\n");
    CHECK_THAT(lines_of(folder, calls::read_hook_file(folder / "list.yml", OtherMembers::allowed)),
               Contains("the file holds no mapping; begin it with `hooks:`"));
}
