// A day's end with budget left over: how much of it is used, with and without a burst.
#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>

#include "common/pace/provider_row.hpp"
#include "scaler/policy.hpp"

using namespace fleet;
using namespace fleet::scaler;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr base::Millis kTick = seconds(10);
constexpr base::Millis kCall = seconds(20);
constexpr std::int64_t kBudget = 5'000;

struct Day {
    base::Millis burst{0};
    std::int64_t items = 20'000;
    int max_workers = 500;
};

struct DayEnd {
    std::int64_t used = 0;  ///< of the budget, at the reset
    int most_workers = 0;   ///< before the burst may begin
    int most_in_burst = 0;  ///< after it
    int after_reset = 0;    ///< half an hour into the next day
};

/// The provider's row, the pool and its workers tick by tick; what `decide` plans is there with the
/// next tick.
class Run {
  public:
    explicit Run(const Day& day) : day_(day), ready_(day.items) {
        model::ProviderRules rules;
        rules.name = "m/a";
        rules.requests_per_second = 5;
        rules.budget.requests = kBudget;
        rules.burst_before_reset = day.burst;
        row_ = pace::new_provider(rules, {model::PaceTime{now_}, wall_});
    }

    DayEnd run() {
        DayEnd end;
        const base::WallTime reset = wall_ + hours(6);
        for (; wall_ < reset + minutes(30); wall_ += kTick, now_ += kTick) {
            if (wall_ < reset) {
                call();
                end.used = row_.budget.spent.requests;
            }
            const int wanted = plan();
            const bool is_burst = wall_ >= reset - minutes(30) && wall_ < reset;
            int& most = is_burst ? end.most_in_burst : end.most_workers;
            most = wall_ < reset ? std::max(most, wanted) : most;
            end.after_reset = wanted;
            CHECK(row_.budget.spent.requests <= kBudget);
            CHECK(wanted <= day_.max_workers);
            workers_ = wanted;
        }
        return end;
    }

  private:
    /// What the slots, the pace and the budget let through in one tick.
    void call() {
        const double tick = std::chrono::duration<double>(kTick).count();
        const double by_slots = workers_ * tick / std::chrono::duration<double>(kCall).count();
        open_ += std::min(by_slots, row_.pace.requests.rate * tick);
        const auto calls = std::min({static_cast<std::int64_t>(std::floor(open_)), ready_,
                                     kBudget - row_.budget.spent.requests});
        open_ -= std::floor(open_);
        row_.budget.spent.requests += calls;
        ready_ -= calls;
    }

    int plan() const {
        Observation observation;
        observation.own_host = "a";
        observation.hosts.push_back({"a", 8, 8, true, 0.1, 0.1, 0.1});
        PoolView pool;
        pool.pressure.pool = "default";
        model::StagePressure stage;
        stage.ready = ready_ - std::min<std::int64_t>(ready_, workers_);
        stage.counts.pending = stage.ready;
        stage.counts.running = std::min<std::int64_t>(ready_, workers_);
        stage.service_mean = kCall;
        stage.service_samples = 1'000;
        pool.pressure.stages.push_back(stage);
        pool.needs.push_back({"", "m/a", true});
        for (int worker = 0; worker < workers_; ++worker) {
            WorkerView view;
            view.id = std::to_string(worker);
            view.host = "a";
            view.busy = 0;  // between two calls: it may leave
            pool.workers.push_back(view);
        }
        observation.pools.push_back(std::move(pool));
        ProviderView view = provider_view(row_, {}, now_, wall_);
        view.latency = kCall;
        view.latency_samples = 100;
        observation.providers.push_back(std::move(view));
        Policy policy;
        PoolRules rules;
        rules.pool = "default";
        rules.max_workers = day_.max_workers;
        rules.drain_target = hours(24 * 7);
        policy.pools.push_back(rules);
        return scaler::decide(observation, policy).pools.front().planned;
    }

    const Day day_;
    std::int64_t ready_;
    base::StoreTime now_{hours(100)};
    base::WallTime wall_{hours(24 * 20'000) + hours(18)};
    model::Provider row_;
    int workers_ = 0;
    double open_ = 0;
};

}  // namespace

TEST_CASE("a burst uses up the budget that the drain target would leave, and never more") {
    const DayEnd without = Run({.burst = base::Millis{0}}).run();
    const DayEnd with = Run({.burst = minutes(30)}).run();
    // A week's tempo is one slot, a call of 20 s each: the last 6 h of the day use 1,080.
    CHECK(without.used < kBudget / 3);
    CHECK(with.used == kBudget);
    CHECK(with.most_workers == without.most_workers);
    CHECK(without.most_in_burst <= without.most_workers);
    // 5 calls a second less the margin, of 20 s each, and a fifth to spare.
    CHECK(with.most_in_burst > 10 * without.most_workers);
    CHECK(with.most_in_burst <= static_cast<int>(std::ceil(5 * 20 * 1.2)));
    // The next day begins at the old tempo.
    CHECK(with.after_reset <= without.most_workers + 1);
}

TEST_CASE("a burst keeps to the pool's maximum") {
    const DayEnd end = Run({.burst = minutes(30), .max_workers = 20}).run();
    CHECK(end.most_in_burst == 20);
    CHECK(end.used < kBudget);
    CHECK(end.used > Run({.burst = base::Millis{0}, .max_workers = 20}).run().used);
}
