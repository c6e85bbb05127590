#include <csignal>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/contracts/store.hpp"
#include "common/process/identity.hpp"
#include "common/store/open.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"

namespace {

using namespace fleet;
using namespace std::chrono_literals;
using test_support::ChildProgram;

constexpr std::int64_t kChildren = 2'000;
constexpr std::size_t kProcesses = 3;
constexpr std::int64_t kTtlMs = 2'000;

/// One execution that this process claims and parks on its children.
model::ExecutionId park_parent(contracts::Store& store, const base::Clock& clock) {
    model::WorkSpec noop;
    noop.machine = "builtin:noop";
    const auto spec = store.work().put_spec(noop);
    model::WorkerRecord worker;
    worker.worker_id = "starter";
    worker.host = "test";
    worker.process = process::self_identity(clock);
    worker.owner = "test:starter:" + base::random_word(6);
    worker.pool = "default";
    worker.ttl = base::Millis{600'000};
    store.registration().register_worker(worker);
    contracts::PushRequest push;
    push.pool = "default";
    push.spec = spec;
    push.executions.resize(1);
    const auto id = store.work().push(push).executions.at(0).id;
    contracts::ClaimRequest claim;
    claim.worker_id = "starter";
    claim.pool = "default";
    claim.ttl = base::Millis{kTtlMs};
    const auto claimed = store.work().claim(claim).claimed.at(0);
    model::StepCommit commit;
    commit.lease = claimed.lease;
    commit.commit_id = base::random_positive_int64();
    commit.attempt = claimed.attempt;
    for (std::int64_t ordinal = 0; ordinal < kChildren; ++ordinal) {
        model::NewChild child;
        child.id = model::child_id(id, 1, ordinal);
        child.step = 1;
        child.ordinal = ordinal;
        child.spec = spec;
        child.input = std::to_string(ordinal);
        commit.children.push_back(std::move(child));
    }
    commit.next = model::NextChildren{.step = 1};
    REQUIRE(store.commit({&commit, 1}).front() == model::CommitResult::applied);
    return id;
}

/// How often each execution was said to be done.
std::map<std::string, int> read_ends(const std::string& text) {
    std::map<std::string, int> ends;
    std::istringstream lines{text};
    std::string what;
    std::string id;
    std::string rest;
    while (lines >> what >> id && std::getline(lines, rest)) {
        ends[id] += what == "done" ? 1 : 0;
    }
    return ends;
}

}  // namespace

TEST_CASE("a parent's children run once each and wake it once, whatever is killed") {
    const test_support::TemporaryFolder folder;
    const base::SystemClock clock;
    const auto url = base::StoreUrl::parse("sqlite:" + (folder / "family.db").string(), "/");
    const auto journal = (folder / "journal").string();
    const auto store = store::open_store(url, clock);
    const auto parent = park_parent(*store, clock);

    const auto start = [&] {
        return std::make_unique<ChildProgram>(
            test_support::Program{.argv = {(test_support::bin_dir() / "claimer").string(),
                                           url.text(), journal, std::to_string(kTtlMs), "20"}});
    };
    std::vector<std::unique_ptr<ChildProgram>> claimers;
    for (std::size_t i = 0; i < kProcesses; ++i) {
        claimers.push_back(start());
    }
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const auto done = [&] { return store->work().pressure("default", "").value().totals().done; };
    // Each kill comes after some progress, so that there are many whatever the machine's speed.
    for (std::int64_t mark = 50; mark < kChildren; mark += 50) {
        REQUIRE(test_support::wait_until([&] { return done() >= mark; }, 60s));
        auto& victim = claimers[random() % kProcesses];
        victim->kill(SIGKILL);
        REQUIRE(victim->wait(10s));
        victim = start();
    }
    REQUIRE(test_support::wait_until([&] { return done() == kChildren + 1; }, 60s));
    for (auto& claimer : claimers) {
        const auto end = claimer->wait(20s);
        INFO(claimer->err());
        REQUIRE(end);
        REQUIRE(end->exit_code == 0);
    }

    // Woken too early it would have seen fewer.
    CHECK(store->work().get(parent)->output == std::to_string(kChildren));
    for (const auto& [id, ends] : read_ends(test_support::read_file(journal))) {
        INFO("execution " << id);
        CHECK(ends <= 1);
    }
    const auto tree = store->work().tree(parent, 10);
    CHECK(tree.more == kChildren + 1 - 10);
    CHECK(store->work().pressure("default", "").value().totals() ==
          model::StatusCounts{.done = kChildren + 1});
    for (const auto& finding : store->check()) {
        INFO(finding.what << ": " << finding.detail);
        CHECK(finding.ok);
    }
}
