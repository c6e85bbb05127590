// Drives the scaler's own `decide` with a virtual clock: one tick a second, workers that take a
// while to start and to leave, work with heavy-tailed service times. A failure prints its seed.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "scaler/policy.hpp"

namespace fleet::scaler {
namespace {

struct Settings {
    std::uint64_t seed = 1;
    int min = 0;
    int max = 16;
    int slots = 2;
    int boot_seconds = 2;
    double mean_service = 3;  ///< seconds
    bool heavy_tail = false;  ///< log-normal with sigma 1.5 instead of exponential
    double death_rate = 0;    ///< of a worker, a second
    bool batch_mode = false;
};

struct SimWorker {
    std::string id;
    int age = 0;
    bool retiring = false;
    std::vector<double> left;  ///< of each item it runs
};

/// One box with one pool. Every step is one second.
class Box {
  public:
    explicit Box(const Settings& settings) : settings_(settings), random_(settings.seed) {
        PoolRules rules;
        rules.pool = "default";
        rules.min_workers = settings.min;
        rules.max_workers = settings.max;
        rules.slots_per_worker = settings.slots;
        rules.batch_mode = settings.batch_mode;
        policy_.pools.push_back(rules);
    }

    void push(int items) {
        ready_ += items;
        pushed_ += items;
    }

    void tick() {
        ++now_;
        boot();
        die();
        work();
        const Observation observation = observe();
        const PoolPlan plan = decide(observation, policy_).pools.front();
        remember(plan);
        act(plan);
        check_invariants();
    }

    [[nodiscard]] int running() const {
        int count = 0;
        for (const SimWorker& worker : workers_) {
            count += static_cast<int>(worker.left.size());
        }
        return count;
    }
    [[nodiscard]] int present() const {
        return static_cast<int>(workers_.size() + starting_.size());
    }
    [[nodiscard]] int done() const { return done_; }
    [[nodiscard]] int pushed() const { return pushed_; }
    [[nodiscard]] int now() const { return now_; }
    /// Changes of direction of the planned number.
    [[nodiscard]] int reversals() const { return reversals_; }

  private:
    double service_time() {
        if (!settings_.heavy_tail) {
            return std::exponential_distribution<double>(1.0 / settings_.mean_service)(random_);
        }
        constexpr double sigma = 1.5;
        const double mu = std::log(settings_.mean_service) - sigma * sigma / 2;
        return std::lognormal_distribution<double>(mu, sigma)(random_);
    }

    void boot() {
        std::erase_if(starting_, [&](int& left) {
            if (--left > 0) {
                return false;
            }
            workers_.push_back({"w" + std::to_string(next_id_++), 0, false, {}});
            return true;
        });
    }

    void die() {
        std::erase_if(workers_, [&](const SimWorker& worker) {
            const bool dies =
                std::uniform_real_distribution<double>(0, 1)(random_) < settings_.death_rate;
            ready_ += dies ? static_cast<int>(worker.left.size()) : 0;
            return dies;
        });
    }

    void work() {
        for (SimWorker& worker : workers_) {
            ++worker.age;
            double time = 0;
            while (time < 1.0) {
                while (!worker.retiring && ready_ > 0 &&
                       static_cast<int>(worker.left.size()) < settings_.slots) {
                    --ready_;
                    worker.left.push_back(service_time());
                }
                double step = 1.0 - time;
                for (const double left : worker.left) {
                    step = std::min(step, left);
                }
                for (double& left : worker.left) {
                    left -= step;
                }
                time += step;
                done_ += static_cast<int>(
                    std::erase_if(worker.left, [](double left) { return left <= 1e-9; }));
            }
        }
        std::erase_if(workers_, [](const SimWorker& worker) {
            return worker.retiring && worker.left.empty();
        });
    }

    Observation observe() const {
        Observation observation;
        observation.own_host = "box";
        observation.hosts.push_back({"box", 8, 8, true, 0.2, 0.1, 0.1});
        PoolView pool;
        pool.pressure.pool = "default";
        model::StagePressure stage;
        stage.ready = ready_;
        stage.counts.pending = ready_;
        stage.counts.running = running();
        pool.pressure.stages.push_back(stage);
        for (const SimWorker& worker : workers_) {
            WorkerView view;
            view.id = worker.id;
            view.host = "box";
            view.status =
                worker.retiring ? model::WorkerStatus::terminating : model::WorkerStatus::active;
            view.slots = settings_.slots;
            view.busy = static_cast<int>(worker.left.size());
            view.age = base::Millis{worker.age * 1000};
            view.can_be_called_back = worker.retiring;
            pool.workers.push_back(view);
        }
        pool.starting.assign(starting_.size(), {"box"});
        for (const auto& [at, wanted] : history_) {
            pool.history.push_back({base::Millis{(now_ - at) * 1000}, wanted});
        }
        observation.pools.push_back(std::move(pool));
        return observation;
    }

