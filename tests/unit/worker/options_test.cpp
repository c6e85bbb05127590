#include "worker/options.hpp"

#include <map>
#include <sstream>

#include <catch2/catch.hpp>

#include "machines/definitions/built_in.hpp"

namespace fleet::worker {
namespace {

using namespace std::chrono_literals;

struct Parsed {
    ParsedOptions result;
    std::string out;
    std::string err;
};

Parsed parse(const std::vector<std::string>& arguments,
             std::map<std::string, std::string> environment = {}) {
    std::ostringstream out;
    std::ostringstream err;
    auto result = parse_options(
        arguments, [&](const char* name) { return environment[name]; }, out, err);
    return {std::move(result), out.str(), err.str()};
}

}  // namespace

TEST_CASE("every option arrives, with its default where it is not given") {
    const auto given = parse({"--store",    "sqlite:/tmp/x.db",
                              "--pool",     "gpu",
                              "--batch",    "b",
                              "--slots",    "7",
                              "--prefetch", "0",
                              "--once",     "--worker-id",
                              "w",          "--lease-ttl",
                              "2.5",        "--grace",
                              "0",          "--seat",
                              "9",          "--log-level",
                              "warn"},
                             {{"FLEET_LAUNCH_TOKEN", "secret"}});
    const auto& options = std::get<WorkerOptions>(given.result);
    CHECK(options.store.path == "/tmp/x.db");
    CHECK(options.pool == "gpu");
    CHECK(options.batch == "b");
    CHECK(options.slots == 7);
    CHECK(options.prefetch == 0);
    CHECK(options.once);
    CHECK(options.worker_id == "w");
    CHECK(options.lease_ttl == 2500ms);
    CHECK(options.grace == 0ms);
    CHECK(options.seat == 9);
    CHECK(options.launch_token == "secret");
    CHECK(options.log_level == base::LogLevel::warn);

    const auto plain = parse({}, {{"FLEET_STORE", "sqlite:/tmp/y.db"}});
    const auto& defaults = std::get<WorkerOptions>(plain.result);
    CHECK(defaults.store.path == "/tmp/y.db");
    CHECK(defaults.pool == "default");
    CHECK(defaults.slots == 4);
    CHECK_FALSE(defaults.prefetch);
    CHECK(defaults.worker_id.starts_with(defaults.host + "-"));
    CHECK(defaults.worker_id.size() == defaults.host.size() + 9);
    CHECK(defaults.lease_ttl == 15s);
    CHECK(defaults.grace == 30s);
}

TEST_CASE("bad usage exits 2 and says what would be right") {
    const auto [arguments, text] = GENERATE(table<std::vector<std::string>, std::string>({
        {{"--slot", "3"}, "unknown option --slot; did you mean --slots?"},
        {{"--polo=x"}, "unknown option --polo; did you mean --pool?"},
        {{"--zzzzzzzz"}, "unknown option --zzzzzzzz"},
        {{"now"}, "there is no place for \"now\""},
        {{"--slots", "0"}, "--slots"},
        {{"--slots", "many"}, "--slots"},
        {{"--lease-ttl", "0.5"}, "--lease-ttl"},
        {{"--store", "memory:"}, "memory:"},
        {{"--store", "sqlit:/x"}, "sqlite"},
        {{"--log-level", "loud"}, "loud"},
        {{"--seat", "3"}, "FLEET_LAUNCH_TOKEN"},
    }));
    const auto parsed = parse(arguments);
    CHECK(std::get<int>(parsed.result) == 2);
    CHECK(parsed.err.starts_with("worker: "));
    CHECK(parsed.err.find(text) != std::string::npos);
    CHECK(parsed.out.empty());
}

TEST_CASE("help and version are printed and exit 0") {
    const auto help = parse({"--help"});
    CHECK(std::get<int>(help.result) == 0);
    CHECK(help.out.find("Examples:") != std::string::npos);
    CHECK(help.out.find("--lease-ttl") != std::string::npos);
    const auto version = parse({"--version"});
    CHECK(std::get<int>(version.result) == 0);
    CHECK(version.out == "worker " FLEET_VERSION "\n");
}

TEST_CASE("the built-in machine is printed as it was written, and a copy of it is taken") {
    const Parsed printed = parse({"--print-machine"});
    CHECK(std::get<int>(printed.result) == 0);
    CHECK(printed.out == definitions::find_built_in("worker")->text);
    const Parsed copy = parse({"--store", "sqlite:/tmp/x.db", "--machine", "copy.yml"});
    CHECK(std::get<WorkerOptions>(copy.result).machine_file == "copy.yml");
}

}  // namespace fleet::worker
