#include <csignal>
#include <string>

#include <catch2/catch.hpp>

#include "common/base/clock.hpp"
#include "common/contracts/store.hpp"
#include "common/process/identity.hpp"
#include "common/process/proc.hpp"
#include "common/store/open.hpp"
#include "common/store/sqlite/stopped_holder.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"

namespace {

using namespace fleet;
using namespace std::chrono_literals;
using store::sqlite::StoppedHolder;
using test_support::ChildProgram;

/// A store, and a process that has stopped inside a write to it.
class StoppedBox {
  public:
    [[nodiscard]] contracts::Store& store() { return *store_; }
    [[nodiscard]] std::filesystem::path file() const { return folder_ / "fleet.db"; }
    [[nodiscard]] test_support::Program holder(const std::string& name,
                                               const std::string& how) const {
        return {.argv = {(test_support::bin_dir() / "lock_holder").string(), file().string(), name,
                         how}};
    }
    void wait_for_stop(ChildProgram& program) const {
        const bool stopped = test_support::wait_until([&] {
            const auto stat = process::read_proc_stat(program.pid());
            return stat && stat->state == 'T';
        });
        INFO(program.err());
        REQUIRE(stopped);
    }

  private:
    test_support::TemporaryFolder folder_;
    base::SystemClock clock_;
    std::unique_ptr<contracts::Store> store_ = store::open_store(
        base::StoreUrl::parse("sqlite:" + (folder_ / "fleet.db").string(), "/"), clock_);
};

TEST_CASE("a worker that was stopped inside a write is killed, and the store says why") {
    StoppedBox box;
    ChildProgram holder(box.holder("worker", "later"));
    box.wait_for_stop(holder);
    model::WorkerRecord record;
    record.worker_id = "the-stopped-one";
    record.host = "here";
    record.pool = "default";
    record.owner = "here:1:a";
    record.process = process::identity_of(holder.pid()).value();
    box.store().registration().register_worker(record);
    holder.kill(SIGCONT);
    REQUIRE(test_support::wait_until(
        [&] { return store::sqlite::write_lock_holder(box.file()) == holder.pid(); }));
    box.wait_for_stop(holder);

    // Waits for the write lock, finds who has it, and goes on.
    box.store().scaling().set_paused("default", true);
    const auto end = holder.wait(10s);
    REQUIRE(end);
    CHECK(end->signal == SIGKILL);
    box.store().registration().mark_dead("the-stopped-one", "its process is gone");
    const auto workers = box.store().registration().list({});
    REQUIRE(workers.size() == 1);
    CHECK(workers[0].reason ==
          "worker (pid " + std::to_string(holder.pid()) +
              ", stopped) held the store's write lock for longer than 500 ms and was killed; its "
              "process is gone");
}

TEST_CASE("a stranger that was stopped inside a write is named and left alone") {
    StoppedBox box;
    ChildProgram holder(box.holder("stranger", "stop"));
    box.wait_for_stop(holder);
    StoppedHolder look(box.file());
    look.waited(StoppedHolder::kPatience);
    look.waited(2 * StoppedHolder::kPatience);
    look.waited(3 * StoppedHolder::kPatience);
    CHECK(look.description() == "stranger (pid " + std::to_string(holder.pid()) + ", stopped)");
    CHECK_FALSE(look.take_killed());
    holder.kill(SIGCONT);
    const auto end = holder.wait(10s);
    REQUIRE(end);
    CHECK(end->exit_code == 0);
    CHECK_FALSE(store::sqlite::write_lock_holder(box.file()));
}

TEST_CASE("a program that goes on in time keeps its write") {
    StoppedBox box;
    ChildProgram holder(box.holder("scaler", "stop"));
    box.wait_for_stop(holder);
    StoppedHolder look(box.file());
    look.waited(StoppedHolder::kPatience);
    CHECK_FALSE(look.take_killed());
    holder.kill(SIGCONT);
    const auto end = holder.wait(10s);
    REQUIRE(end);
    CHECK(end->exit_code == 0);
    look.waited(2 * StoppedHolder::kPatience);
    CHECK_FALSE(look.take_killed());
}

TEST_CASE("Ctrl-Z inside a write stops the program after it") {
    StoppedBox box;
    ChildProgram holder(box.holder("fleet", "tstp"));
    box.wait_for_stop(holder);
    CHECK_FALSE(store::sqlite::write_lock_holder(box.file()));
    box.store().scaling().set_paused("default", true);
    CHECK_FALSE(holder.wait(0ms));
    holder.kill(SIGCONT);
    const auto end = holder.wait(10s);
    REQUIRE(end);
    CHECK(end->exit_code == 0);
}

}  // namespace
