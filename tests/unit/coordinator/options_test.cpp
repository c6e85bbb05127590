#include <sstream>

#include <catch2/catch.hpp>

#include "coordinator/scaler_options.hpp"
#include "machines/definitions/built_in.hpp"

namespace fleet::coordinator {
namespace {

struct Parsed {
    ParsedScalerOptions options;
    std::string out;
    std::string err;
};

Parsed parse(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    auto options = parse_scaler_options(arguments, out, err);
    return {std::move(options), out.str(), err.str()};
}

TEST_CASE("all options arrive") {
    const Parsed parsed = parse({"--store",
                                 "sqlite:/tmp/x.db",
                                 "--pool",
                                 "a",
                                 "--pool",
                                 "b",
                                 "--min",
                                 "1",
                                 "--max",
                                 "9",
                                 "--slots",
                                 "2",
                                 "--host-id",
                                 "h",
                                 "--grace",
                                 "1.5",
                                 "--lease-ttl",
                                 "3",
                                 "--leave-workers",
                                 "--parent-fd",
                                 "7",
                                 "--log-level",
                                 "warn"});
    const auto& options = std::get<ScalerOptions>(parsed.options);
    CHECK(options.store.path == "/tmp/x.db");
    CHECK(options.pools == std::vector<std::string>{"a", "b"});
    CHECK(options.min_workers == 1);
    CHECK(options.max_workers == 9);
    CHECK(options.slots == 2);
    CHECK(options.host == "h");
    CHECK(options.grace == base::Millis{1500});
    CHECK(options.lease_ttl == base::Millis{3000});
    CHECK(options.leave_workers);
    CHECK(options.parent_fd == 7);
    CHECK(options.log_level == base::LogLevel::warn);
}

TEST_CASE("an unknown option is refused and the nearest known one named") {
    const Parsed parsed = parse({"--store", "/tmp/x.db", "--target-worker", "3"});
    CHECK(std::get<int>(parsed.options) == 2);
    INFO(parsed.err);
    CHECK(parsed.err.find("--target-worker; did you mean --target-workers?") != std::string::npos);
}

TEST_CASE("bad usage is refused with a reason") {
    CHECK(parse({"--store", "memory:"}).err.find("other processes") != std::string::npos);
    CHECK(parse({"--store", "/tmp/x.db", "--min", "3", "--max", "2"}).err.find("--min 3") !=
          std::string::npos);
    CHECK(std::get<int>(parse({"--max", "-1"}).options) == 2);
    CHECK(std::get<int>(parse({"--max", "many"}).options) == 2);
}

TEST_CASE("help has examples, and the version is printed") {
    const Parsed help = parse({"--help"});
    CHECK(std::get<int>(help.options) == 0);
    CHECK(help.out.find("--target-workers 3 --once") != std::string::npos);
    CHECK(parse({"--version"}).out.starts_with("scaler "));
}

TEST_CASE("the built-in machine is printed as it was written, and copies are taken") {
    const Parsed printed = parse({"--print-machine"});
    CHECK(std::get<int>(printed.options) == 0);
    CHECK(printed.out == definitions::find_built_in("coordinator")->text);
    const Parsed copy = parse({"--store", "sqlite:/tmp/x.db", "--machine", "copy.yml",
                               "--worker-machine", "/tmp/worker.yml"});
    const auto& options = std::get<ScalerOptions>(copy.options);
    CHECK(options.machine_file == "copy.yml");
    CHECK(options.worker_machine_file == "/tmp/worker.yml");
}

}  // namespace
}  // namespace fleet::coordinator
