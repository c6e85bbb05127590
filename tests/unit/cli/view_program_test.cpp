#include <array>
#include <csignal>
#include <fcntl.h>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

#include "cli/commands.hpp"
#include "cli/core/standard_output.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_clock.hpp"

using namespace fleet;
using namespace fleet::cli;

namespace {

struct Run {
    int code = 0;
    std::string out;
    std::string err;
};

/// The commands of this file's part only, with an empty folder as the current directory.
Run run(const std::vector<std::string>& arguments, const std::string& fleet_store = {}) {
    static constexpr std::array<AddCommands, 22> kCommands{
        add_status_command,    add_ps_command,        add_show_command,      add_why_command,
        add_logs_command,      add_registry_commands, add_decisions_command, add_errors_command,
        add_batches_command,   add_top_command,       add_scale_command,     add_pause_commands,
        add_retire_command,    add_check_command,     add_prune_command,     add_backup_command,
        add_version_command,   add_signal_command,    add_signals_command,   add_import_command,
        add_providers_command, add_budget_command};
    const test_support::TemporaryFolder folder;
    const test_support::TestClock clock;
    const Terminal terminal({});
    std::ostringstream out;
    std::ostringstream err;
    CommandContext context{clock,
                           terminal,
                           out,
                           err,
                           folder.path(),
                           [&](const std::string& name) -> std::optional<std::string> {
                               return name == "FLEET_STORE" && !fleet_store.empty()
                                          ? std::optional<std::string>(fleet_store)
                                          : std::nullopt;
                           }};
    const int code = run_program(context, arguments, kCommands);
    return {code, out.str(), err.str()};
}

}  // namespace

TEST_CASE("an unknown command names the nearest one") {
    const Run end = run({"statsu"});
    CHECK(end.code == 2);
    CHECK(
        end.err ==
        "fleet: unknown command \"statsu\"; did you mean `fleet status`? `fleet --help` lists the "
        "commands\n");
    CHECK(end.out.empty());
}

TEST_CASE("an unknown option names the nearest one") {
    const Run end = run({"ps", "--jsno"});
    CHECK(end.code == 2);
    CHECK(end.err ==
          "fleet: unknown option --jsno for `fleet ps`; did you mean --json? see `fleet ps "
          "--help`\n");
    CHECK(run({"ps", "--stroe=x"}).err.find("did you mean --store?") != std::string::npos);
    CHECK(run({"show", "--jsn"}).err.find("unknown option --jsn") != std::string::npos);
}

TEST_CASE("bad usage exits 2 and says where to read") {
    CHECK(run({}).code == 2);
    CHECK(run({"show"}).code == 2);
    CHECK(run({"show"}).err.find("ID is required") != std::string::npos);
    CHECK(run({"status", "surplus"}).err ==
          "fleet: `fleet status` has no place for \"surplus\"; see `fleet status --help`\n");
    CHECK(run({"ps", "--limit", "many"}).code == 2);
    CHECK(run({"ps", "--json", "--jsonl"}).code == 2);
    CHECK(run({"status", "--", "true"}).code == 2);
    CHECK(run({"retire"}, "memory:").code == 2);
    CHECK(run({"prune", "--older-than", "soon"}, "memory:").code == 2);
    CHECK(run({"prune", "--keep", "some"}, "memory:").code == 2);
    CHECK(run({"ps", "--status", "runing"}, "memory:").err.find("did you mean running?") !=
          std::string::npos);
}

TEST_CASE("help goes to standard output, has examples and exit codes") {
    for (const char* command :
         {"status", "ps",      "show",    "why",    "logs",    "workers", "hosts",     "decisions",
          "errors", "batches", "top",     "scale",  "pause",   "unpause", "retire",    "check",
          "prune",  "backup",  "version", "signal", "signals", "import",  "providers", "budget"}) {
        CAPTURE(command);
        const Run end = run({command, "--help"});
        CHECK(end.code == 0);
        CHECK(end.err.empty());
        CHECK(end.out.find("\nDescription\n") != std::string::npos);
        CHECK(end.out.find("\nExamples\n  fleet " + std::string(command)) != std::string::npos);
        CHECK(end.out.find("\nExit codes\n") != std::string::npos);
        CHECK(end.out.find("--store URL") != std::string::npos);
        CHECK(end.out == run({"help", command}).out);
        std::istringstream lines(end.out);
        for (std::string line; std::getline(lines, line);) {
            CHECK(display_width(line) <= 95);
        }
    }
    const Run root = run({"--help"});
    CHECK(root.code == 0);
    CHECK(root.out.find("Looking after it") != std::string::npos);
}

TEST_CASE("the version is printed by option and by command") {
    CHECK(run({"--version"}).out == run({"version"}).out);
    CHECK(run({"version", "--json"}).out == "{\"program\":\"fleet\",\"version\":\"" FLEET_VERSION
                                            "\"}\n");
}

