// Workers and hosts: registering, heartbeats, statuses, expiry.
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

using contracts::Heartbeat;
using contracts::Registered;
using contracts::RegistrationRefused;
using contracts::StatusChange;

bool registers(StoreFixture& f, const model::WorkerRecord& record) {
    return std::holds_alternative<Registered>(f.registration().register_worker(record));
}

std::string refusal(StoreFixture& f, const model::WorkerRecord& record) {
    const contracts::RegisterAnswer answer = f.registration().register_worker(record);
    const auto* refused = std::get_if<RegistrationRefused>(&answer);
    return refused == nullptr ? "" : refused->reason;
}

WorkerStatus status_of(StoreFixture& f, const std::string& id) {
    const auto record = f.registration().get(id);
    REQUIRE(record);
    return record->status;
}

Heartbeat beat_of(const std::string& id) {
    Heartbeat beat;
    beat.worker_id = id;
    return beat;
}

std::vector<std::string> listed(StoreFixture& f, contracts::WorkerFilter filter) {
    if (!filter.kind) {
        filter.kind = model::WorkerKind::worker;
    }
    std::vector<std::string> ids;
    for (const model::WorkerRecord& record : f.registration().list(filter)) {
        ids.push_back(record.worker_id);
    }
    return ids;
}

model::Seat seat_of(StoreFixture& f, std::int64_t request_id = 1) {
    contracts::SeatRequest request;
    request.pool = "default";
    request.host = "box-a";
    request.pool_max = 100;
    request.request_id = request_id;
    const contracts::SeatAnswer answer = f.store().scaling().take_seat(request);
    REQUIRE(std::holds_alternative<model::Seat>(answer));
    return std::get<model::Seat>(answer);
}

TEST_CASE("a registered worker is what it said it is, and active") {
    FOR_EACH_STORE(f);
    model::WorkerRecord record = f.record("w");
    record.capabilities = {"gpu", "net"};
    record.metadata = R"({"zone":"a"})";
    record.batch = "b";
    record.generation = 3;
    record.heartbeat_interval = 4s;
    REQUIRE(registers(f, record));
    const auto stored = f.registration().get("w");
    REQUIRE(stored);
    CHECK(stored->worker_id == "w");
    CHECK(stored->kind == model::WorkerKind::worker);
    CHECK(stored->host == "box-a");
    CHECK(stored->process == record.process);
    CHECK(stored->owner == record.owner);
    CHECK(stored->pool == "default");
    CHECK(stored->batch == "b");
    CHECK(stored->status == WorkerStatus::active);
    CHECK(stored->slots == 4);
    CHECK(stored->version == "0.1.0");
    CHECK(stored->generation == 3);
    CHECK(stored->capabilities == record.capabilities);
    CHECK(stored->heartbeat_interval == Millis{4s});
    CHECK(stored->ttl == Millis{10s});
    CHECK(stored->started_at == f.store().now());
    CHECK(stored->heartbeat_age == 0ms);
    CHECK_FALSE(stored->stale);
    CHECK(stored->launch_token.empty());
    CHECK_THAT(stored->metadata, Catch::Contains("zone"));
    CHECK_FALSE(f.registration().get("nobody"));
}

TEST_CASE("the same process may register again, another one may not take its id") {
    FOR_EACH_STORE(f);
    const model::WorkerRecord record = f.record("w");
    const auto first = f.registration().register_worker(record);
    REQUIRE(std::holds_alternative<Registered>(first));
    CHECK_FALSE(std::get<Registered>(first).already);
    const auto again = f.registration().register_worker(record);
    REQUIRE(std::holds_alternative<Registered>(again));
    CHECK(std::get<Registered>(again).already);

    CHECK_FALSE(refusal(f, f.record("w")).empty());
    model::WorkerRecord reused_pid = record;
    reused_pid.process.start_ticks += 1;
    CHECK_FALSE(refusal(f, reused_pid).empty());
    model::WorkerRecord other_boot = record;
    other_boot.process.boot_id = "another";
    CHECK_FALSE(refusal(f, other_boot).empty());
    CHECK(f.registration().get("w")->process == record.process);
}

TEST_CASE("an id that is final is never used again, not even by its own process") {
    FOR_EACH_STORE(f);
    const model::WorkerRecord record = f.record("w");
    REQUIRE(registers(f, record));
    SECTION("terminated") {
        REQUIRE(f.registration().deregister("w"));
    }
    SECTION("lost") {
        REQUIRE(f.registration().mark_dead("w", "gone"));
    }
    CHECK_FALSE(refusal(f, record).empty());
    CHECK_FALSE(refusal(f, f.record("w")).empty());
}

