// The order in which the machine `worker` calls its actions.
#include <catch2/catch.hpp>

#include "tests/unit/definitions/scripted.hpp"

namespace fleet::definitions_test {
namespace {

const std::vector<std::string_view> kActions{
    "register_worker", "heartbeat", "claim_job",         "process_job", "complete_job", "rest",
    "retire",          "abandon",   "deregister_worker",
};

using Names = std::vector<std::string>;

Names run(Scripted& script) {
    return script.run(definitions::built_in_machine("worker"), kActions);
}

/// The worker is asked to leave when it looks for the `turn`th time, and leaves.
Scripted retiring_at(int turn) {
    Scripted script;
    for (int at = 1; at < turn; ++at) {
        script.on("heartbeat", "status", text("active"));
    }
    script.on("heartbeat", "status", text("retiring"));
    script.on("retire", "status", text("retired"));
    script.on("deregister_worker", "status", text("gone"));
    return script;
}

}  // namespace

TEST_CASE("a worker with nothing to do rests") {
    Scripted script = retiring_at(2);
    script.on("claim_job", "claimed", number(0));
    CHECK(run(script) == Names{"register_worker", "heartbeat", "claim_job", "rest", "heartbeat",
                               "retire", "deregister_worker"});
}

TEST_CASE("a worker that has claimed hands it to its slots and claims again without a rest") {
    Scripted script = retiring_at(2);
    script.on("claim_job", "claimed", number(3));
    script.on("process_job", "must_rest", Value::boolean(false));
    CHECK(run(script) == Names{"register_worker", "heartbeat", "claim_job", "process_job",
                               "complete_job", "heartbeat", "retire", "deregister_worker"});
}

TEST_CASE("a worker that got less than it asked for rests before it claims again") {
    Scripted script = retiring_at(2);
    script.on("claim_job", "claimed", number(3));
    script.on("process_job", "must_rest", Value::boolean(true));
    CHECK(run(script) == Names{"register_worker", "heartbeat", "claim_job", "process_job",
                               "complete_job", "rest", "heartbeat", "retire", "deregister_worker"});
}

TEST_CASE("a worker that is to leave claims nothing more") {
    Scripted script = retiring_at(1);
    CHECK(run(script) == Names{"register_worker", "heartbeat", "retire", "deregister_worker"});
}

TEST_CASE("a worker that is called back goes on, also at the last moment") {
    Scripted script;
    script.on("heartbeat", "status", text("retiring"));
    script.on("retire", "status", text("active"));
    script.on("heartbeat", "status", text("retiring"));
    script.on("retire", "status", text("retired"));
    script.on("deregister_worker", "status", text("active"));
    script.on("heartbeat", "status", text("retiring"));
    script.on("retire", "status", text("retired"));
    script.on("deregister_worker", "status", text("gone"));
    CHECK(run(script) == Names{"register_worker", "heartbeat", "retire", "heartbeat", "retire",
                               "deregister_worker", "heartbeat", "retire", "deregister_worker"});
}

TEST_CASE("a worker whose registration is lost abandons what it runs and does not deregister") {
    Scripted at_work;
    at_work.on("heartbeat", "status", text("lost"));
    CHECK(run(at_work) == Names{"register_worker", "heartbeat", "abandon"});

    Scripted retiring;
    retiring.on("heartbeat", "status", text("retiring"));
    retiring.on("retire", "status", text("lost"));
    CHECK(run(retiring) == Names{"register_worker", "heartbeat", "retire", "abandon"});
}

TEST_CASE("a worker that works once leaves when nothing is left") {
    Scripted script;
    script.on("claim_job", "claimed", number(0));
    script.on("rest", "status", text("done"));
    script.on("deregister_worker", "status", text("gone"));
    CHECK(run(script) ==
          Names{"register_worker", "heartbeat", "claim_job", "rest", "deregister_worker"});
}

TEST_CASE("a worker's machine takes any number of turns") {
    constexpr int kTurns = 5'000;
    Scripted script = retiring_at(kTurns);
    CHECK(run(script).size() == 3 * kTurns + 1);
}

}  // namespace fleet::definitions_test