    void remember(const PoolPlan& plan) {
        history_.emplace_back(now_, plan.wanted_workers);
        while (history_.front().first < now_ - 120) {
            history_.pop_front();
        }
        const int change = plan.planned - plan.workers;
        const int direction = change > 0 ? 1 : change < 0 ? -1 : 0;
        if (direction != 0 && direction_ != 0 && direction != direction_) {
            ++reversals_;
        }
        direction_ = direction != 0 ? direction : direction_;
    }

    void act(const PoolPlan& plan) {
        starting_.insert(starting_.end(), static_cast<std::size_t>(plan.start),
                         settings_.boot_seconds);
        for (SimWorker& worker : workers_) {
            const auto named = [&](const std::vector<std::string>& ids) {
                return std::find(ids.begin(), ids.end(), worker.id) != ids.end();
            };
            if (named(plan.call_back)) {
                worker.retiring = false;
            }
            if (named(plan.retire)) {
                INFO("worker " << worker.id << " retired while busy, seed " << settings_.seed);
                REQUIRE(worker.left.empty());
                worker.retiring = true;
            }
        }
    }

    void check_invariants() const {
        INFO("seed " << settings_.seed << ", second " << now_);
        REQUIRE(present() <= settings_.max);
        REQUIRE(ready_ + running() + done_ == pushed_);
    }

    Settings settings_;
    Policy policy_;
    std::mt19937_64 random_;
    std::vector<SimWorker> workers_;
    std::vector<int> starting_;  ///< seconds left of each
    std::deque<std::pair<int, int>> history_;
    int now_ = 0;
    int next_id_ = 0;
    int ready_ = 0;
    int done_ = 0;
    int pushed_ = 0;
    int direction_ = 0;
    int reversals_ = 0;
};

void drain(Box& box, const Settings& settings, int limit_seconds) {
    while (box.done() < box.pushed()) {
        box.tick();
        INFO("seed " << settings.seed << ": " << box.done() << " of " << box.pushed()
                     << " done after " << box.now() << " s");
        REQUIRE(box.now() < limit_seconds);
    }
}

TEST_CASE("a step load turns the fleet around at most once, whatever the service times") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Settings settings;
        settings.seed = seed;
        settings.heavy_tail = seed % 2 == 0;
        settings.mean_service = 1.0 + static_cast<double>(seed % 7);
        settings.slots = 1 + static_cast<int>(seed % 4);
        settings.max = 2 + static_cast<int>(seed % 29);
        settings.batch_mode = seed % 3 == 0;
        Box box(settings);
        box.push(400);
        drain(box, settings, 20'000);
        for (int second = 0; second < 300; ++second) {
            box.tick();
        }
        INFO("seed " << seed);
        CHECK(box.reversals() <= 1);
        CHECK(box.present() == 0);
    }
}

TEST_CASE("a backlog drains about as fast as the maximum allows") {
    double worst = 0;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Settings settings;
        settings.seed = seed;
        settings.batch_mode = true;
        Box box(settings);
        box.push(3'000);
        drain(box, settings, 20'000);
        const double oracle = 3'000 * settings.mean_service / (settings.max * settings.slots);
        worst = std::max(worst, box.now() / oracle);
    }
    WARN("worst drain time / perfect packing: " << worst);
    CHECK(worst < 1.25);
}

TEST_CASE("workers that die are replaced and nothing is lost") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Settings settings;
        settings.seed = seed;
        settings.death_rate = 0.02;
        settings.heavy_tail = true;
        Box box(settings);
        box.push(500);
        drain(box, settings, 20'000);
    }
}

TEST_CASE("a steady load keeps a steady fleet") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Settings settings;
        settings.seed = seed;
        settings.min = 1;
        settings.slots = 1;
        settings.mean_service = 2;
        Box box(settings);
        std::mt19937_64 arrivals(seed);
        std::poisson_distribution<int> per_second(3);
        for (int second = 0; second < 900; ++second) {
            box.push(per_second(arrivals));
            box.tick();
        }
        INFO("seed " << seed);
        CHECK(box.reversals() <= 15);
        CHECK(box.present() >= 6);
    }
}

}  // namespace
}  // namespace fleet::scaler
