// The order in which the machines `coordinator` and `reaper` call their actions.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/unit/definitions/scripted.hpp"

namespace fleet::definitions_test {
namespace {

const std::vector<std::string_view> kActions{
    "register_worker",    "get_pool_state", "calculate_spawn",   "spawn_worker",
    "retire_workers",     "rest",           "record_decisions",  "heartbeat",
    "list_stale_workers", "reap_worker",    "deregister_worker",
};

using Names = std::vector<std::string>;

Names run(Scripted& script) {
    return script.run(definitions::built_in_machine("coordinator"), kActions);
}

Value plan_of(const std::vector<std::string>& pools) {
    Value plan = Value::dict({});
    plan.set("launch_count", number(static_cast<std::int64_t>(pools.size())));
    plan.set("launch", objects("pool", pools));
    return plan;
}

/// Bytes.
std::uint64_t address_space() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t pages = 0;
    file >> pages;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

TEST_CASE("a scaler looks, decides, writes it down and rests") {
    Scripted script;
    script.on("rest", "status", text("finished"));
    CHECK(run(script) == Names{"register_worker", "get_pool_state", "calculate_spawn",
                               "retire_workers", "record_decisions", "rest", "deregister_worker"});
}

TEST_CASE("a scaler starts each worker of its plan, and looks again after a rest") {
    Scripted script;
    std::vector<std::string> pools;
    script.on("calculate_spawn", "plan", plan_of({"a", "b", "b"}));
    script.on("calculate_spawn", "plan", plan_of({}));
    for (int worker = 0; worker < 3; ++worker) {
        script.on("spawn_worker", [&pools](Value& context) {
            pools.push_back(context.find("worker")->find("pool")->as_string());
        });
    }
    script.on("rest", "due", text("observe"));
    script.on("rest", "status", text("finished"));
    CHECK(run(script) == Names{"register_worker", "get_pool_state", "calculate_spawn",
                               "spawn_worker", "spawn_worker", "spawn_worker", "retire_workers",
                               "record_decisions", "rest", "get_pool_state", "calculate_spawn",
                               "retire_workers", "record_decisions", "rest", "deregister_worker"});
    std::ranges::sort(pools);
    CHECK(pools == Names{"a", "b", "b"});
}

TEST_CASE("a look that fails is given up, and the next one comes after the rest") {
    const std::string status = GENERATE("failed", "stopping");
    Scripted look;
    look.on("get_pool_state", "status", text(status));
    look.on("rest", "status", text("finished"));
    CHECK(run(look) == Names{"register_worker", "get_pool_state", "rest", "deregister_worker"});

    Scripted decide;
    decide.on("calculate_spawn", "status", text(status));
    decide.on("rest", [](Value& context) { context.set("status", text("running")); });
    decide.on("rest", "status", text("finished"));
    CHECK(run(decide) == Names{"register_worker", "get_pool_state", "calculate_spawn", "rest",
                               "get_pool_state", "calculate_spawn", "retire_workers",
                               "record_decisions", "rest", "deregister_worker"});
}

TEST_CASE("a heartbeat is due while the scaler rests: it reaps the silent and rests on") {
    Scripted script;
    Names reaped;
    script.on("get_pool_state", "status", text("stopping"));
    script.on("rest", "due", text("heartbeat"));
    script.on("list_stale_workers", [](Value& context) {
        context.set("stale_count", number(2));
        context.set("workers", objects("worker_id", {"w1", "w2"}));
    });
    for (int worker = 0; worker < 2; ++worker) {
        script.on("reap_worker", [&reaped](Value& context) {
            reaped.push_back(context.find("worker")->find("worker_id")->as_string());
        });
    }
    script.on("rest", "due", text("heartbeat"));
    script.on("rest", "status", text("finished"));
    CHECK(run(script) == Names{"register_worker", "get_pool_state", "rest", "heartbeat",
                               "list_stale_workers", "reap_worker", "reap_worker", "rest",
                               "heartbeat", "list_stale_workers", "rest", "deregister_worker"});
    std::ranges::sort(reaped);
    CHECK(reaped == Names{"w1", "w2"});
}

TEST_CASE("a scaler whose host was taken leaves without reaping") {
    Scripted script;
    script.on("rest", "due", text("heartbeat"));
    script.on("heartbeat", "status", text("finished"));
    const Names called = run(script);
    CHECK(Names(called.end() - 2, called.end()) == Names{"heartbeat", "deregister_worker"});
}

TEST_CASE("a scaler that has called its reaper for a long time is no larger for it") {
    constexpr int kHeartbeats = 1'000;
    constexpr std::uint64_t kLimit = std::uint64_t{1} << 30U;  // a thread's stack is 8 MiB
    Scripted script;
    for (int beat = 0; beat < kHeartbeats; ++beat) {
        script.on("rest", "due", text("heartbeat"));
    }
    script.on("rest", "status", text("finished"));
    const std::uint64_t before = address_space();
    const Names called = run(script);
    CHECK(std::ranges::count(called, "list_stale_workers") == kHeartbeats);
    CHECK(address_space() < before + kLimit);
}

TEST_CASE("the reaper runs by itself") {
    Scripted script;
    script.on("list_stale_workers", [](Value& context) {
        context.set("stale_count", number(1));
        context.set("workers", objects("worker_id", {"w1"}));
    });
    CHECK(script.run(definitions::built_in_machine("reaper"), kActions) ==
          Names{"list_stale_workers", "reap_worker"});
    Scripted nobody;
    CHECK(nobody.run(definitions::built_in_machine("reaper"), kActions) ==
          Names{"list_stale_workers"});
}

}  // namespace fleet::definitions_test
