// Named leases.
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

model::NamedLease acquire(StoreFixture& f, const std::string& key, const std::string& owner) {
    const auto lease = f.store().locks().acquire(key, owner, kTtl);
    REQUIRE(lease);
    return *lease;
}

TEST_CASE("a free key is taken, a held one is not, by nobody") {
    FOR_EACH_STORE(f);
    contracts::ExecutionLock& locks = f.store().locks();
    const model::NamedLease lease = acquire(f, "reaper", "a:1:x");
    CHECK(lease.key == "reaper");
    CHECK(lease.owner == "a:1:x");
    CHECK(lease.token > 0);
    CHECK(lease.remaining == kTtl);
    CHECK_FALSE(locks.acquire("reaper", "b:2:y", kTtl));
    CHECK_FALSE(locks.acquire("reaper", "a:1:x", kTtl));
    CHECK(locks.acquire("another", "b:2:y", kTtl));
}

TEST_CASE("the token of a key grows by one with every acquisition, for ever") {
    FOR_EACH_STORE(f);
    contracts::ExecutionLock& locks = f.store().locks();
    model::NamedLease lease = acquire(f, "k", "a");
    for (int round = 0; round < 3; ++round) {
        const model::FencingToken last = lease.token;
        if (round == 1) {
            f.pass(kTtl);
        } else {
            REQUIRE(locks.release(lease));
        }
        lease = acquire(f, "k", "b");
        CHECK(lease.token == last + 1);
    }
}

TEST_CASE("an expired lease may be taken by anybody, and its owner notices") {
    FOR_EACH_STORE(f);
    contracts::ExecutionLock& locks = f.store().locks();
    const model::NamedLease old = acquire(f, "k", "a");
    f.pass(kTtl - 1s);
    CHECK_FALSE(locks.acquire("k", "b", kTtl));
    CHECK(locks.get("k")->remaining == Millis{1s});
    f.pass(1s);
    CHECK_FALSE(locks.get("k"));
    const model::NamedLease taken = acquire(f, "k", "b");
    CHECK(taken.token > old.token);
    CHECK_FALSE(locks.renew(old, kTtl));
    CHECK_FALSE(locks.release(old));
    CHECK(locks.get("k")->owner == "b");
}

TEST_CASE("a late owner whose lease nobody took keeps it") {
    FOR_EACH_STORE(f);
    contracts::ExecutionLock& locks = f.store().locks();
    const model::NamedLease lease = acquire(f, "k", "a");
    f.pass(10 * kTtl);
    CHECK(locks.renew(lease, kTtl));
    CHECK_FALSE(locks.acquire("k", "b", kTtl));
    CHECK(locks.get("k")->token == lease.token);
}

TEST_CASE("a renewal is the owner's with the right token, and nobody else's") {
    FOR_EACH_STORE(f);
    contracts::ExecutionLock& locks = f.store().locks();
    const model::NamedLease lease = acquire(f, "k", "a");
    f.pass(10s);
    CHECK(locks.renew(lease, kTtl));
    CHECK(locks.get("k")->remaining == kTtl);
    model::NamedLease wrong = lease;
    wrong.token += 1;
    CHECK_FALSE(locks.renew(wrong, kTtl));
    CHECK_FALSE(locks.release(wrong));
    wrong = lease;
    wrong.owner = "b";
    CHECK_FALSE(locks.renew(wrong, kTtl));
    CHECK_FALSE(locks.release(wrong));
    wrong = lease;
    wrong.key = "unknown";
    CHECK_FALSE(locks.renew(wrong, kTtl));
    CHECK(locks.get("k"));
}

TEST_CASE("a released lease is free at once and cannot be renewed") {
    FOR_EACH_STORE(f);
    contracts::ExecutionLock& locks = f.store().locks();
    const model::NamedLease lease = acquire(f, "k", "a");
    CHECK(locks.release(lease));
    CHECK_FALSE(locks.release(lease));
    CHECK_FALSE(locks.renew(lease, kTtl));
    CHECK_FALSE(locks.get("k"));
    CHECK(locks.acquire("k", "b", kTtl));
}

TEST_CASE("the lease of a dead owner is broken, that of another one is not") {
    FOR_EACH_STORE(f);
    contracts::ExecutionLock& locks = f.store().locks();
    const model::NamedLease lease = acquire(f, "k", "a");
    CHECK_FALSE(locks.break_lease("k", "b"));
    CHECK_FALSE(locks.break_lease("unknown", "a"));
    CHECK(locks.break_lease("k", "a"));
    CHECK_FALSE(locks.break_lease("k", "a"));
    CHECK(acquire(f, "k", "b").token == lease.token + 1);
    CHECK_FALSE(locks.renew(lease, kTtl));
}

TEST_CASE("live leases are listed by key") {
    FOR_EACH_STORE(f);
    contracts::ExecutionLock& locks = f.store().locks();
    CHECK(locks.list().empty());
    acquire(f, "z", "a");
    acquire(f, "m", "b");
    const model::NamedLease released = acquire(f, "n", "c");
    REQUIRE(locks.release(released));
    REQUIRE(locks.acquire("brief", "d", 5s));
    f.pass(6s);
    std::vector<std::string> keys;
    for (const model::NamedLease& lease : locks.list()) {
        keys.push_back(lease.key);
    }
    CHECK(keys == std::vector<std::string>{"m", "z"});
    CHECK_FALSE(locks.get("never"));
}

TEST_CASE("after a gap that nobody could renew through, a named lease holds for one more ttl") {
    FOR_EACH_STORE(f);
    contracts::ExecutionLock& locks = f.store().locks();
    acquire(f, "k", "a");
    f.pass(1s);
    f.jump(1h);
    CHECK_FALSE(locks.acquire("k", "b", kTtl));
    f.pass(kTtl - 1s);
    CHECK_FALSE(locks.acquire("k", "b", kTtl));
    f.pass(1s);
    CHECK(locks.acquire("k", "b", kTtl));
}

}  // namespace
}  // namespace fleet::contract_test
