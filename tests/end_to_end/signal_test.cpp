// Signals from the command line to machines that wait for them.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "tests/end_to_end/hand_worker.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/wait_until.hpp"

using namespace fleet;
using namespace fleet::test_support;
using Catch::Contains;

namespace {

const std::string kApproval = R"(spec: flatmachine
spec_version: "4.2.1"
data:
  name: approval
  context: {who: input.item}
  states:
    start:
      wait_for: approvals
      output_to_context: {answer: output.answer}
      transitions: [{to: done}]
    done: {type: final, output: {text: "{{ context.who }}: {{ context.answer }}"}}
)";

class ApprovalBox {
  public:
    ApprovalBox() { box.write("approval.yml", kApproval); }

    std::string submit(const std::string& item) const {
        const auto end =
            box.fleet({"submit", "--input", R"({"item":")" + item + "\"}", "approval.yml"});
        INFO(end.err);
        REQUIRE(end.exit_code == 0);
        return end.out.substr(0, end.out.find('\n'));
    }
    Program worker() const {
        return {.argv = {(bin_dir() / "worker").string(), "--store", ".fleet/fleet.db", "--pool",
                         "default"},
                .directory = box.path("")};
    }
    bool status_is(const std::string& id, const std::string& status) const {
        return box.fleet({"show", id, "--json"}).out.find("\"status\":\"" + status + "\"") !=
               std::string::npos;
    }
    std::string text(const std::string& id) const {
        const auto end = box.fleet({"result", id});
        return end.exit_code == 0
                   ? base::parse_json(end.out, "result").at("text").get<std::string>()
                   : end.err;
    }

    FleetBox box;
};

}  // namespace

TEST_CASE("a signal wakes every machine that waits on its channel, each with a copy") {
    const ApprovalBox all;
    const std::string one = all.submit("one");
    const std::string two = all.submit("two");
    ChildProgram worker(all.worker());
    REQUIRE(
        wait_until([&] { return all.status_is(one, "waiting") && all.status_is(two, "waiting"); }));
    CHECK_THAT(all.box.fleet({"signals", "--jsonl"}).out,
               Contains(R"({"channel":"approvals","kept":0,"waiting":2,"oldest_kept_at":null})"));
    const auto sent = all.box.fleet({"signal", "approvals", R"({"answer": "yes"})"});
    INFO(sent.err);
    CHECK(sent.exit_code == 0);
    CHECK(sent.out == "woke 2 executions that waited on channel approvals\n");
    REQUIRE(all.box.fleet({"wait", one, two, "--timeout", "30"}).exit_code == 0);
    CHECK(all.text(one) == "one: yes");
    CHECK(all.text(two) == "two: yes");
}

TEST_CASE("a signal that nobody waits for is kept for the first that comes") {
    const ApprovalBox all;
    REQUIRE(all.box.fleet({"scale", "other", "--create"}).exit_code == 0);
    all.box.write("answer.json", "{\n  \"answer\": \"kept\"\n}\n");
    const auto sent = all.box.fleet({"signal", "approvals", "--file", "answer.json", "--json"});
    CHECK(sent.out == "{\"channel\":\"approvals\",\"woken\":0,\"kept\":true}\n");
    CHECK_THAT(all.box.fleet({"signals", "--json"}).out, Contains("\"kept\":1,\"waiting\":0"));
    const std::string first = all.submit("first");
    ChildProgram worker(all.worker());
    REQUIRE(all.box.fleet({"wait", first, "--timeout", "30"}).exit_code == 0);
    CHECK(all.text(first) == "first: kept");
    CHECK(all.box.fleet({"signals"}).out == "no signals are kept, and nobody waits for one\n");
}

TEST_CASE("a signal to one execution reaches that one alone, and says where it went") {
    const ApprovalBox all;
    const std::string one = all.submit("one");
    const std::string two = all.submit("two");
    // Before anything runs: kept for it.
    const auto kept = all.box.fleet({"signal", "approvals", R"({"answer":"early"})", "--to", two});
    CHECK(kept.exit_code == 0);
    CHECK_THAT(kept.out, Contains("kept for execution " + two));
    ChildProgram worker(all.worker());
    REQUIRE(all.box.fleet({"wait", two, "--timeout", "30"}).exit_code == 0);
    CHECK(all.text(two) == "two: early");
    REQUIRE(wait_until([&] { return all.status_is(one, "waiting"); }));
    const auto woken = all.box.fleet({"signal", "approvals", "-", "--to", one, "--json"},
                                     R"({"answer":"from a pipe"})");
    CHECK(woken.out ==
          "{\"channel\":\"approvals\",\"execution\":\"" + one + "\",\"outcome\":\"woken\"}\n");
    REQUIRE(all.box.fleet({"wait", one, "--timeout", "30"}).exit_code == 0);
    CHECK(all.text(one) == "one: from a pipe");

    const auto ended = all.box.fleet({"signal", "approvals", "--to", one});
    CHECK(ended.exit_code == 1);
    CHECK_THAT(ended.err, Contains("it has ended"));
    std::string nobody = one;
    nobody.back() = nobody.back() == '0' ? '1' : '0';
    const auto missing = all.box.fleet({"signal", "approvals", "--to", nobody, "--json"});
    CHECK(missing.exit_code == 1);
    CHECK_THAT(missing.out, Contains("\"outcome\":\"not_found\""));
}

TEST_CASE("more waiters than one send wakes are all woken, each once") {
    const FleetBox box;
    constexpr std::size_t kWaiters = 2 * contracts::kMaxWoken + 345;
    REQUIRE(box.fleet({"scale", "other", "--create"}).exit_code == 0);
    HandWorker hand(box);
    hand.park(kWaiters, "gate");
    hand.park(3, "another gate");
    const auto sent = box.fleet({"signal", "gate", "--json"});
    INFO(sent.err);
    CHECK(sent.out == "{\"channel\":\"gate\",\"woken\":2345,\"kept\":false}\n");
    CHECK_THAT(box.fleet({"signals", "--json"}).out,
               Contains(R"({"channel":"another gate","kept":0,"waiting":3)") &&
                   !Contains(R"("channel":"gate")"));
}

TEST_CASE("bad signals are refused before anything is sent") {
    const FleetBox box;
    REQUIRE(box.fleet({"scale", "other", "--create"}).exit_code == 0);
    const auto broken = box.fleet({"signal", "c", "{\"a\":"});
    CHECK(broken.exit_code == 1);
    CHECK_THAT(broken.err, Contains("JSON"));
    CHECK(box.fleet({"signal", "", "{}"}).exit_code == 2);
    CHECK(box.fleet({"signal"}).exit_code == 2);
    CHECK(box.fleet({"signal", "c", "{}", "--file", "x"}).exit_code == 2);
    CHECK_THAT(box.fleet({"signal", "c", "--file", "x"}).err, Contains("No such file"));
    const auto large = box.fleet({"signal", "c", "-"}, "\"" + std::string(2U << 20U, 'x') + "\"");
    CHECK(large.exit_code == 1);
    CHECK_THAT(large.err, Contains("1 MiB"));
    CHECK(box.fleet({"signals"}).out == "no signals are kept, and nobody waits for one\n");
}
