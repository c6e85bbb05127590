#include "scaler/simulate/fleet_run.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "scaler/simulate/backlog.hpp"
#include "scaler/simulate/crew.hpp"
#include "scaler/simulate/gates.hpp"
#include "scaler/simulate/host_scalers.hpp"
#include "scaler/simulate/recorder.hpp"
#include "scaler/simulate/timeline.hpp"

namespace fleet::simulate {
namespace {

constexpr Micros kSecond{1'000'000};
/// Scalers look at different times of a second; those of one group see the same.
constexpr int kLookGroups = 8;
constexpr base::Millis kRetryPause{1'000};  // after an error

class FleetRun {
  public:
    FleetRun(const Scenario& scenario, const std::function<void(const RunProgress&)>& tell)
        : scenario_(scenario),
          tell_(tell),
          timeline_(scenario.seed),
          backlog_(scenario_),
          crew_(scenario_.providers.size()),
          gates_(scenario_, timeline_, crew_),
          scalers_(scenario_) {}

    Report run() {
        begin();
        while (!is_over()) {
            handle(timeline_.take());
            hand_out();
        }
        return finish();
    }

  private:
    [[nodiscard]] bool is_over() const {
        return timeline_.is_empty() || timeline_.next() > scenario_.length ||
               (drained_at_ && timeline_.next() > *drained_at_ + scenario_.rest);
    }
    [[nodiscard]] Micros now() const { return timeline_.now(); }
    void at(Micros time, What what, int number = 0, std::int64_t other = 0) {
        timeline_.at(time, what, number, other);
    }

    void begin() {
        schedule(scenario_, timeline_);
        arrive();
        if (backlog_.is_drained()) {
            drained_at_ = Micros{0};
        }
        const int groups = std::min(kLookGroups, static_cast<int>(scenario_.hosts.size()));
        for (int group = 0; group < groups; ++group) {
            at(kSecond * group / groups, What::look, group);
        }
        at(Micros{0}, What::second);
    }

    void handle(const Event& event) {
        switch (event.what) {
            case What::look:
                look(event.number);
                break;
            case What::second:
                each_second();
                break;
            case What::arrival:
                arrive();
                break;
            case What::ready:
                crew_.make_ready(event.number);
                break;
            case What::ask:
                ask(event.number, static_cast<std::size_t>(event.other));
                break;
            case What::send:
                send(event.number);
                break;
            case What::answer:
                answer(event.number);
                break;
            case What::end:
                end(event.number);
                break;
            case What::due:
                backlog_.due({event.other, event.number}, now());
                break;
            case What::others:
                others_call(event.number);
                break;
            case What::change:
                change(event.number, static_cast<std::size_t>(event.other));
                break;
            case What::join:
                scalers_.join(event.number);
                break;
            case What::leave:
                leave(event.number);
                break;
            case What::die:
                die(event.number);
                break;
            case What::expire:
                expire(event.number);
                break;
        }
    }

    // --- Work

    void arrive() {
        if (const auto next = backlog_.arrive(now())) {
            at(*next, What::arrival);
        }
    }

    void hand_out() {
        while (backlog_.has_ready()) {
            const auto slot = crew_.next_free();
            const auto task = slot ? backlog_.claim(now()) : std::nullopt;
            if (!task) {
                return;
            }
            crew_.occupy(*slot, *task, now());
            const auto provider = stage_of(*task).provider;
            if (provider) {
                gates_.queue_up(*slot, *provider);
            } else {
                at(now() + timeline_.store_time() + service_of(*task), What::end, *slot);
            }
        }
    }

    [[nodiscard]] const StageScenario& stage_of(const Task& task) const {
        return scenario_.stages[static_cast<std::size_t>(task.stage)];
    }
    [[nodiscard]] Micros service_of(const Task& task) const {
        return draw(stage_of(task).time, {scenario_.seed, task.item, task.stage});
    }
    [[nodiscard]] const ProviderScenario& script_of(int number) const {
        return scenario_.providers[static_cast<std::size_t>(number)];
    }
    SimProvider& provider(int number) {
        return gates_.providers()[static_cast<std::size_t>(number)];
    }

    /// The attempt has ended well.
    void end(int number) {
        if (!crew_.is_alive(number)) {
            return;
        }
        const Slot& slot = crew_.slot(number);
        useful_ += service_of(slot.task) / crew_.worker_of(number).slots;
        backlog_.finish(slot.task, now() - slot.since, now());
        crew_.release(number, now());
        if (backlog_.is_drained()) {
            drained_at_ = now();
        }
    }

    void send_away(int number, base::Millis wait) {
        const Task task = crew_.slot(number).task;
        backlog_.delay(task);
        crew_.release(number, now());
        at(now() + wait, What::due, task.stage, task.item);
    }

    // --- Calls

    void ask(int worker, std::size_t provider) {
        for (const SentAway& away : gates_.ask(worker, provider)) {
            send_away(away.slot, away.wait);
        }
    }

    void send(int number) {
        if (crew_.is_alive(number)) {
            gates_.send(number, service_of(crew_.slot(number).task));
        }
    }

    void answer(int number) {
        if (!crew_.is_alive(number)) {
            return;
        }
        const model::CallOutcome outcome = gates_.answer(number);
        switch (outcome.end) {
            case model::CallEnd::answered:
                end(number);
                break;
            case model::CallEnd::refused:
                send_away(number, outcome.rate_limit.retry_after.value_or(base::Millis{1}));
                break;
            default:
                send_away(number, kRetryPause);
                break;
        }
    }

    void change(int number, std::size_t which) {
        provider(number).set_limit(script_of(number).changes[which].limit, timeline_.moment());
    }

    void others_call(int number) {
        provider(number).call_of_others(timeline_.moment());
        const double gap = -std::log(1 - timeline_.share()) / script_of(number).others;
        at(now() + Micros{1 + std::llround(gap * 1e6)}, What::others, number);
    }

    // --- Hosts

    void look(int group) {
        at(now() + kSecond, What::look, group);
        std::optional<scaler::Observation> shared;
        for (int host = group; host < static_cast<int>(scenario_.hosts.size());
             host += kLookGroups) {
            if (scalers_.is_running(host)) {
                if (!shared) {
                    shared = observe();
                }
                act(host, scalers_.decide(host, *shared, timeline_.elapsed()));
            }
        }
    }

    [[nodiscard]] scaler::Observation observe() const {
        scaler::Observation observation;
        observation.hosts = scalers_.hosts();
        scaler::PoolView pool;
        pool.pressure.pool = scalers_.rules(0).pool;
        pool.pressure.stages = backlog_.pressure(now());
        pool.stages = backlog_.policies();
        for (const model::StagePolicy& stage : pool.stages) {
            if (!stage.provider.empty()) {
                pool.needs.push_back({stage.stage, stage.provider, true});
            }
        }
        crew_.show(pool, scenario_.hosts, now());
        pool.more_to_come = backlog_.has_more_to_come();
        observation.pools.push_back(std::move(pool));
        for (const SimProvider& one : gates_.providers()) {
            observation.providers.push_back(one.view(timeline_.moment()));
        }
        return observation;
    }

    void act(int host, const scaler::PoolPlan& plan) {
        const scaler::PoolRules& rules = scalers_.rules(host);
        for (const std::string& id : plan.call_back) {
            crew_.call_back(std::stoi(id));
        }
        for (const std::string& id : plan.retire) {
            crew_.retire(std::stoi(id), /*may_come_back=*/true, now());
        }
        int started = 0;
        // A seat is taken for each, so that scalers that saw the same do not start too many.
        while (started < plan.start && crew_.seats() < rules.max_workers) {
            const Micros begins = now() + scenario_.boot;
            const int worker = crew_.launch({host, rules.slots_per_worker, now(), begins});
            at(begins, What::ready, worker);
            ++started;
        }
        recorder_.note(plan, started, crew_.seats(), rules);
    }

    void leave(int host) {
        scalers_.stop(host);
        scalers_.forget(host);
        const std::vector<int> present = crew_.present();
        for (const int worker : present) {
            if (crew_.worker(worker).host == host) {
                crew_.retire(worker, /*may_come_back=*/false, now());
            }
        }
    }

    void die(int host) {
        scalers_.stop(host);
        for (const int worker : crew_.present()) {
            if (crew_.worker(worker).host == host) {
                crew_.kill(worker);
            }
        }
        at(now() + scenario_.lease, What::expire, host);
    }

    /// The leases of what ran there are over: others take it up.
    void expire(int host) {
        scalers_.forget(host);
        const std::vector<int> present = crew_.present();
        for (const int number : present) {
            const CrewWorker& worker = crew_.worker(number);
            if (worker.host != host) {
                continue;
            }
            gates_.forget_waiting(worker);
            for (int slot = worker.first_slot; slot < worker.first_slot + worker.slots; ++slot) {
                if (crew_.slot(slot).is_busy) {
                    gates_.lose(slot);
                    backlog_.put_back(crew_.slot(slot).task, now());
                }
            }
            crew_.remove(number, now());
        }
    }

    // --- What is seen of it

    void each_second() {
        at(now() + kSecond, What::second);
        Moment seen;
        seen.at = timeline_.elapsed();
        seen.retiring = static_cast<int>(std::ranges::count_if(
            crew_.present(), [this](int worker) { return crew_.worker(worker).is_retiring; }));
        for (int stage = 0; stage < static_cast<int>(scenario_.stages.size()); ++stage) {
            seen.stages.push_back(
                {backlog_.ready(stage), backlog_.delayed(stage), backlog_.running(stage)});
        }
        for (std::size_t number = 0; number < gates_.providers().size(); ++number) {
            seen.providers.push_back(
                gates_.providers()[number].second(waits_for(number), timeline_.moment()));
        }
        recorder_.add(std::move(seen));
        const scaler::PoolRules& rules = scalers_.rules(0);
        backlog_.rule().set({static_cast<double>(rules.max_workers) * rules.slots_per_worker,
                             gates_.budgets(rules.service_prior)});
        if (!backlog_.is_whole()) {
            recorder_.broken("an item was lost or counted twice");
        }
        if (tell_) {
            tell_({timeline_.elapsed(), backlog_.done(), backlog_.items()});
        }
    }

    /// More slots than turns, or work for which slots could still be had.
    [[nodiscard]] bool waits_for(std::size_t number) const {
        if (gates_.waiting(number) > 0) {
            return true;
        }
        if (crew_.seats() >= recorder_.maximum()) {
            return false;
        }
        for (int stage = 0; stage < static_cast<int>(scenario_.stages.size()); ++stage) {
            const bool calls = scenario_.stages[static_cast<std::size_t>(stage)].provider == number;
            if (calls && (backlog_.delayed(stage) > 0 || backlog_.is_claimable(stage, now()))) {
                return true;
            }
        }
        return false;
    }

    Report finish() {
        Report report = recorder_.finish();
        report.seed = scenario_.seed;
        report.items = backlog_.items();
        report.done = backlog_.done();
        report.drained = drained_at_.has_value();
        report.drained_at =
            std::chrono::duration_cast<base::Millis>(drained_at_.value_or(Micros{0}));
        report.ended_at = timeline_.elapsed();
        report.oracle = oracle_of(scenario_);
        report.mean_item_seconds = backlog_.mean_item_time().count();
        constexpr double kHour = 3'600;
        report.worker_hours = crew_.time_used(now()).count() / kHour;
        report.useful_hours = std::chrono::duration<double>(useful_).count() / kHour;
        for (const SimProvider& one : gates_.providers()) {
            report.providers.push_back(one.report());
            if (one.has_passed_budget()) {
                report.broken.push_back("the budget of " + one.report().name + " was passed");
            }
        }
        return report;
    }

    const Scenario scenario_;
    const std::function<void(const RunProgress&)>& tell_;
    Timeline timeline_;
    Backlog backlog_;
    Crew crew_;
    Gates gates_;
    HostScalers scalers_;
    Recorder recorder_;
    std::optional<Micros> drained_at_;
    Micros useful_{0};
};

}  // namespace

Report run_fleet(const Scenario& scenario, const std::function<void(const RunProgress&)>& tell) {
    return FleetRun(scenario, tell).run();
}

}  // namespace fleet::simulate
