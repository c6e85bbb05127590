// What is told about children: states, trees, filters, counts.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "tests/contract/family.hpp"

namespace fleet::contract_test {
namespace {

TEST_CASE("a parent reads its children's results by ordinal, in pages") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId parent = park_parent(f, 5, settled());
    const std::string large(300'000, 'x');
    end_child(f, parent, 0, NextDone{"\"" + large + "\""});
    NextFailed failed = StoreFixture::failure(FailureClass::permanent);
    failed.error.type = "ValueError";
    end_child(f, parent, 1, failed);
    const auto page = f.work().children(parent, kFanOut, -1, 3);
    REQUIRE(page.size() == 3);
    CHECK(page[0].output == "\"" + large + "\"");
    CHECK_FALSE(page[0].error);
    CHECK(page[1].status == Status::failed);
    REQUIRE(page[1].error);
    CHECK(page[1].error->type == "ValueError");
    CHECK(page[1].error->kind == ErrorKind::exit_code);
    CHECK(page[2].status == Status::pending);
    CHECK(page[2].label == "part");
    CHECK(page[2].input.empty());
    const auto rest = f.work().children(parent, kFanOut, page.back().ordinal, 10);
    REQUIRE(rest.size() == 2);
    CHECK(rest[0].ordinal == 3);
    CHECK(rest[1].id == model::child_id(parent, kFanOut, 4));
    CHECK(f.work().children(parent, kFanOut + 1, -1, 10).empty());
    CHECK(f.work().children(rest[1].id, kFanOut, -1, 10).empty());
    CHECK(f.get(page[1].id).error->type == "ValueError");
}

TEST_CASE("a tree is told depth first and says how much of it is cut off") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId parent = park_parent(f, 3, settled());
    const std::vector<Claimed> claimed = f.claim("w", 3);
    REQUIRE(f.commit(fan_out(claimed[1], 2, settled())) == CommitResult::applied);
    REQUIRE(f.commit(claimed[2], StoreFixture::failure(FailureClass::permanent)) ==
            CommitResult::applied);
    const model::Tree tree = f.work().tree(parent, 100);
    REQUIRE(tree.nodes.size() == 6);
    CHECK(tree.more == 0);
    std::vector<int> depths;
    std::vector<std::int64_t> ordinals;
    for (const model::TreeNode& node : tree.nodes) {
        depths.push_back(node.depth);
        ordinals.push_back(node.ordinal);
    }
    CHECK(depths == std::vector{0, 1, 1, 2, 2, 1});
    CHECK(ordinals == std::vector<std::int64_t>{0, 0, 1, 0, 1, 2});
    CHECK(tree.nodes[0].parent.is_nil());
    CHECK(tree.nodes[3].parent == tree.nodes[2].id);
    CHECK(tree.nodes[5].status == Status::failed);
    CHECK(tree.nodes[5].error_kind == ErrorKind::exit_code);
    CHECK(tree.nodes[1].label == "part");
    CHECK(tree.nodes[1].step == kFanOut);

    const model::Tree cut = f.work().tree(parent, 4);
    CHECK(cut.nodes.size() == 4);
    CHECK(cut.more == 2);
    CHECK(f.work().tree(tree.nodes[2].id, 100).nodes.size() == 3);
    CHECK(f.work().tree(model::child_id(parent, 9, 9), 100).nodes.empty());
}

TEST_CASE("a tree is of one moment: no parent waits in it for children that have all ended") {
    FOR_EACH_STORE(f);
    f.worker("w");
    constexpr int kRounds = 200;
    std::mutex mutex;
    ExecutionId watched;
    std::atomic<int> torn = 0;
    std::atomic<int> looks = 0;
    {
        const std::jthread reader([&](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                const ExecutionId top = [&] {
                    const std::scoped_lock lock(mutex);
                    return watched;
                }();
                const auto nodes = f.work().tree(top, 100).nodes;
                const auto open = std::ranges::count_if(nodes, [](const model::TreeNode& node) {
                    return node.depth > 0 && !model::is_terminal(node.status);
                });
                looks += nodes.empty() ? 0 : 1;
                torn += !nodes.empty() && nodes[0].status == Status::waiting && open == 0 ? 1 : 0;
            }
        });
        for (int round = 0; round < kRounds || looks == 0; ++round) {
            const ExecutionId parent = park_parent(f, 1, settled());
            {
                const std::scoped_lock lock(mutex);
                watched = parent;
            }
            end_child(f, parent, 0);
            REQUIRE(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);
        }
    }
    CHECK(torn == 0);
    f.require_sound();
}