TEST_CASE("a heartbeat refreshes the time, keeps the figures and merges the metadata") {
    FOR_EACH_STORE(f);
    model::WorkerRecord record = f.record("w");
    record.metadata = R"({"a":1,"b":2})";
    REQUIRE(registers(f, record));
    f.pass(4s);
    CHECK(f.registration().get("w")->heartbeat_age == Millis{4s});
    Heartbeat beat = beat_of("w");
    beat.slots = 8;
    beat.busy = 5;
    beat.rss_bytes = 1'000'000;
    beat.open_fds = 33;
    beat.metadata = R"({"b":3,"c":"x"})";
    CHECK(f.registration().heartbeat(beat) == WorkerStatus::active);
    const auto stored = f.registration().get("w");
    CHECK(stored->heartbeat_age == 0ms);
    CHECK(stored->slots == 8);
    CHECK(stored->busy == 5);
    CHECK(stored->rss_bytes == 1'000'000);
    CHECK(stored->open_fds == 33);
    CHECK(stored->metadata == R"({"a":1,"b":3,"c":"x"})");
    beat.metadata.clear();
    CHECK(f.registration().heartbeat(beat) == WorkerStatus::active);
    CHECK(f.registration().get("w")->metadata == R"({"a":1,"b":3,"c":"x"})");
}

TEST_CASE("a heartbeat learns the status to obey, and that one is not registered") {
    FOR_EACH_STORE(f);
    f.worker("w");
    CHECK_FALSE(f.registration().heartbeat(beat_of("nobody")));
    f.registration().update_status("w", WorkerStatus::terminating, "scale down");
    CHECK(f.registration().heartbeat(beat_of("w")) == WorkerStatus::terminating);
    f.registration().mark_dead("w", "gone");
    CHECK(f.registration().heartbeat(beat_of("w")) == WorkerStatus::lost);
    CHECK(status_of(f, "w") == WorkerStatus::lost);
}

TEST_CASE("statuses change as the table allows and keep their reason") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::RegistrationBackend& registration = f.registration();
    CHECK(registration.update_status("nobody", WorkerStatus::terminating, "x").outcome ==
          StatusChange::Outcome::not_found);
    CHECK(registration.update_status("w", WorkerStatus::active, "x").outcome ==
          StatusChange::Outcome::unchanged);
    CHECK(registration.update_status("w", WorkerStatus::terminating, "scale down").outcome ==
          StatusChange::Outcome::changed);
    CHECK(registration.get("w")->reason == "scale down");
    CHECK(registration.update_status("w", WorkerStatus::active, "called back").outcome ==
          StatusChange::Outcome::changed);
    StatusChange change = registration.update_status("w", WorkerStatus::terminated, "too fast");
    CHECK(change.outcome == StatusChange::Outcome::illegal);
    CHECK_THAT(change.message, Catch::Contains("active") && Catch::Contains("terminated"));
    CHECK(registration.get("w")->reason == "called back");
    CHECK(registration.update_status("w", WorkerStatus::terminating, "bye").outcome ==
          StatusChange::Outcome::changed);
    CHECK(registration.update_status("w", WorkerStatus::terminated, "left").outcome ==
          StatusChange::Outcome::changed);
    change = registration.update_status("w", WorkerStatus::active, "again");
    CHECK(change.outcome == StatusChange::Outcome::illegal);
    CHECK(status_of(f, "w") == WorkerStatus::terminated);
}

TEST_CASE("a change of status wakes the pool and the scalers") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::TriggerBackend& triggers = f.store().triggers();
    const auto pool = triggers.ticket(contracts::pool_topic("default"));
    const auto scaler = triggers.ticket(contracts::scaler_topic());
    f.registration().update_status("w", WorkerStatus::terminating, "scale down");
    CHECK(triggers.wait(contracts::pool_topic("default"), pool, 0ms, {}));
    CHECK(triggers.wait(contracts::scaler_topic(), scaler, 0ms, {}));
}

TEST_CASE("deregistering ends as terminated") {
    FOR_EACH_STORE(f);
    f.worker("w");
    CHECK(f.registration().deregister("w"));
    CHECK(status_of(f, "w") == WorkerStatus::terminated);
    CHECK_FALSE(f.registration().deregister("nobody"));
}

