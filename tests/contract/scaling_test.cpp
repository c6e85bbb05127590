// Pools, seats and decisions.
#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "common/base/errors.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

using model::SeatState;

contracts::SeatRequest seat_request(std::int64_t request_id, int pool_max = 4) {
    contracts::SeatRequest request;
    request.pool = "default";
    request.host = "box-a";
    request.pool_max = pool_max;
    request.request_id = request_id;
    return request;
}

model::Seat take_seat(StoreFixture& f, std::int64_t request_id, int pool_max = 4) {
    const contracts::SeatAnswer answer =
        f.store().scaling().take_seat(seat_request(request_id, pool_max));
    REQUIRE(std::holds_alternative<model::Seat>(answer));
    return std::get<model::Seat>(answer);
}

bool is_refused(StoreFixture& f, const contracts::SeatRequest& request) {
    const contracts::SeatAnswer answer = f.store().scaling().take_seat(request);
    const auto* refused = std::get_if<contracts::SeatRefused>(&answer);
    return refused != nullptr && !refused->reason.empty();
}

TEST_CASE("the pool `default` is there from the start") {
    FOR_EACH_STORE(f);
    const auto policy = f.store().scaling().pool("default");
    REQUIRE(policy);
    model::PoolPolicy expected;
    expected.pool = "default";
    expected.version = policy->version;
    CHECK(*policy == expected);
    CHECK(f.store().scaling().pools() == std::vector{*policy});
    CHECK_FALSE(f.store().scaling().pool("nowhere"));
}

TEST_CASE("a pool's policy is stored whole and its version grows with every change") {
    FOR_EACH_STORE(f);
    contracts::ScalingBackend& scaling = f.store().scaling();
    model::PoolPolicy policy;
    policy.pool = "gpu.A-1_x";
    policy.min_workers = 1;
    policy.max_workers = 9;
    policy.slots_per_worker = 2;
    policy.drain_target = 600s;
    policy.max_wait = 5s;
    policy.stabilization = 7s;
    policy.service_prior = 300ms;
    const std::int64_t first = scaling.put_pool(policy);
    policy.version = first;
    CHECK(scaling.pool(policy.pool) == policy);
    policy.max_workers.reset();
    policy.drain_target.reset();
    const std::int64_t second = scaling.put_pool(policy);
    CHECK(second > first);
    policy.version = second;
    CHECK(scaling.pool(policy.pool) == policy);
    REQUIRE(scaling.set_paused(policy.pool, true));
    CHECK(scaling.pool(policy.pool)->version > second);
    CHECK(scaling.pool(policy.pool)->paused);
    REQUIRE(scaling.set_paused(policy.pool, false));
    CHECK_FALSE(scaling.pool(policy.pool)->paused);
    CHECK_FALSE(scaling.set_paused("nowhere", true));
}

TEST_CASE("changing the policy of a paused pool leaves it paused") {
    FOR_EACH_STORE(f);
    contracts::ScalingBackend& scaling = f.store().scaling();
    REQUIRE(scaling.set_paused("default", true));
    model::PoolPolicy policy = *scaling.pool("default");
    policy.min_workers = 2;
    scaling.put_pool(policy);
    CHECK(scaling.pool("default")->paused);
    CHECK(scaling.pool("default")->min_workers == 2);
}

TEST_CASE("pools are listed by name, and bad names are refused") {
    FOR_EACH_STORE(f);
    contracts::ScalingBackend& scaling = f.store().scaling();
    for (const std::string name : {"z", "a"}) {
        model::PoolPolicy policy;
        policy.pool = name;
        scaling.put_pool(policy);
    }
    for (const std::string& name :
         {std::string(), std::string("a b"), std::string("a/b"), std::string(61, 'x')}) {
        model::PoolPolicy policy;
        policy.pool = name;
        CHECK_THROWS_AS(scaling.put_pool(policy), base::Error);
    }
    std::vector<std::string> names;
    for (const model::PoolPolicy& policy : scaling.pools()) {
        names.push_back(policy.pool);
    }
    CHECK(names == std::vector<std::string>{"a", "default", "z"});
}

TEST_CASE("the end of a pause wakes the pool's workers") {
    FOR_EACH_STORE(f);
    REQUIRE(f.store().scaling().set_paused("default", true));
    const auto ticket = f.store().triggers().ticket(contracts::pool_topic("default"));
    REQUIRE(f.store().scaling().set_paused("default", false));
    CHECK(f.store().triggers().wait(contracts::pool_topic("default"), ticket, 0ms, {}));
}