TEST_CASE("finding sees roots unless asked for children") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId parent = park_parent(f, 2, settled());
    const ExecutionId child = model::child_id(parent, kFanOut, 0);
    const auto found = [&f](const contracts::ExecutionFilter& filter) {
        std::vector<ExecutionId> ids;
        for (const model::Execution& one : f.work().find(filter).executions) {
            ids.push_back(one.id);
        }
        return ids;
    };
    contracts::ExecutionFilter filter;
    CHECK(found(filter) == std::vector{parent});
    filter.roots_only = false;
    CHECK(found(filter) == std::vector{parent, child, model::child_id(parent, kFanOut, 1)});
    filter = {};
    filter.parent = parent;
    CHECK(found(filter) == std::vector{child, model::child_id(parent, kFanOut, 1)});
    filter.statuses = {Status::done};
    CHECK(found(filter).empty());
    filter = {};
    filter.ids = {child};
    CHECK(found(filter) == std::vector{child});
    filter = {};
    filter.parent = model::child_id(parent, 8, 8);
    CHECK(found(filter).empty());
}

TEST_CASE("a batch counts and groups its roots; the pool's pressure counts all") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b");
    f.push(1, "b");
    REQUIRE(f.work().seal_batch("b"));
    const Claimed root = f.claim_one("w");
    REQUIRE(f.commit(fan_out(root, 3, settled())) == CommitResult::applied);
    CHECK(f.work().batch("b")->counts == model::StatusCounts{.waiting = 1});
    CHECK(f.counts() == model::StatusCounts{.pending = 3, .waiting = 1});
    end_child(f, root.lease.execution, 0, StoreFixture::failure(FailureClass::permanent));
    CHECK(f.work().errors("b", 10).empty());
    CHECK(f.work().errors("", 10).empty());
    CHECK(f.work().batch("b")->counts == model::StatusCounts{.waiting = 1});
    end_child(f, root.lease.execution, 1);
    end_child(f, root.lease.execution, 2);
    CHECK_FALSE(f.work().batch("b")->finished_at);
    REQUIRE(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);
    CHECK(f.work().batch("b")->counts == model::StatusCounts{.done = 1});
    CHECK(f.work().batch("b")->finished_at);
    CHECK(f.counts() == model::StatusCounts{.done = 3, .failed = 1});
    f.require_sound();
}

TEST_CASE("a private batch is over when its children are too, launched ones included") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b", true);
    f.push(1, "b");
    REQUIRE(f.work().seal_batch("b"));
    contracts::ClaimRequest own = f.claim_request("w");
    own.batch = "b";
    const Claimed root = f.claim(own).claimed.at(0);
    REQUIRE(f.commit(fan_out(root, 1, NextRunning{}, ChildKind::launched)) ==
            CommitResult::applied);
    REQUIRE(f.commit(root, NextDone{"1"}) == CommitResult::applied);
    CHECK(f.work().batch("b")->counts == model::StatusCounts{.done = 1});
    CHECK(f.work().batch("b")->children_open == 1);
    CHECK_FALSE(f.work().batch("b")->is_over());
    REQUIRE(f.commit(f.claim(own).claimed.at(0), NextDone{"1"}) == CommitResult::applied);
    CHECK(f.work().batch("b")->is_over());
}

TEST_CASE("claims go depth first: resumed, later stages, children, then new roots") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    const Claimed root = f.claim_one("w");
    const ExecutionId parent = root.lease.execution;
    const std::vector<ExecutionId> fresh = f.push(2);
    StepCommit commit = fan_out(root, 2, settled());
    commit.children[1].stage = "second";
    commit.children[1].stage_rank = 1;
    REQUIRE(f.commit(commit) == CommitResult::applied);
    const std::vector<Claimed> claimed = f.claim("w", 3);
    CHECK(ids_of(claimed) == std::vector{model::child_id(parent, kFanOut, 1),
                                         model::child_id(parent, kFanOut, 0), fresh[0]});
    REQUIRE(f.commit(claimed[0], NextDone{"1"}) == CommitResult::applied);
    REQUIRE(f.commit(claimed[1], NextDone{"1"}) == CommitResult::applied);
    CHECK(ids_of(f.claim("w", 2)) == std::vector{parent, fresh[1]});
}

TEST_CASE("a stage keeps the rank that it was first given") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::PushRequest late = f.request(1);
    late.stage = "late";
    late.stage_rank = 5;
    const ExecutionId first = f.push(late).front();
    contracts::PushRequest early = f.request(1);
    early.stage = "early";
    early.stage_rank = 1;
    const ExecutionId second = f.push(early).front();
    late.stage_rank = 0;
    const ExecutionId third = f.push(late).front();
    CHECK(ids_of(f.claim("w", 3)) == std::vector{first, third, second});
}

TEST_CASE("a stage that is first entered from another one comes after it") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(2);
    for (const Claimed& claimed : f.claim("w", 2)) {
        REQUIRE(f.commit(claimed, NextPending{"next", {}}) == CommitResult::applied);
    }
    const auto pressure = f.work().pressure("default", "");
    REQUIRE(pressure);
    REQUIRE(pressure->stages.size() == 2);
    CHECK(pressure->stages[0].stage == "next");
    CHECK(pressure->stages[0].ready == 2);
}

}  // namespace
}  // namespace fleet::contract_test
