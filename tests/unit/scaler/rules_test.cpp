#include "scaler/rules.hpp"

#include <catch2/catch.hpp>

#include "scaler/box.hpp"

namespace fleet::scaler {
namespace {

model::PoolPolicy policy(std::int64_t version = 2) {
    model::PoolPolicy policy;
    policy.pool = "default";
    policy.version = version;
    return policy;
}

TEST_CASE("without any word a pool has up to as many workers as the box has cores") {
    const PoolRules rules = resolve_rules(policy(), {}, 6, false);
    CHECK(rules.min_workers == 0);
    CHECK(rules.max_workers == 6);
    CHECK(rules.slots_per_worker == kDefaultSlots);
}

TEST_CASE("the untouched default pool of a service keeps one worker ready, a batch does not") {
    CHECK(resolve_rules(policy(1), {}, 6, false).min_workers == 1);
    RuleOverrides batch;
    batch.batch_mode = true;
    CHECK(resolve_rules(policy(1), batch, 6, false).min_workers == 0);
}

TEST_CASE("commands get so many slots that all workers together use the cores") {
    CHECK(resolve_rules(policy(), {}, 8, true).slots_per_worker == 1);
    RuleOverrides two;
    two.max_workers = 2;
    CHECK(resolve_rules(policy(), two, 8, true).slots_per_worker == 4);
    CHECK(resolve_rules(policy(), two, 1, true).slots_per_worker == 1);
    two.slots_per_worker = 7;
    CHECK(resolve_rules(policy(), two, 8, true).slots_per_worker == 7);
}

TEST_CASE("options win over the pool's own policy") {
    model::PoolPolicy stored = policy();
    stored.min_workers = 2;
    stored.max_workers = 9;
    stored.slots_per_worker = 3;
    const PoolRules own = resolve_rules(stored, {}, 4, true);
    CHECK(own.min_workers == 2);
    CHECK(own.max_workers == 9);
    CHECK(own.slots_per_worker == 3);
    RuleOverrides overrides;
    overrides.min_workers = 0;
    overrides.max_workers = 1;
    const PoolRules rules = resolve_rules(stored, overrides, 4, true);
    CHECK(rules.min_workers == 0);
    CHECK(rules.max_workers == 1);
}

TEST_CASE("an ordered number lifts the maximum, and a minimum above the maximum is lowered") {
    RuleOverrides overrides;
    overrides.exact_workers = 20;
    CHECK(resolve_rules(policy(), overrides, 4, false).max_workers == 20);
    RuleOverrides odd;
    odd.min_workers = 5;
    odd.max_workers = 3;
    CHECK(resolve_rules(policy(), odd, 4, false).min_workers == 3);
}

TEST_CASE("the box is read from the texts of /proc") {
    CHECK(memory_used("MemTotal:  1000 kB\nMemFree: 10 kB\nMemAvailable:  250 kB\n") ==
          Approx(0.75));
    CHECK(cpu_pressure("some avg10=12.50 avg60=1.00 avg300=0.00 total=1\nfull avg10=0.00") ==
          Approx(0.125));
    CHECK(descriptors_used("1000\t0\t4000\n") == Approx(0.25));
    CHECK_FALSE(memory_used(""));
    CHECK_FALSE(cpu_pressure("nothing"));
    CHECK_FALSE(descriptors_used(""));
    const HostView box = look_at_box("here");
    CHECK(box.cores >= 1);
    CHECK(box.memory_used);
}

}  // namespace
}  // namespace fleet::scaler
