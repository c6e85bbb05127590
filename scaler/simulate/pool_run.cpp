#include "scaler/simulate/pool_run.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <map>
#include <queue>
#include <random>
#include <string>
#include <utility>

#include "common/pace/provider_row.hpp"

namespace fleet::simulate {
namespace {

using std::chrono::duration_cast;

constexpr Micros kStoreTime{1'000};
constexpr Micros kNetworkTime{20'000};
constexpr Micros kErrorTime{100'000};
constexpr base::Millis kRetryPause{1'000};  // after an error
constexpr base::Millis kLook{1'000};
constexpr base::Millis kLongestAbsence = std::chrono::minutes(5);
const std::string kProvider = "sim/model";
const std::string kHost = "box";

enum class What { look, ask, answer, due, change };

struct Event {
    PaceTime at;
    std::int64_t order = 0;  ///< ties are in the order of their making
    What what = What::look;
    int number = 0;
    bool operator>(const Event& other) const {
        return at != other.at ? at > other.at : order > other.order;
    }
};

/// A slot has at most one item; the events of its call name it.
struct Slot {
    int worker = 0;
    bool is_busy = false;
    PaceTime since{};
    model::Permit permit;
    model::CallOutcome outcome;
};

struct SimWorker {
    PaceTime begins{};  ///< may claim from then on
    bool is_retiring = false;
    bool is_gone = false;
    std::vector<int> slots;
};

class PoolRun {
  public:
    explicit PoolRun(PoolScenario scenario)
        : scenario_(std::move(scenario)),
          random_(scenario_.seed),
          provider_(scenario_.provider, kStart),
          row_(pace::new_provider(named(scenario_.rules), moment(kStart))),
          ready_(scenario_.items) {
        scenario_.pool.pool = "pool";
        policy_.pools.push_back(scenario_.pool);
    }

    PoolReport run() {
        at(kStart, What::look, 0);
        for (std::size_t change = 0; change < scenario_.changes.size(); ++change) {
            at(kStart + scenario_.changes[change].at, What::change, static_cast<int>(change));
        }
        while (!events_.empty() && !is_over()) {
            const Event event = events_.top();
            events_.pop();
            now_ = event.at;
            handle(event);
            hand_out();
        }
        return std::move(report_);
    }

  private:
    static constexpr PaceTime kStart{std::chrono::hours(1)};

    static pace::Moment moment(PaceTime now) {
        return {now, base::WallTime{std::chrono::floor<base::Millis>(now.time_since_epoch())}};
    }
    static model::ProviderRules named(model::ProviderRules rules) {
        rules.name = kProvider;
        return rules;
    }
    [[nodiscard]] base::Millis elapsed() const {
        return duration_cast<base::Millis>(now_ - kStart);
    }
    [[nodiscard]] bool is_over() const {
        return elapsed() > scenario_.longest ||
               (report_.drained && elapsed() > report_.drained_at + scenario_.rest);
    }
    void at(PaceTime time, What what, int number) { events_.push({time, ++order_, what, number}); }
    double share() { return std::uniform_real_distribution<double>(0, 1)(random_); }

    void handle(const Event& event) {
        switch (event.what) {
            case What::look:
                look();
                at(now_ + kLook, What::look, 0);
                break;
            case What::ask:
                ask(event.number);
                break;
            case What::answer:
                answer(event.number);
                break;
            case What::due:
                --delayed_;
                ++ready_;
                break;
            case What::change:
                provider_.set_limit(scenario_.changes[static_cast<std::size_t>(event.number)].limit,
                                    now_);
                break;
        }
    }

    // --- Items and slots

    /// Ready items go to free slots.
    void hand_out() {
        for (auto& [number, worker] : workers_) {
            if (worker.is_gone || worker.is_retiring || now_ < worker.begins) {
                continue;
            }
            for (const int slot : worker.slots) {
                if (ready_ == 0) {
                    return;
                }
                if (!slots_[static_cast<std::size_t>(slot)].is_busy) {
                    --ready_;
                    ++running_;
                    slots_[static_cast<std::size_t>(slot)].is_busy = true;
                    slots_[static_cast<std::size_t>(slot)].since = now_;
                    at(now_ + kStoreTime, What::ask, slot);
                }
            }
        }
    }

    void free_slot(Slot& slot) {
        slot.is_busy = false;
        --running_;
        SimWorker& worker = workers_.at(slot.worker);
        worker.is_gone = worker.is_retiring && busy_of(worker) == 0;
    }

    void send_away(Slot& slot, base::Millis wait) {
        free_slot(slot);
        ++delayed_;
        at(now_ + wait, What::due, 0);
    }

    void ask(int number) {
        Slot& slot = slots_[static_cast<std::size_t>(number)];
        const std::array<model::CallEstimate, 1> wanted{};
        const pace::Grant grant = pace::grant(row_, wanted, 1, moment(now_));
        if (!grant.permits.empty()) {
            slot.permit = grant.permits.front();
            arrive(number, now_ + std::max(kStoreTime, slot.permit.usable_in) + kNetworkTime);
            return;
        }
        const model::Hold& hold = *grant.hold;
        if (hold.reason == model::HoldReason::pace || hold.wait <= scenario_.patience) {
            const Micros wait = hold.wait;
            at(now_ + wait + Micros{std::llround(static_cast<double>(wait.count()) * share() / 8)},
               What::ask, number);
            return;
        }
        const base::Millis wait = std::min(hold.wait, kLongestAbsence);
        send_away(slot, wait + base::Millis{
                                   std::llround(static_cast<double>(wait.count()) * share() / 5)});
    }

    /// The provider decides at once what the answer will be; times hardly differ for that.
    void arrive(int number, PaceTime when) {
        Slot& slot = slots_[static_cast<std::size_t>(number)];
        slot.outcome = {};
        report_.offered += 1;
        if (is_out(when)) {
            slot.outcome.end = model::CallEnd::server_error;
            slot.outcome.latency = duration_cast<base::Millis>(kErrorTime);
            at(when + kErrorTime, What::answer, number);
            return;
        }
        const Answer answered = provider_.call(std::max(when, last_arrival_));
        last_arrival_ = std::max(when, last_arrival_);
        slot.outcome.rate_limit = answered.stated;
        Micros latency = kNetworkTime;
        if (answered.given) {
            const double mean = std::chrono::duration<double>(scenario_.latency).count();
            std::exponential_distribution<double> tail(2 / mean);
            latency += Micros{std::llround((mean / 2 + tail(random_)) * 1e6)};
            slot.outcome.end = model::CallEnd::answered;
        } else {
            slot.outcome.end = model::CallEnd::refused;
        }
        slot.outcome.latency = duration_cast<base::Millis>(latency);
        at(when + latency, What::answer, number);
    }

    void answer(int number) {
        Slot& slot = slots_[static_cast<std::size_t>(number)];
        pace::settle(row_, {slot.permit, "", slot.outcome}, moment(now_), share());
        switch (slot.outcome.end) {
            case model::CallEnd::answered:
                report_.given += 1;
                times_.push_back(duration_cast<base::Millis>(now_ - slot.since));
                time_sum_ += times_.back();
                free_slot(slot);
                if (++done_ == scenario_.items) {
                    report_.drained = true;
                    report_.drained_at = elapsed();
                }
                break;
            case model::CallEnd::refused:
                report_.refused += 1;
                send_away(slot, slot.outcome.rate_limit.retry_after.value_or(base::Millis{1}));
                break;
            default:
                send_away(slot, kRetryPause);
                break;
        }
    }

    [[nodiscard]] bool is_out(PaceTime when) const {
        return std::ranges::any_of(scenario_.outages, [&](const Outage& outage) {
            return when >= kStart + outage.from && when < kStart + outage.to;
        });
    }

    // --- The scaler

    [[nodiscard]] int busy_of(const SimWorker& worker) const {
        return static_cast<int>(std::ranges::count_if(worker.slots, [&](int slot) {
            return slots_[static_cast<std::size_t>(slot)].is_busy;
        }));
    }

    model::StagePressure stage() {
        model::StagePressure stage;
        stage.ready = ready_;
        stage.delayed = delayed_;
        stage.counts.pending = ready_ + delayed_;
        stage.counts.running = running_;
        stage.service_samples = static_cast<std::int64_t>(times_.size());
        if (!times_.empty()) {
            stage.service_mean = time_sum_ / stage.service_samples;
            // Recent ones tell as much and are cheaper to sort.
            constexpr std::ptrdiff_t kMostSorted = 500;
            const auto count = std::min<std::ptrdiff_t>(kMostSorted, std::ssize(times_));
            std::vector<base::Millis> recent(times_.end() - count, times_.end());
            const auto p95 = recent.begin() + count * 95 / 100;
            std::nth_element(recent.begin(), p95, recent.end());
            stage.service_p95 = *p95;
        }
        return stage;
    }

    scaler::Observation observe() {
        scaler::Observation observation;
        observation.own_host = kHost;
        observation.hosts.push_back({kHost, 64, 64, true, {}, {}, {}});
        scaler::PoolView pool;
        pool.pressure.pool = scenario_.pool.pool;
        pool.pressure.stages.push_back(stage());
        pool.needs.push_back({"", kProvider, true});
        for (const auto& [number, worker] : workers_) {
            if (worker.is_gone) {
                continue;
            }
            if (now_ < worker.begins) {
                pool.starting.push_back({kHost});
                continue;
            }
            scaler::WorkerView view;
            view.id = std::to_string(number);
            view.host = kHost;
            view.status =
                worker.is_retiring ? model::WorkerStatus::terminating : model::WorkerStatus::active;
            view.slots = static_cast<int>(worker.slots.size());
            view.busy = busy_of(worker);
            view.age = duration_cast<base::Millis>(now_ - worker.begins);
            view.can_be_called_back = worker.is_retiring;
            pool.workers.push_back(view);
        }
        for (const auto& [when, wanted] : history_) {
            pool.history.push_back({elapsed() - when, wanted});
        }
        observation.pools.push_back(std::move(pool));
        const pace::Moment present = moment(now_);
        scaler::ProviderView view =
            scaler::provider_view(row_, {}, present.store_now(), present.wall);
        scaler::keep_latency(view, latency_);
        observation.providers.push_back(view);
        return observation;
    }

    void look() {
        const scaler::Observation observation = observe();
        const scaler::PoolPlan plan = scaler::decide(observation, policy_).pools.front();
        const scaler::ProviderView& view = observation.providers.front();
        report_.moments.push_back({elapsed(), ready_, delayed_, running_, plan.workers,
                                   plan.planned, plan.wanted_slots, plan.clamp,
                                   view.calls_per_second.value_or(0), view.latency, view.circuit});
        history_.emplace_back(elapsed(), plan.wanted_workers);
        while (history_.front().first < elapsed() - scenario_.pool.stabilization) {
            history_.pop_front();
        }
        act(plan);
    }

    void act(const scaler::PoolPlan& plan) {
        for (const std::string& id : plan.call_back) {
            workers_.at(std::stoi(id)).is_retiring = false;
        }
        for (const std::string& id : plan.retire) {
            SimWorker& worker = workers_.at(std::stoi(id));
            worker.is_retiring = true;
            worker.is_gone = busy_of(worker) == 0;
        }
        for (int started = 0; started < plan.start; ++started) {
            const int number = ++last_worker_;
            SimWorker& worker = workers_[number];
            worker.begins = now_ + scenario_.boot;
            for (int slot = 0; slot < scenario_.pool.slots_per_worker; ++slot) {
                worker.slots.push_back(static_cast<int>(slots_.size()));
                slots_.push_back({number, false, {}, {}, {}});
            }
        }
        report_.lost_items += ready_ + delayed_ + running_ + done_ == scenario_.items ? 0 : 1;
    }

    PoolScenario scenario_;
    scaler::Policy policy_;
    std::mt19937_64 random_;
    ProviderModel provider_;
    model::Provider row_;
    std::map<int, SimWorker> workers_;
    std::vector<Slot> slots_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::deque<std::pair<base::Millis, int>> history_;
    std::vector<base::Millis> times_;  ///< of each item that ended, in its slot
    base::Millis time_sum_{0};
    scaler::KnownLatency latency_;
    PaceTime last_arrival_{kStart};
    std::int64_t order_ = 0;
    int last_worker_ = 0;
    int ready_ = 0;
    int delayed_ = 0;
    int running_ = 0;
    int done_ = 0;
    PaceTime now_{kStart};
    PoolReport report_;
};

}  // namespace

int PoolReport::reversals(base::Millis from, base::Millis to) const {
    int count = 0;
    int direction = 0;
    for (const PoolMoment& moment : moments) {
        const int change = moment.planned - moment.workers;
        if (moment.at < from || moment.at >= to || change == 0) {
            continue;
        }
        const int sign = change > 0 ? 1 : -1;
        count += direction != 0 && sign != direction ? 1 : 0;
        direction = sign;
    }
    return count;
}

PoolReport run_pool(const PoolScenario& scenario) {
    return PoolRun(scenario).run();
}

}  // namespace fleet::simulate
