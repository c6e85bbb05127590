#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <signal.h>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/contracts/store.hpp"
#include "common/store/open.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"

namespace {

using namespace fleet;
using namespace std::chrono_literals;
using test_support::ChildProgram;

constexpr std::int64_t kItems = 10'000;
constexpr std::size_t kProcesses = 8;
constexpr std::int64_t kTtlMs = 2'000;

struct Acquisition {
    std::int64_t token = 0;
    std::int64_t at_ms = 0;
    std::string pid;
    bool done = false;
    bool refused = false;
};

/// All that the claimers wrote down, by execution.
std::map<std::string, std::vector<Acquisition>> read_journal(const std::string& text) {
    std::map<std::string, std::vector<Acquisition>> journal;
    std::istringstream lines{text};
    std::string what;
    std::string id;
    Acquisition entry;
    while (lines >> what >> id >> entry.token >> entry.at_ms >> entry.pid) {
        auto& acquisitions = journal[id];
        if (what == "claimed") {
            acquisitions.push_back(entry);
            continue;
        }
        const auto found =
            std::find_if(acquisitions.begin(), acquisitions.end(),
                         [&entry](const Acquisition& one) { return one.token == entry.token; });
        REQUIRE(found != acquisitions.end());
        found->done = found->done || what == "done";
        found->refused = found->refused || what == "refused";
    }
    return journal;
}

void push_all(contracts::Store& store) {
    model::WorkSpec noop;
    noop.machine = "builtin:noop";
    const auto spec = store.work().put_spec(noop);
    for (std::int64_t pushed = 0; pushed < kItems; pushed += 2'500) {
        contracts::PushRequest request;
        request.pool = "default";
        request.spec = spec;
        for (int i = 0; i < 2'500; ++i) {
            contracts::NewExecution execution;
            execution.input = "null";
            request.executions.push_back(std::move(execution));
        }
        REQUIRE(store.work().push(request).outcome == contracts::PushResult::Outcome::pushed);
    }
}

}  // namespace

TEST_CASE("eight processes that are killed at random never share a lease and lose nothing") {
    const test_support::TemporaryFolder folder;
    const base::SystemClock clock;
    const auto url = base::StoreUrl::parse("sqlite:" + (folder / "race.db").string(), "/");
    const auto journal = (folder / "journal").string();
    const auto store = store::open_store(url, clock);
    push_all(*store);

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
    std::map<std::string, bool> killed;  // by pid
    const auto done = [&] { return store->work().pressure("default", "").value().totals().done; };
    // Each kill comes after some progress, so that there are many whatever the machine's speed.
    for (std::int64_t mark = 100; mark < kItems; mark += 100) {
        REQUIRE(test_support::wait_until([&] { return done() >= mark; }, 60s));
        auto& victim = claimers[random() % kProcesses];
        killed[std::to_string(victim->pid())] = true;
        victim->kill(SIGKILL);
        REQUIRE(victim->wait(10s));
        victim = start();
    }
    REQUIRE(test_support::wait_until([&] { return done() == kItems; }, 60s));
    for (auto& claimer : claimers) {
        const auto end = claimer->wait(20s);
        INFO(claimer->err());
        REQUIRE(end);
        REQUIRE(end->exit_code == 0);
    }

    const auto acquired = read_journal(test_support::read_file(journal));
    REQUIRE(acquired.size() <= static_cast<std::size_t>(kItems));
    for (const auto& [id, acquisitions] : acquired) {
        INFO("execution " << id);
        CHECK(std::count_if(acquisitions.begin(), acquisitions.end(),
                            [](const Acquisition& one) { return one.done; }) <= 1);
        for (std::size_t i = 1; i < acquisitions.size(); ++i) {
            const auto& before = acquisitions[i - 1];
            const auto& after = acquisitions[i];
            CHECK(after.token > before.token);
            CHECK_FALSE(before.done);
            // Taken over: the owner was dead, or its lease had run out.
            CHECK((killed.count(before.pid) == 1 || after.at_ms >= before.at_ms + kTtlMs));
        }
    }
    const auto totals = store->work().pressure("default", "").value().totals();
    CHECK(totals == model::StatusCounts{.done = kItems});
    for (const auto& finding : store->check()) {
        INFO(finding.what << ": " << finding.detail);
        CHECK(finding.ok);
    }
}
