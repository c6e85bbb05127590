// The examples of docs/hooks.md, taken out of the page and run.
#include <map>
#include <sstream>

#include <catch2/catch.hpp>

#include "common/process/spawn.hpp"
#include "machines/calls/hook_protocol.hpp"
#include "machines/calls/hooks_registry.hpp"
#include "machines/config/machine_bundle.hpp"
#include "machines/expression/print.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace fleet;
using calls::CallError;
using calls::CallScope;
using Catch::Matchers::Contains;
using expression::from_json;
using expression::to_json;
using test_support::read_file;
using test_support::TemporaryFolder;
using test_support::write_file;

struct Block {
    std::string language;
    std::string text;
};

std::vector<Block> blocks_of(const std::string& page) {
    std::vector<Block> blocks;
    std::istringstream lines(page);
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("```")) {
            inside = !inside;
            if (inside) {
                blocks.push_back({line.substr(3), {}});
            }
        } else if (inside) {
            blocks.back().text += line + '\n';
        }
    }
    return blocks;
}

/// "NAME" of the line "# file: NAME".
std::string file_name(const Block& block) {
    static const std::string mark = "# file: ";
    const std::size_t at = block.text.find(mark);
    return at == std::string::npos
               ? std::string()
               : block.text.substr(at + mark.size(), block.text.find('\n', at) - at - mark.size());
}

struct Page {
    Page() : blocks(blocks_of(read_file(test_support::source_dir() / "docs/hooks.md"))) {
        for (const Block& block : blocks) {
            if (const std::string name = file_name(block); !name.empty()) {
                write_file(folder / name, block.text);
                files.push_back(name);
            }
        }
        std::filesystem::copy(
            test_support::source_dir() / "machines/hooks/python/flatfleet_hooks.py",
            folder / "flatfleet_hooks.py");
        auto table = calls::read_hook_file(folder / "hooks.yml", calls::OtherMembers::refused);
        REQUIRE(table.table.has_value());
        registry = std::make_unique<calls::StandardHooks>(
            calls::HooksHost{.environment = process::own_environment(),
                             .store_url = {},
                             .process_mark = "docs",
                             .log_folder = folder.path()},
            *table.table, std::map<std::string, calls::HooksMaker>(), clock, log);
        scope.execution_id = "e-1";
        scope.machine_name = "shelves";
        scope.state = "start";
        scope.log_path = (folder / "attempt.stderr.txt").string();
    }
    std::unique_ptr<calls::Hooks> hooks(const std::string& name, const std::string& args = "{}") {
        return calls::make_known_hooks(*registry, name, from_json(args));
    }

    std::vector<Block> blocks;
    TemporaryFolder folder;
    std::vector<std::string> files;
    base::SystemClock clock;
    base::Log log{"test", base::LogLevel::off};
    std::unique_ptr<calls::StandardHooks> registry;
    CallScope scope;
};

}  // namespace

TEST_CASE("the page of hooks: its files are there, its machine is valid") {
    const Page page;
    CHECK(page.files == std::vector<std::string>{"shelf.py", "counter.py", "checksum.sh",
                                                 "hooks.yml", "machine.yml"});
    const auto machine = config::load_machine(page.folder / "machine.yml");
    for (const auto& one : machine.diagnostics) {
        INFO(one.line());
        CHECK(false);
    }
    CHECK(machine.bundle.has_value());
}

TEST_CASE("the page of hooks: five lines of Python answer an action") {
    Page page;
    CHECK(to_json(page.hooks("shelf")->on_action(page.scope, "sort",
                                                 from_json(R"({"books":["b","a"]})"))) ==
          R"({"books":["b","a"],"shelf":["a","b"]})");
    try {
        (void)page.hooks("shelf")->on_action(page.scope, "sort", from_json("{}"));
        FAIL("a missing key is an exception");
    } catch (const CallError& error) {
        CHECK(error.type() == "KeyError");
        CHECK_THAT(error.what(), Contains("books"));
    }
}

TEST_CASE("the page of hooks: actions, errors, args and tools in Python") {
    Page page;
    const auto hooks = page.hooks("counter", R"({"limit":3})");
    auto context = from_json(R"({"n":2})");
    context = hooks->on_action(page.scope, "count", context);
    CHECK(to_json(context) == R"({"n":3})");
    CHECK(read_file(page.scope.log_path) == "counting in start\n");
    try {
        (void)hooks->on_action(page.scope, "count", context);
        FAIL("the limit is an exception");
    } catch (const CallError& error) {
        CHECK(error.type() == "LimitReached");
        CHECK(std::string(error.what()) == "3 is enough");
        CHECK(hooks->on_error(page.scope, error.type(), error.what(), context) == "rest");
    }
    CHECK(hooks->on_error(page.scope, "Other", "x", context) == std::nullopt);
    CHECK(to_json(hooks->on_action(page.scope, "unknown", context)) == R"({"n":3})");
    calls::ToolProvider* const tools = hooks->tools(page.scope);
    REQUIRE(tools != nullptr);
    CHECK(tools->tools().at(0).name == "double");
    CHECK(tools->call(page.scope, {"t", "double", from_json(R"({"n":21})")}, base::Millis{0})
              .content == "42");
    CHECK_THROWS_AS(page.hooks("counter", R"({"limt":3})")->on_action(page.scope, "count", context),
                    CallError);
}

TEST_CASE("the page of hooks: a shell script answers an action") {
    Page page;
    write_file(page.folder / "a b.txt", "abc");
    const auto hooks = page.hooks("checksum");
    const auto context =
        hooks->on_action(page.scope, "sum", from_json(R"({"file":"a b.txt","x":"\"'\\"})"));
    CHECK(context.find("sha256")->as_string() ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(context.find("x")->as_string() == "\"'\\");
    try {
        (void)hooks->on_action(page.scope, "sum", from_json(R"({"file":"none"})"));
        FAIL("there is no such file");
    } catch (const CallError& error) {
        CHECK(error.type() == "FileError");
        CHECK(std::string(error.what()) == "cannot read none");
    }
}

TEST_CASE("the page of hooks: the messages that it shows are those of the protocol") {
    const Page page;
    int hellos = 0;
    int answers = 0;
    for (const Block& block : page.blocks) {
        std::istringstream lines(block.text);
        for (std::string line; block.language == "json" && std::getline(lines, line);) {
            const auto value = from_json(line);
            if (value.find("hello") != nullptr) {
                CHECK(calls::parse_hello(line).handles("on_action"));
                ++hellos;
            } else if (value.find("method") == nullptr) {
                CHECK(calls::parse_answer(line).id > calls::kHelloId);
                ++answers;
            }
        }
    }
    CHECK(hellos == 1);
    CHECK(answers == 2);
    const std::string text = read_file(test_support::source_dir() / "docs/hooks.md");
    for (const std::string_view method : calls::kHookMethods) {
        CHECK_THAT(text, Contains("| `" + std::string(method) + "` |"));
    }
}