TEST_CASE("a seat is requested, has a secret and an age") {
    FOR_EACH_STORE(f);
    const model::Seat seat = take_seat(f, 1);
    CHECK(seat.id > 0);
    CHECK(seat.pool == "default");
    CHECK(seat.host == "box-a");
    CHECK(seat.state == SeatState::requested);
    CHECK(seat.launch_token.size() >= 16);
    CHECK(seat.worker_id.empty());
    CHECK(seat.remaining == Millis{30s});
    CHECK(take_seat(f, 2).launch_token != seat.launch_token);
    f.pass(10s);
    const std::vector<model::Seat> seats = f.store().scaling().seats("default");
    REQUIRE(seats.size() == 2);
    CHECK(seats[0].age == Millis{10s});
    CHECK(seats[0].remaining == Millis{20s});
    CHECK(f.store().scaling().seats("nowhere").empty());
}

TEST_CASE("a repeated request gets the same seat, also when the pool is full") {
    FOR_EACH_STORE(f);
    const model::Seat seat = take_seat(f, 7, 1);
    CHECK(is_refused(f, seat_request(8, 1)));
    const model::Seat again = take_seat(f, 7, 1);
    CHECK(again.id == seat.id);
    CHECK(again.launch_token == seat.launch_token);
    CHECK(f.store().scaling().seats("default").size() == 1);
}

TEST_CASE("seats beyond the maximum are refused until one is free") {
    FOR_EACH_STORE(f);
    contracts::ScalingBackend& scaling = f.store().scaling();
    const model::Seat first = take_seat(f, 1, 2);
    take_seat(f, 2, 2);
    CHECK(is_refused(f, seat_request(3, 2)));
    CHECK(is_refused(f, seat_request(4, 0)));
    REQUIRE(scaling.set_seat_state(first.id, SeatState::gone));
    take_seat(f, 5, 2);
    CHECK(is_refused(f, seat_request(6, 2)));
}

TEST_CASE("retiring workers still count towards the maximum") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.registration().update_status("w", WorkerStatus::terminating, "scale down");
    CHECK(is_refused(f, seat_request(1, 1)));
    f.registration().deregister("w");
    take_seat(f, 2, 1);
}

TEST_CASE("a seat of an unknown pool is refused") {
    FOR_EACH_STORE(f);
    contracts::SeatRequest request = seat_request(1);
    request.pool = "nowhere";
    CHECK(is_refused(f, request));
}

TEST_CASE("a seat that is not ready in time is void") {
    FOR_EACH_STORE(f);
    const model::Seat seat = take_seat(f, 1, 1);
    REQUIRE(f.store().scaling().set_seat_state(seat.id, SeatState::starting));
    f.pass(29s);
    CHECK(f.store().scaling().seats("default").size() == 1);
    f.pass(1s);
    CHECK(f.store().scaling().seats("default").empty());
    CHECK_FALSE(f.store().scaling().set_seat_state(seat.id, SeatState::ready));
    take_seat(f, 2, 1);
}

TEST_CASE("a seat changes its state as the table allows") {
    FOR_EACH_STORE(f);
    contracts::ScalingBackend& scaling = f.store().scaling();
    const std::int64_t seat = take_seat(f, 1).id;
    CHECK_FALSE(scaling.set_seat_state(seat, SeatState::retiring));
    CHECK_FALSE(scaling.set_seat_state(seat, SeatState::ready));
    CHECK(scaling.set_seat_state(seat, SeatState::starting));
    CHECK_FALSE(scaling.set_seat_state(seat, SeatState::requested));
    CHECK(scaling.set_seat_state(seat, SeatState::ready));
    CHECK(scaling.set_seat_state(seat, SeatState::retiring));
    CHECK_FALSE(scaling.set_seat_state(seat, SeatState::ready));
    CHECK(scaling.set_seat_state(seat, SeatState::gone));
    CHECK_FALSE(scaling.set_seat_state(seat, SeatState::gone));
    CHECK_FALSE(scaling.set_seat_state(seat + 100, SeatState::gone));
    CHECK(scaling.seats("default").empty());
}

TEST_CASE("a seat is not taken from its registered worker") {
    FOR_EACH_STORE(f);
    contracts::ScalingBackend& scaling = f.store().scaling();
    f.worker("w");
    const std::int64_t seat = f.registration().get("w")->seat;
    CHECK_FALSE(scaling.set_seat_state(seat, SeatState::gone));
    CHECK(scaling.seats("default").size() == 1);
    f.registration().deregister("w");
    CHECK(scaling.seats("default").empty());
}

