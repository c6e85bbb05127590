// kill -9 of workers while machines run with children in place, fan-outs and launches: every result
// is as without kills, no child is lost or doubled.
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <random>
#include <string>

#include <catch2/catch.hpp>
#include <sqlite3.h>

#include "common/base/json.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"

using namespace fleet;
using namespace fleet::test_support;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr int kMachines = 500;  ///< a round
constexpr int kKills = 500;
constexpr std::size_t kWorkers = 3;
const std::string kBegin = "spec: flatmachine\nspec_version: \"4.2.1\"\n";

void write_machines(const FleetBox& box) {
    box.write("leaf.yml", kBegin + R"(
data:
  name: leaf
  context: {x: input.x, n: 0}
  states:
    start: {transitions: [{condition: "context.x < 0", to: gone}, {to: done}]}
    gone: {type: final, output: {y: 0}}
    done: {type: final, output: {y: "{{ context.x * 2 }}"}}
)");
    box.write("inner.yml", kBegin + R"(
data:
  name: inner
  context: {x: input.x}
  machines: {leaf: leaf.yml}
  states:
    start:
      machine: [leaf, leaf]
      input: {x: context.x}
      output_to_context: {both: output}
      transitions: [{to: done}]
    done:
      type: final
      output: {y: "{{ (context.both.leaf.y | int) + (context.both.leaf_2.y | int) }}"}
)");
    box.write("outer.yml", kBegin + R"(
data:
  name: outer
  context: {n: input.n, xs: "{{ [input.n, input.n + 1, input.n + 2] }}"}
  machines: {leaf: leaf.yml, inner: inner.yml}
  states:
    start:
      machine: leaf
      input: {x: context.n}
      output_to_context: {one: output.y}
      transitions: [{to: fan}]
    fan:
      foreach: "{{ context.xs }}"
      machine: leaf
      input: {x: item}
      output_to_context: {many: output}
      transitions: [{to: nest}]
    nest:
      machine: inner
      input: {x: context.n}
      output_to_context: {deep: output.y}
      transitions: [{to: send}]
    send: {launch: leaf, launch_input: {x: context.n}, transitions: [{to: done}]}
    done:
      type: final
      output:
        one: context.one
        deep: context.deep
        many: "{{ context.many | map(attribute='y') | join(' ') }}"
)");
}

std::size_t count_rows(const FleetBox& box, const char* where) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(box.store().c_str(), &database) == SQLITE_OK);
    sqlite3_stmt* count = nullptr;
    const std::string sql = std::string("SELECT count(*) FROM executions WHERE ") + where;
    sqlite3_busy_timeout(database, 10'000);
    REQUIRE(sqlite3_prepare_v2(database, sql.c_str(), -1, &count, nullptr) == SQLITE_OK);
    REQUIRE(sqlite3_step(count) == SQLITE_ROW);
    const auto executions = static_cast<std::size_t>(sqlite3_column_int64(count, 0));
    sqlite3_finalize(count);
    REQUIRE(sqlite3_close(database) == SQLITE_OK);
    return executions;
}

/// Not ended yet, children as well.
std::size_t count_open(const FleetBox& box) {
    return count_rows(box, "status < 3");
}

Program worker_of(const FleetBox& box) {
    Program program;
    program.argv = {(bin_dir() / "worker").string(),
                    "--store",
                    "sqlite:" + box.store().string(),
                    "--pool",
                    "default",
                    "--slots",
                    "4",
                    "--lease-ttl",
                    "1",
                    "--log-level",
                    "error"};
    return program;
}

std::string expected(int n) {
    const auto twice = [](int x) { return std::to_string(2 * x); };
    return twice(n) + "|" + std::to_string(4 * n) + "|" + twice(n) + " " + twice(n + 1) + " " +
           twice(n + 2);
}

/// Kills and replaces workers until nothing is open.
void work_off(const FleetBox& box, std::mt19937& random, int& kills) {
    // By hand: a scaler would take workers that die so often for broken, and start no more.
    std::vector<std::unique_ptr<ChildProgram>> workers(kWorkers);
    const auto deadline = std::chrono::steady_clock::now() + seconds(120);
    while (count_open(box) > 0) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        for (auto& worker : workers) {
            if (!worker) {
                worker = std::make_unique<ChildProgram>(worker_of(box));
            }
        }
        auto& victim = workers[random() % workers.size()];
        const auto end = victim->wait(milliseconds(std::uniform_int_distribution(1, 12)(random)));
        INFO(victim->err());
        REQUIRE(!end);
        victim->kill(SIGKILL);
        REQUIRE(victim->wait(seconds(10)));
        ++kills;
        victim.reset();
    }
}

void check_results(const FleetBox& box, const std::string& batch) {
    std::map<int, std::string> results;
    for (const std::string& line : box.results(batch)) {
        INFO(line);
        const base::Json result = base::parse_json(line, "result");
        const base::Json& output = result.at("output");
        REQUIRE(output.is_object());
        results[result.at("input").at("n")] = std::string(output.at("one")) + "|" +
                                              std::string(output.at("deep")) + "|" +
                                              std::string(output.at("many"));
    }
    REQUIRE(results.size() == kMachines);
    for (const auto& [n, result] : results) {
        CHECK(result == expected(n));
    }
}

}  // namespace

TEST_CASE("machines with children end as without kills, whatever is killed") {
    const FleetBox box;
    write_machines(box);
    std::string items;
    for (int n = 1; n <= kMachines; ++n) {
        items += R"({"n": )" + std::to_string(n) + "}\n";
    }
    box.write("items.jsonl", items);
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    int kills = 0;
    std::size_t rounds = 0;
    while (kills < kKills || rounds < 2) {
        const std::string batch = "k" + std::to_string(++rounds);
        const auto submit =
            box.fleet({"submit", "--items", "items.jsonl", "--batch", batch, "outer.yml"});
        INFO(submit.err);
        REQUIRE(submit.exit_code == 0);
        work_off(box, random, kills);
        check_results(box, batch);
    }
    // A leaf in place, three of the fan-out, an inner one with two leaves, one launched, each.
    constexpr std::size_t kEach = 1 + 1 + 3 + 3 + 1;
    CHECK(count_rows(box, "1") == rounds * kMachines * kEach);
}
