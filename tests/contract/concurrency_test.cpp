// Many threads on one store.
#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "common/base/ids.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

constexpr int kThreads = 8;
constexpr std::size_t kItems = 2'000;

/// Runs `body(number)` in every thread; exceptions become a failure of the test.
void in_threads(const std::function<void(int)>& body) {
    std::mutex mutex;
    std::vector<std::string> failures;
    {
        std::vector<std::jthread> threads;
        for (int number = 0; number < kThreads; ++number) {
            threads.emplace_back([&, number] {
                try {
                    body(number);
                } catch (const std::exception& failure) {
                    const std::scoped_lock lock(mutex);
                    failures.emplace_back(failure.what());
                }
            });
        }
    }
    REQUIRE(failures == std::vector<std::string>());
}

std::string worker_name(int number) {
    return "w" + std::to_string(number);
}

void register_workers(StoreFixture& f) {
    for (int number = 0; number < kThreads; ++number) {
        f.worker(worker_name(number), "box-" + std::to_string(number));
    }
}

TEST_CASE("eight threads claim everything once and lose nothing") {
    FOR_EACH_STORE(f);
    register_workers(f);
    const std::vector<ExecutionId> ids = f.push(kItems);
    std::mutex mutex;
    std::vector<ExecutionId> claimed;
    std::set<model::FencingToken> tokens;
    in_threads([&](int number) {
        contracts::ClaimRequest request =
            StoreFixture::claim_request(worker_name(number), 1 + static_cast<std::size_t>(number));
        for (;;) {
            const contracts::ClaimAnswer answer = f.work().claim(request);
            if (answer.claimed.empty()) {
                return;
            }
            const std::scoped_lock lock(mutex);
            for (const Claimed& one : answer.claimed) {
                claimed.push_back(one.lease.execution);
                tokens.insert(one.lease.token);
            }
        }
    });
    CHECK(claimed.size() == kItems);
    const std::set<ExecutionId> distinct(claimed.begin(), claimed.end());
    CHECK(distinct == std::set<ExecutionId>(ids.begin(), ids.end()));
    CHECK(tokens.size() <= kItems);
    CHECK(f.counts().running == static_cast<std::int64_t>(kItems));
    f.require_sound();
}

TEST_CASE("commits of many threads are each applied once, whatever is merged with them") {
    FOR_EACH_STORE(f);
    register_workers(f);
    f.push(kItems);
    std::atomic<std::int64_t> applied{0};
    std::atomic<std::int64_t> repeated{0};
    std::atomic<std::int64_t> other{0};
    in_threads([&](int number) {
        const contracts::ClaimRequest request =
            StoreFixture::claim_request(worker_name(number), 16);
        for (;;) {
            const contracts::ClaimAnswer answer = f.work().claim(request);
            if (answer.claimed.empty()) {
                return;
            }
            std::vector<StepCommit> commits;
            for (const Claimed& one : answer.claimed) {
                commits.push_back(StoreFixture::step(one, NextDone{one.input}));
                commits.back().usage = {{"2026-11-21", "p", "", 1, 0, 0, 0}};
                commits.push_back(commits.back());
            }
            for (const CommitResult result : f.store().commit(commits)) {
                ++(result == CommitResult::applied           ? applied
                   : result == CommitResult::already_applied ? repeated
                                                             : other);
            }
        }
    });
    CHECK(applied == static_cast<std::int64_t>(kItems));
    CHECK(repeated == static_cast<std::int64_t>(kItems));
    CHECK(other == 0);
    CHECK(f.counts().done == static_cast<std::int64_t>(kItems));
    CHECK(f.store().usage().daily("2026-11-21").at(0).requests ==
          static_cast<std::int64_t>(kItems));
    f.require_sound();
}