TEST_CASE("registrations are listed by start time and filtered") {
    FOR_EACH_STORE(f);
    model::WorkerRecord record = f.record("z", "box-1");
    record.capabilities = {"gpu"};
    REQUIRE(registers(f, record));
    f.pass(1s);
    model::PoolPolicy other;
    other.pool = "other";
    f.store().scaling().put_pool(other);
    record = f.record("b", "box-2");
    record.pool = "other";
    REQUIRE(registers(f, record));
    REQUIRE(registers(f, f.record("a", "box-1")));
    record = f.record("host:box-1", "box-1");
    record.kind = model::WorkerKind::host;
    record.pool.clear();
    REQUIRE(registers(f, record));
    f.registration().update_status("a", WorkerStatus::terminating, "x");

    using Ids = std::vector<std::string>;
    contracts::WorkerFilter filter;
    CHECK(listed(f, filter) == Ids{"z", "a", "b"});
    SECTION("by status") {
        filter.statuses = {WorkerStatus::terminating, WorkerStatus::lost};
        CHECK(listed(f, filter) == Ids{"a"});
    }
    SECTION("by host") {
        filter.host = "box-1";
        CHECK(listed(f, filter) == Ids{"z", "a"});
    }
    SECTION("by pool") {
        filter.pool = "other";
        CHECK(listed(f, filter) == Ids{"b"});
    }
    SECTION("by capability") {
        filter.capability = "gpu";
        CHECK(listed(f, filter) == Ids{"z"});
        filter.capability = "g";
        CHECK(listed(f, filter).empty());
    }
    SECTION("hosts") {
        filter.kind = model::WorkerKind::host;
        filter.host = "box-1";
        CHECK(listed(f, filter) == Ids{"host:box-1"});
    }
    SECTION("by staleness") {
        f.pass(6s);
        f.registration().heartbeat(beat_of("a"));
        f.pass(4s);
        filter.stale = true;
        CHECK(listed(f, filter) == Ids{"z", "b"});
        filter.stale = false;
        CHECK(listed(f, filter) == Ids{"a"});
    }
}

TEST_CASE("a stale worker is marked lost for exactly one caller") {
    FOR_EACH_STORE(f);
    f.worker("quiet");
    f.worker("leaving");
    f.worker("busy");
    f.registration().update_status("leaving", WorkerStatus::terminating, "bye");
    f.pass(6s);
    CHECK(f.registration().heartbeat(beat_of("busy")) == WorkerStatus::active);
    CHECK(f.registration().expire().empty());
    f.pass(4s);
    const std::vector<model::WorkerRecord> lost = f.registration().expire();
    REQUIRE(lost.size() == 2);
    for (const model::WorkerRecord& record : lost) {
        CHECK(record.status == WorkerStatus::lost);
        CHECK_FALSE(record.reason.empty());
        CHECK(record.worker_id != "busy");
    }
    CHECK(f.registration().expire().empty());
    CHECK(status_of(f, "quiet") == WorkerStatus::lost);
    CHECK(status_of(f, "leaving") == WorkerStatus::lost);
    CHECK(status_of(f, "busy") == WorkerStatus::active);
}

TEST_CASE("hosts are judged like workers") {
    FOR_EACH_STORE(f);
    model::WorkerRecord host = f.record("host:box-1", "box-1");
    host.kind = model::WorkerKind::host;
    host.pool.clear();
    REQUIRE(registers(f, host));
    f.pass(10s);
    REQUIRE(f.registration().expire().size() == 1);
    CHECK(status_of(f, "host:box-1") == WorkerStatus::lost);
}

TEST_CASE("after a gap in which nobody ticked, nobody is judged for one ttl") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.pass(1s);
    f.jump(1h);
    CHECK(f.registration().expire().empty());
    SECTION("who is heard of in time stays") {
        f.pass(9s);
        CHECK(f.registration().heartbeat(beat_of("w")) == WorkerStatus::active);
        f.pass(9s);
        CHECK(f.registration().expire().empty());
    }
    SECTION("who stays quiet is lost") {
        f.pass(9s);
        CHECK(f.registration().expire().empty());
        f.pass(1s);
        CHECK(f.registration().expire().size() == 1);
    }
    SECTION("proven death needs no wait") {
        CHECK(f.registration().mark_dead("w", "its process is gone"));
    }
}

TEST_CASE("a worker that is proven dead is lost at once, with the reason") {
    FOR_EACH_STORE(f);
    f.worker("w");
    CHECK(f.registration().mark_dead("w", "process 42 is gone"));
    CHECK(status_of(f, "w") == WorkerStatus::lost);
    CHECK(f.registration().get("w")->reason == "process 42 is gone");
    CHECK_FALSE(f.registration().mark_dead("w", "again"));
    CHECK_FALSE(f.registration().mark_dead("nobody", "x"));
    CHECK(f.registration().get("w")->reason == "process 42 is gone");
}

