// Which provider a stage needs: what is configured, else what the day's calls show.
#include "scaler/stage_needs.hpp"

#include <catch2/catch.hpp>

namespace fleet::scaler {
namespace {

model::StagePolicy stage(const std::string& name, const std::string& provider) {
    model::StagePolicy policy;
    policy.stage = name;
    policy.provider = provider;
    return policy;
}

model::UsageRecord calls(const std::string& provider, const std::string& phase,
                         std::int64_t requests) {
    model::UsageRecord usage;
    usage.provider = provider;
    usage.phase = phase;
    usage.requests = requests;
    return usage;
}

struct Row {
    std::string name;
    std::vector<model::StagePolicy> configured;
    std::vector<model::UsageRecord> daily;
    std::vector<std::string> called_now;
    std::vector<StageNeed> expected;
};

}  // namespace

TEST_CASE("a stage needs what is configured, else the provider that got the most of its calls") {
    const std::vector<Row> rows = {
        {"nothing known", {}, {}, {"m/a"}, {}},
        {"learned", {}, {calls("m/a", "prep", 4)}, {}, {{"prep", "m/a", false}}},
        {"the most of the calls",
         {},
         {calls("m/a", "prep", 4), calls("m/b", "prep", 9), calls("m/c", "prep", 5)},
         {},
         {{"prep", "m/b", false}}},
        {"the first by name among equals",
         {},
         {calls("m/b", "prep", 4), calls("m/a", "prep", 4)},
         {},
         {{"prep", "m/a", false}}},
        {"the configured one wins over any number of calls",
         {stage("prep", "m/x"), stage("wrap", "")},
         {calls("m/a", "prep", 900), calls("m/a", "wrap", 1)},
         {},
         {{"prep", "m/x", true}, {"wrap", "m/a", false}}},
        {"calls without a stage's name count where they can only be of the present work",
         {},
         {calls("m/a", "", 4)},
         {"m/b", "m/a"},
         {{"", "m/a", false}}},
        {"and not elsewhere", {}, {calls("m/a", "", 4)}, {"m/b"}, {}},
        {"sums without calls say nothing", {}, {calls("m/a", "prep", 0)}, {"m/a"}, {}},
    };
    for (const Row& row : rows) {
        INFO(row.name);
        CHECK(stage_needs(row.configured, row.daily, row.called_now) == row.expected);
    }
}

TEST_CASE("what a stage needed yesterday holds until something else is known") {
    const std::vector<StageNeed> before = {
        {"prep", "m/a", false}, {"wrap", "m/a", false}, {"gone", "m/x", true}, {"", "m/a", false}};
    std::vector<StageNeed> now = {{"wrap", "m/b", false}};
    keep_known(now, before);
    CHECK(now == std::vector<StageNeed>{{"wrap", "m/b", false}, {"prep", "m/a", false}});
}

}  // namespace fleet::scaler