TEST_CASE("pushing, claiming, releasing and committing at once ends with everything done") {
    FOR_EACH_STORE(f);
    register_workers(f);
    constexpr std::size_t kPushes = 10;
    constexpr std::size_t kPerPush = 50;
    constexpr std::size_t kPushers = 2;
    std::atomic<std::int64_t> done{0};
    in_threads([&](int number) {
        if (number < static_cast<int>(kPushers)) {
            for (std::size_t push = 0; push < kPushes; ++push) {
                f.work().push(StoreFixture::request(kPerPush));
            }
            return;
        }
        const contracts::ClaimRequest request = StoreFixture::claim_request(worker_name(number), 5);
        while (done < static_cast<std::int64_t>(kPushers * kPushes * kPerPush)) {
            const auto ticket = f.store().triggers().ticket(contracts::pool_topic("default"));
            const contracts::ClaimAnswer answer = f.work().claim(request);
            if (answer.claimed.empty()) {
                (void)f.store().triggers().wait(contracts::pool_topic("default"), ticket, 20ms, {});
                continue;
            }
            const std::size_t kept = (answer.claimed.size() + 1) / 2;
            std::vector<StepCommit> commits;
            std::vector<model::Lease> back;
            for (std::size_t i = 0; i < answer.claimed.size(); ++i) {
                if (i < kept) {
                    commits.push_back(StoreFixture::step(answer.claimed[i], NextDone{"1"}));
                } else {
                    back.push_back(answer.claimed[i].lease);
                }
            }
            f.work().release(back);
            for (const CommitResult result : f.store().commit(commits)) {
                done += result == CommitResult::applied ? 1 : 0;
            }
        }
    });
    CHECK(f.counts().done == static_cast<std::int64_t>(kPushers * kPushes * kPerPush));
    CHECK(f.counts().total() == f.counts().done);
    f.require_sound();
}

TEST_CASE("the same ids pushed by all threads at once are there once") {
    FOR_EACH_STORE(f);
    contracts::PushRequest request = StoreFixture::request(200);
    base::UuidGenerator generator;
    const base::Uuid seed = generator.next(f.clock().wall_now());
    for (std::size_t i = 0; i < request.executions.size(); ++i) {
        request.executions[i].id = base::derived_uuid(seed, static_cast<std::uint32_t>(i));
    }
    std::atomic<std::int64_t> inserted{0};
    in_threads([&](int) {
        for (const auto& pushed : f.work().push(request).executions) {
            inserted += pushed.outcome == contracts::PushedExecution::Outcome::inserted ? 1 : 0;
        }
    });
    CHECK(inserted == 200);
    CHECK(f.counts().pending == 200);
    f.require_sound();
}

TEST_CASE("a unique key pushed by all threads at once is live once") {
    FOR_EACH_STORE(f);
    contracts::PushRequest request = StoreFixture::request(1);
    request.executions[0].unique_key = "the one";
    std::mutex mutex;
    std::set<ExecutionId> answers;
    in_threads([&](int) {
        const contracts::PushResult result = f.work().push(request);
        const std::scoped_lock lock(mutex);
        answers.insert(result.executions.at(0).id);
    });
    CHECK(answers.size() == 1);
    CHECK(f.counts().pending == 1);
}

TEST_CASE("a named lease is won by one thread") {
    FOR_EACH_STORE(f);
    std::atomic<int> winners{0};
    in_threads([&](int number) {
        if (f.store().locks().acquire("reaper", worker_name(number), kTtl)) {
            ++winners;
        }
    });
    CHECK(winners == 1);
}

TEST_CASE("every lost worker is handed to one of the threads that look") {
    FOR_EACH_STORE(f);
    register_workers(f);
    f.pass(10s);
    std::atomic<std::size_t> handed{0};
    in_threads([&](int) { handed += f.registration().expire().size(); });
    CHECK(handed == kThreads);
}

TEST_CASE("every kept signal is consumed by one thread") {
    FOR_EACH_STORE(f);
    for (int number = 0; number < 100; ++number) {
        f.store().signals().send("channel", std::to_string(number));
    }
    std::mutex mutex;
    std::multiset<std::string> payloads;
    in_threads([&](int) {
        while (const auto signal = f.store().signals().consume("channel")) {
            const std::scoped_lock lock(mutex);
            payloads.insert(signal->payload);
        }
    });
    CHECK(payloads.size() == 100);
    CHECK(std::set<std::string>(payloads.begin(), payloads.end()).size() == 100);
}

}  // namespace
}  // namespace fleet::contract_test
