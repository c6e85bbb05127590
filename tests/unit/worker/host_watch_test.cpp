#include "worker/host_watch.hpp"

#include <memory>

#include <catch2/catch.hpp>

#include "common/base/ids.hpp"
#include "common/process/identity.hpp"
#include "common/store/memory/memory_store.hpp"
#include "tests/support/test_clock.hpp"

namespace fleet::worker_test {
namespace {

using namespace std::chrono_literals;
using model::WorkerRecord;
using model::WorkerStatus;

/// A worker with a seat on this box, and the scalers that it may see.
class Box {
  public:
    Box() {
        self.worker_id = "worker-1";
        self.host = "box";
        self.process = process::self_identity(base::SystemClock());
        self.seat = 1;
    }

    void scaler(const std::string& id, const std::string& batch, bool alive) {
        WorkerRecord record;
        record.kind = model::WorkerKind::host;
        record.worker_id = id;
        record.host = "box";
        record.batch = batch;
        record.process = self.process;
        // Another start time: that process has ended and its pid is somebody else's.
        record.process.start_ticks += alive ? 0 : 1;
        record.ttl = 15s;
        record.started_at = store->now();
        store->registration().register_worker(record);
    }
    void batch(const std::string& name, bool over) {
        model::NewBatch batch;
        batch.name = name;
        batch.pool = "default";
        base::UuidGenerator ids;
        batch.id_seed = ids.next(clock.wall_now());
        batch.options = "{}";
        REQUIRE(store->work().create_batch(batch));
        if (over) {
            store->work().seal_batch(name);
        }
        self.batch = name;
    }
    [[nodiscard]] worker::HostWatch watch() { return {*store, clock, self}; }

    test_support::TestClock clock;
    std::unique_ptr<contracts::Store> store =
        store::memory::make_memory_store({"memory", "", {}}, clock);
    WorkerRecord self;
};

}  // namespace

TEST_CASE("a worker whose scaler died leaves after two of its TTLs, unless another comes") {
    Box box;
    box.scaler("host-1", "", false);
    auto watch = box.watch();
    CHECK_FALSE(watch.reason_to_leave());
    box.clock.advance(29s);
    CHECK_FALSE(watch.reason_to_leave());

    SECTION("no other comes") {
        box.clock.advance(1s);
        const auto why = watch.reason_to_leave();
        REQUIRE(why);
        CHECK(why->find("scaler is gone") != std::string::npos);
    }
    SECTION("another comes") {
        box.scaler("host-2", "", true);
        box.clock.advance(1s);
        CHECK_FALSE(watch.reason_to_leave());
        // Silent for longer than its TTL it counts as gone, from when that was seen.
        box.clock.advance(16s);
        CHECK_FALSE(watch.reason_to_leave());
        box.clock.advance(30s);
        CHECK(watch.reason_to_leave());
    }
}

TEST_CASE("a worker stays when its scaler has left in order") {
    Box box;
    box.scaler("host-1", "", true);
    box.store->registration().deregister("host-1");
    auto watch = box.watch();
    for (int look = 0; look < 3; ++look) {
        CHECK_FALSE(watch.reason_to_leave());
        box.clock.advance(1min);
    }
}

TEST_CASE("a worker that was started by hand needs no scaler") {
    Box box;
    box.self.seat = 0;
    box.scaler("host-1", "", false);
    auto watch = box.watch();
    CHECK_FALSE(watch.reason_to_leave());
    box.clock.advance(10min);
    CHECK_FALSE(watch.reason_to_leave());
}

TEST_CASE("a worker of a batch that is over leaves at once when its scaler is gone") {
    Box box;
    SECTION("over, and the scaler is another batch's") {
        box.batch("b", true);
        box.scaler("host-1", "b", false);
        box.scaler("host-2", "other", true);
        const auto why = box.watch().reason_to_leave();
        REQUIRE(why);
        CHECK(why->find("batch b is over") != std::string::npos);
    }
    SECTION("over, and its scaler is at work") {
        box.batch("b", true);
        box.scaler("host-1", "b", true);
        CHECK_FALSE(box.watch().reason_to_leave());
    }
    SECTION("over, and a service takes it in") {
        box.batch("b", true);
        box.scaler("host-1", "", true);
        CHECK_FALSE(box.watch().reason_to_leave());
    }
    SECTION("not over: somebody may resume it") {
        box.batch("b", false);
        box.scaler("host-1", "b", false);
        CHECK_FALSE(box.watch().reason_to_leave());
    }
}

}  // namespace fleet::worker_test
