// The marks of a pool's stages, and claims of what was begun only.
#include "tests/contract/family.hpp"

namespace fleet::contract_test {
namespace {

std::vector<ExecutionId> push_stage(StoreFixture& f, std::size_t count, const std::string& stage,
                                    int rank) {
    contracts::PushRequest request = StoreFixture::request(count);
    request.stage = stage;
    request.stage_rank = rank;
    return f.push(request);
}

void set_stages(StoreFixture& f, const std::vector<model::StagePolicy>& stages) {
    model::PoolPolicy policy = *f.store().scaling().pool("default");
    policy.stages = stages;
    f.store().scaling().put_pool(policy);
}

std::string claimed_stage(StoreFixture& f, const contracts::ClaimRequest& request) {
    const contracts::ClaimAnswer answer = f.claim(request);
    REQUIRE(answer.outcome == contracts::ClaimAnswer::Outcome::ok);
    return answer.claimed.empty() ? "nothing" : answer.claimed.front().stage;
}

std::string claimed_stage(StoreFixture& f) {
    return claimed_stage(f, StoreFixture::claim_request("w"));
}

}  // namespace

TEST_CASE("a pool's policy keeps its stages and gives them their ranks") {
    FOR_EACH_STORE(f);
    push_stage(f, 1, "write", 0);
    const std::vector<model::StagePolicy> stages{{"plan", 0, {}, {}},
                                                 {"write", 5, 2, 40, "openai/gpt-5"}};
    set_stages(f, stages);
    CHECK(f.store().scaling().pool("default")->stages == stages);
    push_stage(f, 1, "plan", 9);
    const auto pressure = f.work().pressure("default", "");
    REQUIRE(pressure);
    REQUIRE(pressure->stages.size() == 2);
    CHECK(pressure->stages[0].stage == "write");
    CHECK(pressure->stages[1].stage == "plan");
}

TEST_CASE("below its low-water mark a stage lets the stage before it be claimed first") {
    FOR_EACH_STORE(f);
    f.worker("w");
    push_stage(f, 3, "plan", 0);
    push_stage(f, 3, "write", 1);
    set_stages(f, {{"plan", 0, {}, {}}, {"write", 1, 2, {}}});
    CHECK(claimed_stage(f) == "write");  // 3 are there: later stages first
    CHECK(claimed_stage(f) == "write");  // 2 are there: not below the mark
    CHECK(claimed_stage(f) == "plan");   // 1 is left
    CHECK(claimed_stage(f) == "plan");
    CHECK(claimed_stage(f) == "plan");
    CHECK(claimed_stage(f) == "write");  // nothing before it: it does not wait for more
    CHECK(claimed_stage(f) == "nothing");
}

TEST_CASE("at its high-water mark a stage keeps the stage before it from being claimed") {
    FOR_EACH_STORE(f);
    f.worker("w");
    push_stage(f, 2, "plan", 0);
    push_stage(f, 3, "write", 1);
    set_stages(f, {{"plan", 0, {}, {}}, {"write", 1, {}, 3}});
    contracts::ClaimRequest only_plan = StoreFixture::claim_request("w");
    only_plan.stages = {"plan"};
    const contracts::ClaimAnswer full = f.claim(only_plan);
    CHECK(full.claimed.empty());
    REQUIRE(full.next_due);
    CHECK(*full.next_due <= 1s);
    CHECK(claimed_stage(f) == "write");
    CHECK(claimed_stage(f, only_plan) == "plan");
    f.require_sound();
}

TEST_CASE("a claim of what was begun leaves new work alone") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::ClaimRequest begun = StoreFixture::claim_request("w", 10);
    begun.resume_only = true;
    const std::vector<ExecutionId> ids = f.push(5);
    CHECK(f.claim(begun).claimed.empty());
    const std::vector<Claimed> claimed = f.claim("w", 3);
    REQUIRE(f.commit(claimed[0], StoreFixture::failure()) == CommitResult::applied);
    REQUIRE(f.commit(claimed[1], NextWaiting{"go", {}}) == CommitResult::applied);
    f.store().signals().send("go", "1");
    REQUIRE(f.commit(fan_out(claimed[2], 2, settled())) == CommitResult::applied);
    const contracts::ClaimAnswer answer = f.claim(begun);
    // Resumed, children, and what failed and is tried again; both new ones stay.
    const auto child = [&](std::int64_t ordinal) {
        return model::child_id(ids[2], kFanOut, ordinal);
    };
    CHECK(ids_of(answer.claimed) == std::vector<ExecutionId>{ids[1], child(0), child(1), ids[0]});
    CHECK(f.claim(begun).claimed.empty());
    CHECK(ids_of(f.claim("w", 10)) == std::vector<ExecutionId>{ids[3], ids[4]});
    f.require_sound();
}

TEST_CASE("many that are tried again are claimed among as many new ones") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(20);
    std::vector<ExecutionId> failed;
    for (const Claimed& claimed : f.claim("w", 20)) {
        const bool every_other = claimed.item_number % 2 == 0;
        REQUIRE(f.commit(claimed, every_other
                                      ? model::Next(StoreFixture::failure())
                                      : model::Next(NextDone{"0"})) == CommitResult::applied);
        if (every_other) {
            failed.push_back(claimed.lease.execution);
        }
    }
    f.push(20);
    contracts::ClaimRequest begun = StoreFixture::claim_request("w", 7);
    begun.resume_only = true;
    std::vector<ExecutionId> taken = ids_of(f.claim(begun).claimed);
    CHECK(taken.size() == 7);
    for (const ExecutionId& id : ids_of(f.claim(begun).claimed)) {
        taken.push_back(id);
    }
    CHECK(taken == failed);
    f.require_sound();
}

}  // namespace fleet::contract_test
