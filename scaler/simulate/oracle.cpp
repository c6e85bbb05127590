#include "scaler/simulate/oracle.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "common/pace/budget.hpp"

namespace fleet::simulate {
namespace {

/// From `from` on so much a second, until the next stretch. At most `most` of it, if that is said.
struct Stretch {
    double from = 0;  ///< seconds
    double rate = 0;
    double before = 0;  ///< what all the stretches before give
};

/// What can be had until a time, as a polyline that never falls.
class Supply {
  public:
    void add(double from, double rate) {
        if (!stretches_.empty()) {
            const Stretch& last = stretches_.back();
            stretches_.push_back({from, rate, last.before + last.rate * (from - last.from)});
        } else {
            stretches_.push_back({from, rate, 0});
        }
    }
    [[nodiscard]] double until(double time) const {
        const auto next = std::ranges::upper_bound(stretches_, time, {}, &Stretch::from);
        if (next == stretches_.begin()) {
            return 0;
        }
        const Stretch& in = *std::prev(next);
        return in.before + in.rate * (time - in.from);
    }
    /// When so much has been given; infinity: never.
    [[nodiscard]] double when(double amount) const {
        const auto next = std::ranges::lower_bound(stretches_, amount, {}, &Stretch::before);
        if (next == stretches_.begin()) {
            return stretches_.empty() ? HUGE_VAL : stretches_.front().from;
        }
        const Stretch& in = *std::prev(next);
        return in.rate > 0 ? in.from + (amount - in.before) / in.rate : HUGE_VAL;
    }

  private:
    std::vector<Stretch> stretches_;
};

double seconds(std::chrono::duration<double> span) {
    return span.count();
}

/// Calls that a provider gives: its limit as it changes, without outages and other clients.
double rate_at(const ProviderScenario& provider, double time) {
    double limit = provider.limits.limit;
    for (const LimitChange& change : provider.changes) {
        limit = seconds(change.at) <= time ? change.limit : limit;
    }
    for (const Outage& outage : provider.outages) {
        if (seconds(outage.from) <= time && time < seconds(outage.to)) {
            return 0;
        }
    }
    return std::max(0.0, limit / seconds(provider.limits.window) - provider.others);
}

/// `calls` is all that will be asked for: days go on until so many can have been given.
Supply supply_of(const ProviderScenario& provider, double length, double calls) {
    std::vector<double> edges{0};
    for (const LimitChange& change : provider.changes) {
        edges.push_back(seconds(change.at));
    }
    for (const Outage& outage : provider.outages) {
        edges.push_back(seconds(outage.from));
        edges.push_back(seconds(outage.to));
    }
    const model::BudgetLimits& budget = provider.rules.budget;
    constexpr double kDay = 86'400;
    const double day_begin = std::fmod(seconds(budget.day_begins) + kDay, kDay);
    if (budget.requests) {
        for (double day = day_begin; day < length; day += kDay) {
            edges.push_back(day);
        }
    }
    std::ranges::sort(edges);
    Supply supply;
    double left = budget.requests ? static_cast<double>(*budget.requests) : calls;
    for (std::size_t edge = 0; edge < edges.size(); ++edge) {
        const double from = edges[edge];
        const bool begins_day = budget.requests && std::fmod(from - day_begin + kDay, kDay) < 1e-6;
        left = begins_day ? static_cast<double>(*budget.requests) : left;
        const double to = edge + 1 < edges.size() ? edges[edge + 1] : HUGE_VAL;
        const double rate = rate_at(provider, from);
        supply.add(from, rate);
        if (budget.requests && rate > 0 && from + left / rate < to) {
            supply.add(from + left / rate, 0);
            left = 0;
        } else {
            left -= budget.requests && rate > 0 ? rate * (to - from) : 0;
        }
    }
    return supply;
}

/// All that items need of one supply.
class Need {
  public:
    /// What an item needs that can begin with it at that time, and what it has to do from then on.
    void add(double at, double amount, double rest) {
        if (amount > 0) {
            amount_ += amount;
            least_rest_ = std::min(least_rest_, rest);
            parts_.push_back({at, amount});
        }
    }
    [[nodiscard]] double amount() const { return amount_; }
    /// The earliest end: for each time, what begins from then on needs all of the supply.
    [[nodiscard]] double end(const Supply& supply) {
        std::ranges::sort(parts_, {}, &Part::at);
        double latest = 0;
        double behind = 0;
        for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) {
            behind += part->amount;
            const bool is_first_then =
                std::next(part) == parts_.rend() || std::next(part)->at < part->at;
            if (is_first_then) {
                latest = std::max(latest, supply.when(supply.until(part->at) + behind));
            }
        }
        return parts_.empty() ? 0 : latest + least_rest_;
    }

  private:
    struct Part {
        double at = 0;
        double amount = 0;
    };
    std::vector<Part> parts_;
    double amount_ = 0;
    double least_rest_ = HUGE_VAL;
};

double most_slots(const Scenario& scenario) {
    double most = 0;
    for (const HostScenario& host : scenario.hosts) {
        const scaler::PoolRules rules = rules_on(scenario, host);
        most = std::max(most, static_cast<double>(rules.max_workers) * rules.slots_per_worker);
    }
    return most;
}

void lengthen(Oracle& oracle, double end, const std::string& bound) {
    // A supply that never suffices: the simulation's own end says so.
    const Micros time = end > 1e12 ? Micros::max() : Micros{std::llround(end * 1e6)};
    if (time > oracle.drain) {
        oracle = {time, bound};
    }
}

}  // namespace

Oracle oracle_of(const Scenario& scenario) {
    const std::vector<Micros> arrivals = arrivals_of(scenario);
    std::vector<Need> calls(scenario.providers.size());
    Need slots;
    double longest = 0;
    const double boot = scenario.pool.min_workers > 0 ? 0 : seconds(scenario.boot);
    std::vector<double> times(scenario.stages.size());
    for (std::size_t item = 0; item < arrivals.size(); ++item) {
        double chain = 0;
        for (std::size_t stage = 0; stage < scenario.stages.size(); ++stage) {
            times[stage] = seconds(
                draw(scenario.stages[stage].time,
                     {scenario.seed, static_cast<std::int64_t>(item), static_cast<int>(stage)}));
            chain += times[stage];
        }
        const double came = std::max(boot, seconds(arrivals[item]));
        slots.add(came, chain, 0);
        longest = std::max(longest, came + chain);
        double rest = chain;
        for (std::size_t stage = 0; stage < scenario.stages.size(); ++stage) {
            if (const auto provider = scenario.stages[stage].provider) {
                calls[*provider].add(came + chain - rest, 1, rest);
            }
            rest -= times[stage];
        }
    }
    Oracle oracle;
    lengthen(oracle, longest, "longest item");
    Supply all_slots;
    all_slots.add(0, most_slots(scenario));
    lengthen(oracle, slots.end(all_slots), "slots");
    for (std::size_t provider = 0; provider < calls.size(); ++provider) {
        const ProviderScenario& one = scenario.providers[provider];
        lengthen(
            oracle,
            calls[provider].end(supply_of(one, seconds(scenario.length), calls[provider].amount())),
            one.rules.name);
    }
    return oracle;
}

}  // namespace fleet::simulate
