// Few open files, many slots.
#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "tests/fault/worker_box.hpp"

namespace fleet::fault_test {
namespace {

using test_support::FleetBox;
using test_support::Program;

TEST_CASE("with 256 open files allowed a run with far more slots does everything once") {
    const FleetBox box;
    constexpr int kItems = 600;
    std::string items;
    for (int item = 1; item <= kItems; ++item) {
        items += std::to_string(item) + "\n";
    }
    box.write("items.txt", items);
    // Each of the 400 slots would need at least three descriptors.
    Program run = box.program(
        {"run", "--items", "items.txt", "--batch", "b", "--workers", "2..2", "--slots", "200", "--",
         "sh", "-c", "ulimit -n >> limits; sleep 0.05; echo $1 >> did; echo $1", "sh", "{}"});
    run.argv.insert(run.argv.begin(), {"prlimit", "--nofile=256"});
    const auto result = test_support::run_program(run, kLimit);
    INFO(result.err << result.out << box.read(".fleet/logs/scaler-b.log"));
    REQUIRE(result.exit_code == 0);
    // The limit reached the commands, so it held for the workers between.
    CHECK(test_support::lines_of(box.read("limits")).front() == "256");
    const auto done = test_support::lines_of(box.read("did"));
    CHECK(done.size() == kItems);
    CHECK(std::set<std::string>(done.begin(), done.end()).size() == kItems);
    std::set<std::string> recorded;
    for (const std::string& line : box.results("b")) {
        const auto json = base::parse_json(line, "result");
        CHECK(json.at("status") == "done");
        const std::string item = json.at("input").at("item");
        CHECK(json.at("output").at("stdout") == item + "\n");
        recorded.insert(item);
    }
    CHECK(recorded.size() == kItems);
}

}  // namespace
}  // namespace fleet::fault_test