TEST_CASE("final registrations are forgotten when they are old, live ones never") {
    FOR_EACH_STORE(f);
    f.worker("left");
    f.worker("alive");
    f.registration().deregister("left");
    f.pass(1min);
    f.worker("dead");
    f.registration().mark_dead("dead", "gone");
    f.pass(30s);
    CHECK(f.registration().forget_final(2min) == 0);
    CHECK(f.registration().forget_final(1min) == 1);
    CHECK_FALSE(f.registration().get("left"));
    CHECK(f.registration().get("dead"));
    CHECK(f.registration().get("alive"));
}

TEST_CASE("a worker takes the seat it was launched for") {
    FOR_EACH_STORE(f);
    const model::Seat seat = seat_of(f);
    model::WorkerRecord record = f.record("w");
    record.seat = seat.id;
    record.launch_token = seat.launch_token;
    SECTION("while it is requested") {}
    SECTION("while it is starting") {
        REQUIRE(f.store().scaling().set_seat_state(seat.id, model::SeatState::starting));
    }
    REQUIRE(registers(f, record));
    const std::vector<model::Seat> seats = f.store().scaling().seats("default");
    REQUIRE(seats.size() == 1);
    CHECK(seats[0].state == model::SeatState::ready);
    CHECK(seats[0].worker_id == "w");
    CHECK(f.registration().get("w")->seat == seat.id);
    CHECK(f.registration().get("w")->launch_token.empty());
    f.pass(1h);
    CHECK(f.store().scaling().seats("default").size() == 1);
}

TEST_CASE("a worker whose seat does not hold is refused") {
    FOR_EACH_STORE(f);
    const model::Seat seat = seat_of(f);
    model::WorkerRecord record = f.record("w");
    record.seat = seat.id;
    record.launch_token = seat.launch_token;
    SECTION("its token differs") {
        record.launch_token += "x";
    }
    SECTION("the seat is unknown") {
        record.seat += 100;
    }
    SECTION("the seat was given up") {
        REQUIRE(f.store().scaling().set_seat_state(seat.id, model::SeatState::gone));
    }
    SECTION("it came too late") {
        f.pass(30s);
    }
    SECTION("another worker has it") {
        model::WorkerRecord first = f.record("first");
        first.seat = seat.id;
        first.launch_token = seat.launch_token;
        REQUIRE(registers(f, first));
    }
    CHECK_FALSE(refusal(f, record).empty());
    CHECK_FALSE(f.registration().get("w"));
}

TEST_CASE("a worker started by hand takes a seat of its own, if the maximum allows") {
    FOR_EACH_STORE(f);
    model::PoolPolicy policy = *f.store().scaling().pool("default");
    policy.max_workers = 2;
    f.store().scaling().put_pool(policy);
    f.worker("a");
    f.worker("b");
    CHECK(f.registration().get("a")->seat != 0);
    CHECK(f.registration().get("a")->seat != f.registration().get("b")->seat);
    CHECK(f.store().scaling().seats("default").size() == 2);
    CHECK_FALSE(refusal(f, f.record("c")).empty());
    CHECK_FALSE(f.registration().get("c"));
    // The same process comes again: it has its seat already.
    f.registration().deregister("a");
    f.worker("d");
}

TEST_CASE("without a maximum anybody may register") {
    FOR_EACH_STORE(f);
    for (int number = 0; number < 20; ++number) {
        f.worker("w" + std::to_string(number));
    }
    CHECK(f.store().scaling().seats("default").size() == 20);
}

TEST_CASE("a worker of an unknown pool is refused") {
    FOR_EACH_STORE(f);
    model::WorkerRecord record = f.record("w");
    record.pool = "nowhere";
    CHECK_FALSE(refusal(f, record).empty());
}

TEST_CASE("a seat follows the status of its worker") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::ScalingBackend& scaling = f.store().scaling();
    REQUIRE(scaling.seats("default").size() == 1);
    CHECK(scaling.seats("default")[0].state == model::SeatState::ready);
    f.registration().update_status("w", WorkerStatus::terminating, "x");
    REQUIRE(scaling.seats("default").size() == 1);
    CHECK(scaling.seats("default")[0].state == model::SeatState::retiring);
    f.registration().update_status("w", WorkerStatus::active, "called back");
    CHECK(scaling.seats("default").at(0).state == model::SeatState::ready);
    SECTION("gone when it has left") {
        f.registration().deregister("w");
    }
    SECTION("gone when it is dead") {
        f.registration().mark_dead("w", "gone");
    }
    SECTION("gone when it is stale") {
        f.pass(10s);
        f.registration().expire();
    }
    CHECK(scaling.seats("default").empty());
}

}  // namespace
}  // namespace fleet::contract_test
