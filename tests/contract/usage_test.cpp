// Usage as counted from providers' answers.
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

using model::UsageRecord;

TEST_CASE("usage adds up by day, provider and phase") {
    FOR_EACH_STORE(f);
    contracts::UsageBackend& usage = f.store().usage();
    CHECK(usage.daily("").empty());
    usage.record(std::vector<UsageRecord>{{"2026-11-20", "p/b", "x", 1, 10, 100, 1000},
                                          {"2026-11-20", "p/a", "y", 2, 20, 200, 2000},
                                          {"2026-11-20", "p/a", "x", 4, 40, 400, 4000}});
    usage.record(std::vector<UsageRecord>{{"2026-11-20", "p/a", "x", 1, 1, 1, 1},
                                          {"2026-11-19", "p/a", "x", 7, 7, 7, 7}});
    usage.record({});
    CHECK(usage.daily("2026-11-20") ==
          std::vector<UsageRecord>{{"2026-11-20", "p/a", "x", 5, 41, 401, 4001},
                                   {"2026-11-20", "p/a", "y", 2, 20, 200, 2000},
                                   {"2026-11-20", "p/b", "x", 1, 10, 100, 1000}});
    CHECK(usage.daily("2026-11-19").size() == 1);
    CHECK(usage.daily("2026-11-18").empty());
}

TEST_CASE("usage without a day belongs to the current one, in UTC") {
    FOR_EACH_STORE(f);
    contracts::UsageBackend& usage = f.store().usage();
    const UsageRecord record{"", "p/a", "", 1, 2, 3, 4};
    usage.record(std::vector{record});
    f.clock().step_wall(24h);
    usage.record(std::vector{record, record});
    REQUIRE(usage.daily("2026-11-21").size() == 1);
    CHECK(usage.daily("2026-11-21")[0].requests == 1);
    REQUIRE(usage.daily("2026-11-22").size() == 1);
    CHECK(usage.daily("2026-11-22")[0].requests == 2);
    CHECK(usage.daily("") == usage.daily("2026-11-22"));
}

TEST_CASE("large sums do not overflow") {
    FOR_EACH_STORE(f);
    contracts::UsageBackend& usage = f.store().usage();
    const UsageRecord record{"2026-11-21", "p/a", "", 1, 4'000'000'000, 4'000'000'000, 1};
    usage.record(std::vector<UsageRecord>(1000, record));
    REQUIRE(usage.daily("2026-11-21").size() == 1);
    CHECK(usage.daily("2026-11-21")[0].input_tokens == 4'000'000'000'000);
}

}  // namespace
}  // namespace fleet::contract_test
