#include "common/pace/circuit.hpp"

#include <catch2/catch.hpp>

#include "common/pace/density.hpp"

using namespace fleet;
using model::CallEnd;
using model::CallOutcome;
using model::CircuitState;
using model::Refusal;

namespace {

CallOutcome answered() {
    CallOutcome outcome;
    outcome.end = CallEnd::answered;
    return outcome;
}

CallOutcome refused(Refusal refusal = Refusal::per_minute) {
    CallOutcome outcome;
    outcome.end = CallEnd::refused;
    outcome.rate_limit.refusal = refusal;
    return outcome;
}

struct Watched {
    model::Circuit circuit;
    model::CircuitRules rules;
    model::Density density{};
    base::StoreTime now = base::store_time(1'000'000);

    void feed(const CallOutcome& outcome, bool probe = false) {
        feed_with_epoch(outcome, circuit.epoch, probe);
    }
    void feed_with_epoch(const CallOutcome& outcome, std::int64_t epoch, bool probe = false) {
        model::Permit permit;
        permit.circuit_epoch = epoch;
        permit.probe = probe;
        pace::count_outcome(density, now, outcome);
        pace::feed_circuit(circuit, rules, density, permit, outcome, now);
    }
    void pass(base::Millis span) {
        now += span;
        pace::advance_circuit(circuit, now);
    }
    std::optional<int> free_probes() const { return pace::free_probes(circuit, rules); }
};

}  // namespace

TEST_CASE("a circuit opens above its share of refusals, with enough samples") {
    Watched it;
    it.circuit.since = it.now - base::Millis{60'000};
    for (int call = 0; call < 6; ++call) {
        it.feed(answered());
    }
    for (int call = 0; call < 3; ++call) {
        it.feed(refused());
    }
    CHECK(it.circuit.state == CircuitState::closed);  // 3 of 9: too few samples
    it.feed(refused());                               // 4 of 10
    CHECK(it.circuit.state == CircuitState::open);
    CHECK(it.circuit.reason == "4 of 10 calls were refused and 0 failed");
    CHECK(it.free_probes() == 0);
}

TEST_CASE("an open circuit lets a few probes through and closes when they succeed") {
    Watched it;
    pace::open_circuit(it.circuit, "test", it.now);
    it.circuit.until = it.now + base::Millis{1'000};
    it.pass(base::Millis{999});
    CHECK(it.circuit.state == CircuitState::open);
    it.pass(base::Millis{1});
    REQUIRE(it.circuit.state == CircuitState::half_open);
    for (int probe = 0; probe < 3; ++probe) {
        REQUIRE(it.free_probes().value_or(0) > 0);
        pace::take_probe(it.circuit, it.now);
    }
    CHECK(it.free_probes() == 0);
    it.feed(answered(), true);
    it.feed(answered(), true);
    CHECK(it.circuit.state == CircuitState::half_open);
    it.feed(answered(), true);
    CHECK(it.circuit.state == CircuitState::closed);
    CHECK_FALSE(it.free_probes());
}

TEST_CASE("a probe that is refused opens it again for twice as long, up to a limit") {
    Watched it;
    it.rules.cooldown = base::Millis{1'000};
    it.rules.longest_cooldown = base::Millis{3'000};
    it.circuit.cooldown = base::Millis{1'000};
    pace::open_circuit(it.circuit, "test", it.now);
    it.circuit.until = it.now;
    for (const int expected : {2'000, 3'000, 3'000}) {
        it.pass(base::Millis{10'000});
        REQUIRE(it.circuit.state == CircuitState::half_open);
        pace::take_probe(it.circuit, it.now);
        it.feed(refused(), true);
        CHECK(it.circuit.state == CircuitState::open);
        CHECK(it.circuit.until == it.now + base::Millis{expected});
    }
}

TEST_CASE("a provider that only fails is tried once a minute, however long it has failed") {
    Watched it;
    it.circuit.cooldown = it.rules.cooldown;
    pace::open_circuit(it.circuit, "test", it.now);
    it.circuit.until = it.now;
    model::CallOutcome failed;
    failed.end = model::CallEnd::server_error;
    for (const int expected : {30'000, 60'000, 60'000, 60'000}) {
        it.pass(base::Millis{60'000});
        REQUIRE(it.circuit.state == CircuitState::half_open);
        pace::take_probe(it.circuit, it.now);
        it.feed(failed, true);
        CHECK(it.circuit.until == it.now + base::Millis{expected});
    }
    SECTION("and less often where a person has asked for a longer cooldown") {
        it.rules.cooldown = base::Millis{300'000};
        it.pass(base::Millis{60'000});
        pace::take_probe(it.circuit, it.now);
        it.feed(failed, true);
        CHECK(it.circuit.until == it.now + base::Millis{120'000});
    }
}

TEST_CASE("a probe whose end nobody tells is free again and says nothing") {
    Watched it;
    pace::open_circuit(it.circuit, "test", it.now);
    it.circuit.until = it.now;
    it.pass(base::Millis{1});
    for (int probe = 0; probe < 3; ++probe) {
        pace::take_probe(it.circuit, it.now);
    }
    CHECK(it.free_probes() == 0);
    it.pass(pace::kProbeLife);
    CHECK(it.free_probes() == 3);
    CHECK(it.circuit.state == CircuitState::half_open);
}

TEST_CASE("outcomes of calls from before a change do not change the circuit") {
    Watched it;
    it.circuit.since = it.now - base::Millis{60'000};
    const auto before = it.circuit.epoch;
    pace::open_circuit(it.circuit, "test", it.now);
    pace::close_circuit(it.circuit, it.now);
    it.pass(base::Millis{5'000});
    for (int call = 0; call < 50; ++call) {
        it.feed_with_epoch(refused(), before);
    }
    CHECK(it.circuit.state == CircuitState::closed);
}

TEST_CASE("billing and auth refusals open it until a person closes it") {
    for (const Refusal refusal : {Refusal::billing, Refusal::auth}) {
        Watched it;
        it.feed(refused(refusal));
        CHECK(it.circuit.state == CircuitState::open);
        CHECK_FALSE(it.circuit.until);
        it.pass(std::chrono::hours(1'000));
        CHECK(it.circuit.state == CircuitState::open);
        CHECK(pace::circuit_hold(it.circuit, it.now).reason == model::HoldReason::person);
        pace::close_circuit(it.circuit, it.now);
        CHECK(it.circuit.state == CircuitState::closed);
    }
}

TEST_CASE("a provider's own word makes the first cooldown longer") {
    Watched it;
    it.circuit.since = it.now - base::Millis{60'000};
    CallOutcome outcome = refused();
    outcome.rate_limit.retry_after = std::chrono::minutes(7);
    for (int call = 0; call < 10; ++call) {
        it.feed(outcome);
    }
    REQUIRE(it.circuit.state == CircuitState::open);
    CHECK(it.circuit.until == it.now + std::chrono::minutes(7));
}
