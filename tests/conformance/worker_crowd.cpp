#include "tests/conformance/worker_crowd.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "common/base/ids.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Fewer than an execution may lose workers, so that none fails for it.
constexpr int kMostKills = 4;
static_assert(kMostKills < model::kMaxLostWorker);
/// Of a worker after a claim.
constexpr std::chrono::microseconds kLongestLife{4'000};
constexpr seconds kLongestCase{60};
/// One killed worker of so many is not seen by anybody.
constexpr unsigned kLeftToTheLease = 8;

}  // namespace

WorkerCrowd::WorkerCrowd(contracts::Store& store, std::filesystem::path folder,
                         CrowdOptions options)
    : store_(store),
      folder_(std::move(folder)),
      options_(options),
      random_(std::random_device{}()) {
    for (std::size_t i = 0; i < options_.workers; ++i) {
        workers_.push_back(start());
    }
    wait_until_at_work();
}

WorkerCrowd::~WorkerCrowd() {
    killer_ = {};  // joins
    for (const One& one : workers_) {
        one.process->kill(SIGTERM);
    }
    for (const One& one : workers_) {
        one.process->wait(seconds(10));
    }
}

WorkerCrowd::One WorkerCrowd::start() const {
    One one;
    one.id = "conformance-" + base::random_word(8);
    test_support::Program program;
    program.argv = {(test_support::bin_dir() / "conformance_worker").string(),
                    folder_.string(),
                    "--store",
                    store_.url().text(),
                    "--worker-id",
                    one.id,
                    "--lease-ttl",
                    options_.kills ? "1" : "15",
                    "--grace",
                    "0",
                    "--log-level",
                    "error"};
    one.process = std::make_unique<test_support::ChildProgram>(program);
    return one;
}

void WorkerCrowd::wait_until_at_work() {
    const auto is_at_work = [&](const One& one) {
        require_alive();
        const auto found = store_.registration().get(one.id);
        return found && found->status == model::WorkerStatus::active;
    };
    if (!test_support::wait_until([&] { return std::ranges::all_of(workers_, is_at_work); },
                                  seconds(30))) {
        throw std::runtime_error("the workers did not register: " + errors());
    }
}

void WorkerCrowd::let_go() {
    if (options_.kills && !killer_.joinable()) {
        killer_ = std::jthread([this](const std::stop_token& stop) { kill_again_and_again(stop); });
    }
}

void WorkerCrowd::kill_again_and_again(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    std::size_t seen = 0;
    for (int count = 0; count < kMostKills; ++count) {
        std::vector<Claim> claims;
        const auto is_new = [&] {
            claims = read_claims();
            return stop.stop_requested() || claims.size() > seen;
        };
        if (!test_support::wait_until(is_new, kLongestCase) || stop.stop_requested()) {
            return;
        }
        seen = claims.size();
        // It has begun: somewhere between there and its end.
        const std::chrono::microseconds life(
            std::uniform_int_distribution<std::int64_t>(0, kLongestLife.count())(random_));
        stopped.wait_for(lock, stop, life, [] { return false; });
        replace(claims.back().worker);
    }
}

void WorkerCrowd::replace(const std::string& id) {
    const std::scoped_lock lock(mutex_);
    const auto victim = std::ranges::find(workers_, id, &One::id);
    if (victim == workers_.end()) {
        return;
    }
    victim->process->kill(SIGKILL);
    victim->process->wait(seconds(10));
    ++kills_;
    // As a scaler does that sees its worker end; without one, the lease's end does it.
    if (random_() % kLeftToTheLease != 0) {
        store_.registration().mark_dead(victim->id, "killed");
        store_.work().release_by_worker(victim->id, contracts::ReleaseReason::worker_dead);
    }
    *victim = start();
}

std::vector<WorkerCrowd::Claim> WorkerCrowd::read_claims() const {
    std::ifstream file(folder_ / "claims");
    std::vector<Claim> claims;
    for (Claim one; file >> one.execution >> one.worker;) {
        claims.push_back(one);
    }
    return claims;
}

void WorkerCrowd::require_alive() {
    const std::scoped_lock lock(mutex_);
    for (const One& one : workers_) {
        if (const auto end = one.process->wait(milliseconds(0))) {
            throw std::runtime_error(
                "a worker has ended with exit code " + std::to_string(end->exit_code.value_or(-1)) +
                ", signal " + std::to_string(end->signal.value_or(0)) + ": " + one.process->err());
        }
    }
}

int WorkerCrowd::kills() const {
    const std::scoped_lock lock(mutex_);
    return kills_;
}

bool WorkerCrowd::ran_elsewhere(const std::string& child, const std::string& parent) const {
    std::string of_parent;
    bool has_begun = false;
    for (const Claim& one : read_claims()) {
        if (one.execution == parent) {
            of_parent = one.worker;
        } else if (one.execution == child) {
            has_begun = true;
            if (one.worker == of_parent) {
                return false;
            }
        }
    }
    return has_begun;
}

std::string WorkerCrowd::errors() const {
    const std::scoped_lock lock(mutex_);
    std::string all;
    for (const One& one : workers_) {
        all += one.process->err();
    }
    return all;
}

}  // namespace fleet::conformance
