// Several scalers, each of a host of its own name, share one pool of one store: they join, leave,
// die and freeze. However that goes, the pool never has more workers than its maximum.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "common/process/identity.hpp"
#include "tests/fault/worker_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet::fault_test {
namespace {

using model::WorkerStatus;
using test_support::ChildProgram;
using test_support::wait_until;

constexpr std::size_t kMaximum = 4;

/// A pool that always wants kMaximum workers, and the scalers that share it.
class SharedPool {
  public:
    SharedPool() {
        model::PoolPolicy policy;
        policy.pool = "default";
        policy.min_workers = static_cast<int>(kMaximum);
        policy.max_workers = static_cast<int>(kMaximum);
        policy.stabilization = base::Millis{0};
        box_.store().scaling().put_pool(policy);
    }

    void start(const std::string& host) {
        scalers_[host] =
            std::make_unique<ChildProgram>(box_.scaler({"--host-id", host, "--lease-ttl", "2"}));
    }
    /// A box on which every worker dies at its start.
    void start_broken(const std::string& host) {
        const auto bin = broken_.path() / host;
        std::filesystem::create_directory(bin);
        std::filesystem::copy_file(test_support::bin_dir() / "scaler", bin / "scaler");
        test_support::write_file(bin / "worker", "#!/bin/sh\necho 'no such licence' >&2\nexit 7\n");
        std::filesystem::permissions(bin / "worker", std::filesystem::perms::owner_all);
        auto program = box_.scaler({"--host-id", host, "--lease-ttl", "2"});
        program.argv.front() = (bin / "scaler").string();
        scalers_[host] = std::make_unique<ChildProgram>(program);
    }
    /// What the host's scaler tells the others about itself.
    [[nodiscard]] std::string told_by(const std::string& host) {
        contracts::WorkerFilter filter;
        filter.kind = model::WorkerKind::host;
        filter.host = host;
        const auto hosts = box_.store().registration().list(filter);
        return hosts.empty() ? "" : hosts.front().metadata;
    }
    ChildProgram& scaler(const std::string& host) { return *scalers_.at(host); }
    /// Retires its workers and exits.
    void stop(const std::string& host) {
        scaler(host).kill(SIGTERM);
        const auto end = scaler(host).wait(kLimit);
        REQUIRE(end);
        CHECK(end->exit_code == 0);
    }
    void kill_box(const std::string& host) {
        scaler(host).kill(SIGKILL);
        REQUIRE(scaler(host).wait(kLimit));
        for (const model::WorkerRecord& worker : workers()) {
            if (worker.host == host) {
                ::kill(worker.process.pid, SIGKILL);
            }
        }
    }

    /// The hosts' workers; looks at the maximum whenever it is asked.
    [[nodiscard]] std::map<std::string, std::size_t> shares() {
        std::map<std::string, std::size_t> shares;
        std::size_t all = 0;
        for (const model::WorkerRecord& worker : workers()) {
            ++shares[worker.host];
            ++all;
        }
        most_ = std::max(most_, all);
        return shares;
    }
    [[nodiscard]] bool wait_for(const std::map<std::string, std::size_t>& wanted) {
        const bool reached = wait_until([&] { return shares() == wanted; }, kLimit);
        std::string text;
        for (const auto& [host, count] : shares()) {
            text += host + ":" + std::to_string(count) + " ";
        }
        UNSCOPED_INFO("the shares are " << text);
        return reached;
    }
    [[nodiscard]] std::size_t most() const { return most_; }

  private:
    [[nodiscard]] std::vector<model::WorkerRecord> workers() {
        contracts::WorkerFilter filter;
        filter.kind = model::WorkerKind::worker;
        filter.statuses = {WorkerStatus::active, WorkerStatus::terminating};
        return box_.store().registration().list(filter);
    }

    test_support::TemporaryFolder broken_;
    WorkerBox box_;
    std::map<std::string, std::unique_ptr<ChildProgram>> scalers_;
    std::size_t most_ = 0;
};

TEST_CASE("a second scaler joins, takes its share, and leaves it behind when it goes") {
    SharedPool pool;
    pool.start("a");
    REQUIRE(pool.wait_for({{"a", 4}}));
    pool.start("b");
    CHECK(pool.wait_for({{"a", 2}, {"b", 2}}));
    pool.stop("b");
    CHECK(pool.wait_for({{"a", 4}}));
    pool.stop("a");
    CHECK(pool.shares().empty());
    CHECK(pool.most() == kMaximum);
}

TEST_CASE("where workers die at their start the share goes to the others, and comes back") {
    SharedPool pool;
    pool.start_broken("b");
    const auto is_told = [&] {
        return pool.told_by("b").find(R"("unhealthy":{"default")") != std::string::npos;
    };
    REQUIRE(wait_until(is_told, kLimit));
    pool.start("a");
    CHECK(pool.wait_for({{"a", 4}}));
    pool.stop("b");
    pool.start("b");  // mended
    CHECK(pool.wait_for({{"a", 2}, {"b", 2}}));
    pool.stop("a");
    pool.stop("b");
    CHECK(pool.most() == kMaximum);
}

TEST_CASE("of four scalers two die with their workers, and the others take their shares over") {
    SharedPool pool;
    for (const char* host : {"a", "b", "c", "d"}) {
        pool.start(host);
    }
    REQUIRE(pool.wait_for({{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}}));
    pool.kill_box("b");
    pool.kill_box("d");
    CHECK(pool.wait_for({{"a", 2}, {"c", 2}}));
    pool.start("d");
    CHECK(wait_until([&] { return pool.shares().contains("d"); }, kLimit));
    for (const char* host : {"a", "c", "d"}) {
        pool.stop(host);
    }
    CHECK(pool.most() == kMaximum);
}

TEST_CASE("a scaler that dies alone or freezes loses its share, and gets it back when it thaws") {
    SharedPool pool;
    pool.start("a");
    pool.start("b");
    REQUIRE(pool.wait_for({{"a", 2}, {"b", 2}}));
    // Its idle workers retire when their host is stale; they never count twice.
    pool.scaler("a").kill(SIGSTOP);
    CHECK(pool.wait_for({{"b", 4}}));
    pool.scaler("a").kill(SIGCONT);
    // Its lease is over: it may find that and end, or serve again.
    CHECK(wait_until(
        [&] {
            return pool.shares().contains("a") ||
                   pool.scaler("a").wait(std::chrono::milliseconds(0)).has_value();
        },
        kLimit));
    pool.scaler("b").kill(SIGKILL);
    REQUIRE(pool.scaler("b").wait(kLimit));
    CHECK(pool.wait_for({{"a", 4}}));
    pool.stop("a");
    CHECK(pool.most() == kMaximum);
}

}  // namespace
}  // namespace fleet::fault_test
