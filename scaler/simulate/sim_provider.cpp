#include "scaler/simulate/sim_provider.hpp"

#include <algorithm>
#include <utility>

#include "common/pace/budget.hpp"

namespace fleet::simulate {
namespace {

constexpr Micros kNetworkTime{20'000};
constexpr Micros kErrorTime{100'000};
constexpr Micros kSettling = std::chrono::minutes(3);

base::Millis millis(Micros time) {
    return std::chrono::duration_cast<base::Millis>(time);
}

}  // namespace

SimProvider::SimProvider(const ProviderScenario& scenario, const pace::Moment& start)
    : scenario_(scenario),
      start_(start.now),
      model_(scenario.limits, start.now),
      row_(pace::new_provider(scenario.rules, start)) {
    report_.name = scenario.rules.name;
}

Micros SimProvider::since_start(const pace::Moment& moment) const {
    return moment.now - start_;
}

pace::Grant SimProvider::grant(std::size_t wanted, const pace::Moment& moment) {
    const std::vector<model::CallEstimate> estimates(wanted);
    pace::Grant answer = pace::grant(row_, estimates, next_permit_, moment);
    next_permit_ += std::ssize(answer.permits);
    return answer;
}

std::string SimProvider::begin(const model::Permit& permit, const pace::Moment& moment) {
    const model::BudgetLimits& limits = scenario_.rules.budget;
    if (permit.id == 0 || !limits.any()) {
        return {};
    }
    const std::string day = pace::budget_day(limits, moment.wall);
    day_calls_ = day == day_ ? day_calls_ + 1 : 1;
    day_ = day;
    report_.most_in_a_day = std::max(report_.most_in_a_day, day_calls_);
    return pace::begin(row_, permit, moment);
}

model::CallOutcome SimProvider::call(Micros service, const pace::Moment& moment) {
    first_call_ = first_call_.value_or(since_start(moment));
    model::CallOutcome outcome;
    if (is_out(since_start(moment))) {
        outcome.end = model::CallEnd::server_error;
        outcome.latency = millis(kErrorTime);
        return outcome;
    }
    Answer answer = model_.call(moment.now);
    outcome.end = answer.given ? model::CallEnd::answered : model::CallEnd::refused;
    outcome.rate_limit = std::move(answer.stated);
    outcome.latency = millis(kNetworkTime + (answer.given ? service : Micros{0}));
    return outcome;
}

void SimProvider::settle(const pace::Settlement& settlement, const pace::Moment& moment,
                         double jitter) {
    const auto before = row_.circuit.state;
    pace::settle(row_, settlement, moment, jitter);
    const bool opens = row_.circuit.state == model::CircuitState::open;
    report_.circuit_openings += opens && before != model::CircuitState::open ? 1 : 0;
    report_.calls += 1;
    const model::CallEnd end = settlement.outcome.end;
    report_.given += end == model::CallEnd::answered ? 1 : 0;
    report_.refused += end == model::CallEnd::refused ? 1 : 0;
    report_.errors += end != model::CallEnd::answered && end != model::CallEnd::refused ? 1 : 0;
}

void SimProvider::lose(const model::Permit& permit, bool is_begun, const std::string& spent_day,
                       const pace::Moment& moment) {
    if (is_begun) {
        pace::forget(row_, permit, spent_day, moment);
    } else {
        pace::give_back(row_, permit, /*in_time=*/false, moment);
    }
}

void SimProvider::call_of_others(const pace::Moment& moment) {
    if (!is_out(since_start(moment)) && model_.call(moment.now).given) {
        others_given_ += 1;
    }
}

void SimProvider::set_limit(double limit, const pace::Moment& moment) {
    model_.set_limit(limit, moment.now);
}

bool SimProvider::is_out(Micros time) const {
    return std::ranges::any_of(scenario_.outages, [time](const Outage& outage) {
        return time >= outage.from && time < outage.to;
    });
}

bool SimProvider::is_steady(const pace::Moment& moment) const {
    const Micros now = since_start(moment);
    const auto settles = [now](Micros from) { return now >= from && now < from + kSettling; };
    if (!first_call_ || settles(*first_call_) || is_out(now)) {
        return false;
    }
    return std::ranges::none_of(scenario_.changes,
                                [&](const LimitChange& one) { return settles(one.at); }) &&
           std::ranges::none_of(scenario_.outages,
                                [&](const Outage& one) { return settles(one.to); });
}

scaler::ProviderView SimProvider::view(const pace::Moment& moment) const {
    return scaler::provider_view(row_, {}, moment.store_now(), moment.wall);
}

ProviderMoment SimProvider::second(bool waits, const pace::Moment& moment) {
    const scaler::ProviderView seen = view(moment);
    ProviderMoment second;
    second.pace = seen.calls_per_second.value_or(0);
    second.latency = seen.latency;
    second.circuit = seen.circuit;
    second.possible = is_out(since_start(moment)) ? 0 : model_.rate();
    second.calls = report_.calls - at_last_second_.calls;
    second.given = report_.given - at_last_second_.given;
    second.refused = report_.refused - at_last_second_.refused;
    const bool is_spent = seen.hold && seen.hold->reason == model::HoldReason::budget;
    const bool counts = std::exchange(waited_, waits) && waits;
    if (counts && !is_spent && is_steady(moment)) {
        possible_ += model_.rate() - static_cast<double>(others_given_ - others_at_last_second_);
        got_ += static_cast<double>(second.given);
    }
    at_last_second_ = report_;
    others_at_last_second_ = others_given_;
    return second;
}

ProviderReport SimProvider::report() const {
    ProviderReport report = report_;
    if (possible_ > 0) {
        report.goodput = got_ / possible_;
    }
    return report;
}

bool SimProvider::has_passed_budget() const {
    const auto& limit = scenario_.rules.budget.requests;
    return limit && report_.most_in_a_day > *limit;
}

}  // namespace fleet::simulate