TEST_CASE("commands that look refuse a store that is not there") {
    const Run end = run({"status"});
    CHECK(end.code == 1);
    CHECK(end.err.rfind("fleet: ", 0) == 0);
    CHECK(end.err.find("; ") != std::string::npos);
}

TEST_CASE("the store's options may stand before or behind the command") {
    CHECK(run({"--store", "memory:", "status", "--jsonl"}).code == 0);
    CHECK(run({"status", "--jsonl", "--store", "memory:"}).code == 0);
    CHECK(run({"status", "--jsonl"}, "memory:").code == 0);
    CHECK(run({"status"}, "memroy:").err.find("memory") != std::string::npos);
}

TEST_CASE("an empty store is shown without fuss") {
    CHECK(run({"status"}, "memory:").out.find("there is no work yet") != std::string::npos);
    CHECK(run({"ps"}, "memory:").out == "no executions match\n");
    CHECK(run({"ps", "--json"}, "memory:").out == "[]\n");
    CHECK(run({"workers", "--jsonl"}, "memory:").out.empty());
    CHECK(run({"errors"}, "memory:").out == "nothing has failed\n");
    CHECK(run({"top"}, "memory:").out.find("no workers") != std::string::npos);
    CHECK(
        run({"show", "last"}, "memory:").err ==
        "fleet: looking for execution \"last\": the store holds no executions; an ID is a full id "
        "or its beginning (8 hex digits or more), `last`, or BATCH#N; `fleet ps` lists them\n");
}

TEST_CASE("unknown pools and batches name the nearest known") {
    CHECK(run({"status", "--pool", "defualt"}, "memory:").err.find("did you mean \"default\"?") !=
          std::string::npos);
    CHECK(run({"ps", "--batch", "none"}, "memory:").code == 1);
    CHECK(run({"pause", "nowhere"}, "memory:").code == 1);
}

TEST_CASE("a store without providers says so") {
    CHECK(run({"providers"}, "memory:").out ==
          "no provider is known yet: the first call to one makes it known\n");
    CHECK(run({"providers", "--json"}, "memory:").out == "[]\n");
    CHECK(run({"budget"}, "memory:")
              .out.rfind("no provider has a budget\n\nno calls are recorded", 0) == 0);
    CHECK(run({"budget", "--day", "2026-11-20"}, "memory:").out ==
          "no calls are recorded on 2026-11-20 (UTC)\n");
    CHECK(run({"budget", "--json"}, "memory:").out == "[]\n");
}

TEST_CASE("providers and budgets refuse what makes no sense") {
    CHECK(run({"providers", "nobody"}, "memory:").err ==
          "fleet: looking for provider \"nobody\": there is none of that name; `fleet providers` "
          "lists them\n");
    CHECK(run({"providers", "--close", "nobody"}, "memory:").code == 1);
    CHECK(run({"providers", "--open", "p"}, "memory:").err ==
          "fleet: `fleet providers`: --open needs --reason TEXT; say why: everybody who waits for "
          "the provider is shown it\n");
    CHECK(run({"providers", "--open", "p", "--reason", std::string(501, 'x')}, "memory:").code ==
          2);
    CHECK(run({"providers", "--reason", "x"}, "memory:").code == 2);
    CHECK(run({"providers", "p", "--close", "p"}, "memory:").code == 2);
    CHECK(run({"providers", "--open", "p", "--close", "p", "--reason", "x"}, "memory:").code == 2);
    CHECK(run({"budget", "--day", "yesterday"}, "memory:").err ==
          "fleet: `fleet budget`: --day: \"yesterday\" is not a day; write it as 2026-11-21\n");
    CHECK(run({"budget", "nobody"}, "memory:").code == 1);
}

TEST_CASE("a pool's limits are checked before they are stored") {
    CHECK(run({"scale", "default", "--min", "2", "--max", "4", "--jsonl"}, "memory:")
              .out.find("\"min_workers\":2,\"max_workers\":4") != std::string::npos);
    CHECK(run({"scale", "default", "--min", "5", "--max", "4"}, "memory:").code == 2);
    CHECK(run({"scale", "default", "--max", "lots"}, "memory:").code == 2);
    CHECK(run({"scale", "--min", "5"}, "memory:").code == 2);
    CHECK(run({"scale", "gpu"}, "memory:").code == 1);
    CHECK(run({"scale", "gpu", "--create", "--slots", "1"}, "memory:").code == 0);
    CHECK(run({"scale", "default", "--create"}, "memory:").code == 1);
}

TEST_CASE("a reader that has gone ends the output quietly") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    ::close(ends[0]);
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    StandardOutput out(ends[1]);
    out << "lost";
    CHECK_THROWS_AS(out << std::flush, OutputClosed);
    ::close(ends[1]);
    std::signal(SIGPIPE, before);
}

TEST_CASE("output that cannot be written is an error") {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    REQUIRE(full >= 0);
    StandardOutput out(full);
    out << "lost";
    CHECK_THROWS_AS(out << std::flush, base::Error);
    ::close(full);
}
