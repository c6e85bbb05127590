#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/wait.h>

#include "common/base/errors.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/coordinator/support.hpp"

namespace fleet::coordinator {
namespace {

using namespace testing;

/// A process that has ended and is reaped.
model::ProcessIdentity dead_process() {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::pause();
        ::_exit(0);
    }
    auto identity = process::identity_of(pid);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return identity.value();
}

TEST_CASE("a second scaler of a host is refused, and the message names the first") {
    Fixture fixture;
    auto& registration = fixture.store->registration();
    static_cast<void>(registration.register_worker(
        host_record("host:h:1", "h:77:first", process::self_identity(fixture.clock))));
    HostLease first(*fixture.store, fixture.clock, "h", "h:77:first", base::Millis{15'000});
    REQUIRE_FALSE(first.acquire());
    CHECK(first.held());
    CHECK_THROWS_WITH(fixture.lease.acquire_or_explain(), Catch::Contains("h:77:first"));
    CHECK_FALSE(fixture.lease.held());
    first.release();
    CHECK_NOTHROW(fixture.lease.acquire_or_explain());
}

TEST_CASE("the lease of a scaler that is proven dead is taken at once") {
    Fixture fixture;
    auto& registration = fixture.store->registration();
    static_cast<void>(
        registration.register_worker(host_record("host:h:1", "h:77:dead", dead_process())));
    HostLease dead(*fixture.store, fixture.clock, "h", "h:77:dead", base::Millis{600'000});
    REQUIRE_FALSE(dead.acquire());
    REQUIRE_FALSE(fixture.lease.acquire());
    CHECK(fixture.lease.held());
    CHECK(registration.get("host:h:1")->status == model::WorkerStatus::lost);
    CHECK_FALSE(dead.renew());
}

TEST_CASE("the lease of a scaler of an earlier boot is taken at once") {
    Fixture fixture;
    model::ProcessIdentity earlier = process::self_identity(fixture.clock);
    earlier.boot_id = "another boot";
    static_cast<void>(fixture.store->registration().register_worker(
        host_record("host:h:1", "h:77:dead", earlier)));
    HostLease dead(*fixture.store, fixture.clock, "h", "h:77:dead", base::Millis{600'000});
    REQUIRE_FALSE(dead.acquire());
    CHECK_FALSE(fixture.lease.acquire());
}

TEST_CASE("a holder that cannot be looked at is waited for, no longer than its lease") {
    Fixture fixture;
    HostLease unknown(*fixture.store, fixture.clock, "h", "elsewhere:1:x", base::Millis{1'200});
    REQUIRE_FALSE(unknown.acquire());
    CHECK_NOTHROW(fixture.lease.acquire_or_explain());
    CHECK(fixture.lease.held());
}

TEST_CASE("nothing is done once the lease is not certain any more") {
    Fixture fixture;
    HostLease brief(*fixture.store, fixture.clock, "h", "h:1:brief", base::Millis{900});
    REQUIRE_FALSE(brief.acquire());
    CHECK(brief.held());
    // Before it has run out: what was checked must still be done in time.
    REQUIRE(test_support::wait_until([&] { return !brief.held(); }, base::Millis{800}));
    CHECK_THROWS_AS(brief.require("starting worker x"), base::StoreError);
}

}  // namespace
}  // namespace fleet::coordinator
