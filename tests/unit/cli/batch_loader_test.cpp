#include "cli/items/batch_loader.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

#include "cli/items/items_file.hpp"
#include "common/base/errors.hpp"
#include "common/store/open.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_clock.hpp"

using namespace fleet;
using namespace fleet::cli;
using Step = BatchLoader::Step;

namespace {

/// A batch that is loading, with so many items in its spool.
struct Setup {
    explicit Setup(int items) {
        std::string file;
        for (int item = 1; item <= items; ++item) {
            file += "item " + std::to_string(item) + "\n\n";
        }
        test_support::write_file(folder / "items.txt", file);
        spool_items(folder / "items.txt", false, spool, {});
        model::WorkSpec spec;
        spec.machine = "builtin:noop";
        base::UuidGenerator ids;
        REQUIRE(store->work().create_batch({.name = "b",
                                            .pool = "default",
                                            .id_seed = ids.next(clock.wall_now()),
                                            .private_lane = true,
                                            .spec = store->work().put_spec(spec),
                                            .options = "{}"}));
    }
    model::Batch batch() { return *store->work().batch("b"); }
    BatchLoader loader(const LoadOptions& options = {}) {
        return {*store, batch(), spool, options};
    }
    static Step to_end(BatchLoader& loader) {
        Step step = Step::more;
        while (step == Step::more) {
            step = loader.step();
        }
        return step;
    }
    std::vector<std::int64_t> item_numbers() {
        std::vector<std::int64_t> numbers;
        contracts::ExecutionFilter filter;
        filter.batch = "b";
        filter.limit = 10'000;
        do {
            const auto page = store->work().find(filter);
            for (const auto& execution : page.executions) {
                numbers.push_back(execution.item_number);
            }
            filter.after = page.next;
        } while (filter.after != 0);
        return numbers;
    }

    test_support::TemporaryFolder folder;
    test_support::TestClock clock;
    std::unique_ptr<contracts::Store> store =
        store::open_store(base::StoreUrl::parse("memory:", "/"), clock);
    std::filesystem::path spool = folder / "b.x.jsonl";
};

}  // namespace

TEST_CASE("a loader brings all items in, seals the batch and removes the spool") {
    Setup setup(7);
    BatchLoader loader = setup.loader();
    CHECK(Setup::to_end(loader) == Step::finished);
    CHECK(loader.pushed() == 7);
    CHECK(setup.batch().state == model::BatchState::sealed);
    CHECK(setup.batch().counts.pending == 7);
    CHECK(setup.item_numbers() == std::vector<std::int64_t>{1, 3, 5, 7, 9, 11, 13});
    CHECK_FALSE(std::filesystem::exists(setup.spool));
}

TEST_CASE("a large load goes in chunks, each with the line that it reached") {
    Setup setup(12'000);
    BatchLoader loader = setup.loader();
    CHECK(loader.step() == Step::more);
    CHECK(setup.batch().counts.pending == 5'000);
    CHECK(setup.batch().loaded_lines == 9'999);
    CHECK(setup.batch().state == model::BatchState::loading);
    CHECK(std::filesystem::exists(setup.spool));
    CHECK(Setup::to_end(loader) == Step::finished);
    CHECK(setup.batch().counts.pending == 12'000);
}

TEST_CASE("another loader goes on where one was killed, and repeats nothing") {
    Setup setup(12'000);
    {
        BatchLoader killed = setup.loader();
        REQUIRE(killed.step() == Step::more);
    }
    BatchLoader next = setup.loader();
    CHECK(Setup::to_end(next) == Step::finished);
    CHECK(next.pushed() == 7'000);
    CHECK(setup.item_numbers().size() == 12'000);
}

TEST_CASE("a chunk that is pushed twice is in once") {
    Setup setup(10);
    const model::Batch before = setup.batch();
    const std::string text = test_support::read_file(setup.spool);
    BatchLoader first(*setup.store, before, setup.spool, {});
    BatchLoader second(*setup.store, before, setup.spool, {});
    CHECK(Setup::to_end(first) == Step::finished);
    CHECK(Setup::to_end(second) == Step::finished);
    CHECK(setup.batch().counts.pending == 10);
}

TEST_CASE("loading ends when the batch is cancelled") {
    Setup setup(12'000);
    BatchLoader loader = setup.loader();
    REQUIRE(loader.step() == Step::more);
    contracts::BulkSelection all;
    all.batch = "b";
    while (setup.store->work().cancel(all).more) {
    }
    CHECK(Setup::to_end(loader) == Step::cancelled);
    CHECK(setup.batch().counts.cancelled == 5'000);
    CHECK_FALSE(std::filesystem::exists(setup.spool));
}

TEST_CASE("the pushed ids come in the order of the items, and unique keys name their holder") {
    Setup setup(3);
    LoadOptions options;
    options.unique_key = "same";
    std::vector<contracts::PushedExecution> pushed;
    BatchLoader loader = setup.loader(options);
    CHECK(loader.step([&](const auto& one) { pushed.push_back(one); }) == Step::finished);
    REQUIRE(pushed.size() == 3);
    using Outcome = contracts::PushedExecution::Outcome;
    CHECK(pushed[0].outcome == Outcome::inserted);
    CHECK(pushed[1].outcome == Outcome::duplicate_key);
    CHECK(pushed[2].id == pushed[0].id);
    CHECK(pushed[0].id == base::derived_uuid(setup.batch().id_seed, 1));
}

TEST_CASE("a missing spool is said with the batch's name") {
    Setup setup(1);
    std::filesystem::remove(setup.spool);
    CHECK_THROWS_WITH(setup.loader(),
                      Catch::Contains("loading batch b") && Catch::Contains("No such file"));
}