TEST_CASE("eight threads never take more seats than the maximum") {
    FOR_EACH_STORE(f);
    constexpr int kThreads = 8;
    constexpr int kTries = 25;
    constexpr int kMax = 10;
    std::atomic<int> taken{0};
    std::atomic<int> failures{0};
    std::atomic<bool> exceeded{false};
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < kThreads; ++thread) {
            threads.emplace_back([&, thread] {
                contracts::ScalingBackend& scaling = f.store().scaling();
                for (int attempt = 0; attempt < kTries; ++attempt) {
                    try {
                        const auto answer =
                            scaling.take_seat(seat_request(thread * 1000 + attempt + 1, kMax));
                        taken += std::holds_alternative<model::Seat>(answer) ? 1 : 0;
                        exceeded = exceeded || scaling.seats("default").size() > kMax;
                    } catch (const std::exception&) {
                        ++failures;
                    }
                }
            });
        }
    }
    CHECK(failures == 0);
    CHECK(taken == kMax);
    CHECK_FALSE(exceeded);
    CHECK(f.store().scaling().seats("default").size() == kMax);
}

TEST_CASE("eight threads in two pools never take more seats than the fleet's maximum") {
    FOR_EACH_STORE(f);
    constexpr int kThreads = 8;
    constexpr int kTries = 15;
    constexpr int kMax = 9;
    model::PoolPolicy other;
    other.pool = "other";
    f.store().scaling().put_pool(other);
    std::atomic<int> taken{0};
    std::atomic<int> failures{0};
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < kThreads; ++thread) {
            threads.emplace_back([&, thread] {
                for (int attempt = 0; attempt < kTries; ++attempt) {
                    contracts::SeatRequest request =
                        seat_request(thread * 1000 + attempt + 1, 1'000);
                    request.pool = thread % 2 == 0 ? "default" : "other";
                    request.fleet_max = kMax;
                    try {
                        const auto answer = f.store().scaling().take_seat(request);
                        taken += std::holds_alternative<model::Seat>(answer) ? 1 : 0;
                    } catch (const std::exception&) {
                        ++failures;
                    }
                }
            });
        }
    }
    CHECK(failures == 0);
    CHECK(taken == kMax);
    CHECK(f.store().scaling().seats("default").size() + f.store().scaling().seats("other").size() ==
          kMax);
    contracts::SeatRequest one_more = seat_request(1, 1'000);
    one_more.fleet_max = kMax;
    one_more.request_id = 99'999;
    const auto refused = f.store().scaling().take_seat(one_more);
    CHECK(std::get<contracts::SeatRefused>(refused).reason ==
          "the fleet has 9 of 9 workers in all its pools together");
    // Seats whose workers never came count no more.
    f.pass(31s);
    CHECK_FALSE(is_refused(f, one_more));
}

TEST_CASE("decisions are kept whole and listed newest first") {
    FOR_EACH_STORE(f);
    contracts::ScalingBackend& scaling = f.store().scaling();
    CHECK(scaling.decisions("", 10).empty());
    model::Decision decision;
    decision.pool = "default";
    decision.workers_before = 1;
    decision.workers_planned = 4;
    decision.started = 3;
    decision.retired = 2;
    decision.inputs = R"({"ready":40})";
    for (const std::string host : {"a", "b", "a"}) {
        decision.host = host;
        decision.reason = "ready work, seen from " + host;
        scaling.record_decision(decision);
        f.pass(1s);
    }
    const std::vector<model::Decision> all = scaling.decisions("", 10);
    REQUIRE(all.size() == 3);
    CHECK(all[0].id > all[1].id);
    CHECK(all[1].id > all[2].id);
    CHECK(all[0].at == f.store().now() - 1s);
    CHECK(all[1].host == "b");
    CHECK(all[1].pool == "default");
    CHECK(all[1].workers_before == 1);
    CHECK(all[1].workers_planned == 4);
    CHECK(all[1].started == 3);
    CHECK(all[1].retired == 2);
    CHECK(all[1].reason == "ready work, seen from b");
    CHECK(all[1].inputs == R"({"ready":40})");
    CHECK(scaling.decisions("a", 10).size() == 2);
    CHECK(scaling.decisions("", 1).size() == 1);
    CHECK(scaling.decisions("nobody", 10).empty());
}

TEST_CASE("old decisions make room for new ones") {
    FOR_EACH_STORE(f);
    contracts::ScalingBackend& scaling = f.store().scaling();
    model::Decision decision;
    decision.host = "a";
    decision.pool = "default";
    decision.inputs = "{}";
    for (std::size_t number = 0; number < contracts::kMaxDecisions + 300; ++number) {
        decision.reason = "decision " + std::to_string(number);
        scaling.record_decision(decision);
    }
    const std::vector<model::Decision> kept = scaling.decisions("", 2 * contracts::kMaxDecisions);
    CHECK(kept.size() <= contracts::kMaxDecisions);
    CHECK(kept.size() >= contracts::kMaxDecisions - 300);
    CHECK(kept.front().reason == "decision " + std::to_string(contracts::kMaxDecisions + 300 - 1));
}

}  // namespace
}  // namespace fleet::contract_test
