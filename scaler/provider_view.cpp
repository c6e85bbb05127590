#include "scaler/provider_view.hpp"

#include <algorithm>
#include <cmath>

#include "common/pace/budget.hpp"
#include "common/pace/circuit.hpp"
#include "common/pace/density.hpp"

namespace fleet::scaler {
namespace {

constexpr base::Millis kTenSeconds{10'000};
constexpr base::Millis kMinute{60'000};

std::optional<double> pace_of(const model::Pace& pace, const MeanCall& call) {
    if (pace.source == model::PaceSource::unlimited) {
        return std::nullopt;
    }
    double rate = pace.requests.rate;
    if (pace.tokens && call.tokens > 0) {
        rate = std::min(rate, pace.tokens->rate / call.tokens);
    }
    return rate;
}

std::optional<std::int64_t> left_of(const std::optional<std::int64_t>& limit, std::int64_t spent,
                                    std::int64_t held) {
    return limit ? std::optional(std::max<std::int64_t>(0, *limit - spent - held)) : std::nullopt;
}

/// How many calls that need `each` fit into what is left.
void lower_to(std::optional<std::int64_t>& calls, const std::optional<std::int64_t>& left,
              double each) {
    if (left) {
        const auto fit =
            static_cast<std::int64_t>(std::floor(static_cast<double>(*left) / std::max(1.0, each)));
        calls = calls ? std::min(*calls, fit) : fit;
    }
}

void look_at_budget(ProviderView& view, const model::Provider& row, const MeanCall& call,
                    base::WallTime wall) {
    const model::BudgetLimits& limits = row.rules.budget;
    if (!limits.any()) {
        return;
    }
    model::BudgetDay day = row.budget;
    pace::advance_day(day, limits, wall);
    BudgetView budget;
    budget.requests_left = left_of(limits.requests, day.spent.requests, day.held.requests);
    budget.tokens_left = left_of(limits.tokens, day.spent.tokens, day.held.tokens);
    budget.cost_micros_left =
        left_of(limits.cost_micros, day.spent.cost_micros, day.held.cost_micros);
    budget.resets_in = pace::left_of_day(limits, wall);
    lower_to(view.calls_left, budget.requests_left, 1);
    lower_to(view.calls_left, budget.tokens_left, call.tokens);
    lower_to(view.calls_left, budget.cost_micros_left, call.cost_micros);
    view.budget = budget;
    view.bursts = budget.resets_in <= row.rules.burst_before_reset && view.calls_left > 0;
}

}  // namespace

MeanCall mean_call(std::span<const model::UsageRecord> daily, const std::string& provider) {
    double requests = 0;
    MeanCall sum;
    for (const model::UsageRecord& usage : daily) {
        if (usage.provider == provider) {
            requests += static_cast<double>(usage.requests);
            sum.tokens += static_cast<double>(usage.input_tokens + usage.output_tokens);
            sum.cost_micros += static_cast<double>(usage.cost_micros);
        }
    }
    return requests > 0 ? MeanCall{sum.tokens / requests, sum.cost_micros / requests} : MeanCall{};
}

ProviderView provider_view(const model::Provider& row, const MeanCall& call, base::StoreTime now,
                           base::WallTime wall) {
    ProviderView view;
    view.name = row.rules.name;
    view.calls_per_second = pace_of(row.pace, call);
    const pace::Counts minute = pace::counts_of(row.density, now, kMinute);
    view.latency = minute.mean_latency();
    view.latency_samples = std::max<std::int64_t>(0, minute.calls - minute.refused - minute.errors);
    view.calls_minute = minute.calls;
    view.refused_minute = minute.refused_share();
    view.refused_ten_seconds = pace::counts_of(row.density, now, kTenSeconds).refused_share();
    look_at_budget(view, row, call, wall);

    // The row is brought up to date by its next call; until then it may look open for too long.
    model::Circuit circuit = row.circuit;
    pace::advance_circuit(circuit, now);
    view.circuit = circuit.state;
    view.probes = row.rules.circuit.probes;
    view.free_probes = pace::free_probes(circuit, row.rules.circuit).value_or(0);
    if (circuit.state == model::CircuitState::open) {
        view.hold = pace::circuit_hold(circuit, now);
    } else if (view.calls_left == 0) {
        view.hold = model::Hold{model::HoldReason::budget, view.budget->resets_in,
                                "the day's budget is used up"};
    } else if (circuit.state == model::CircuitState::half_open) {
        view.hold = pace::circuit_hold(circuit, now);
        view.hold->text = "circuit half-open: " + circuit.reason;
    } else if (now < row.pace.wait_until) {
        view.hold = model::Hold{model::HoldReason::retry_after, row.pace.wait_until - now,
                                "it asked for a pause"};
    }
    return view;
}

base::Millis blended_latency(base::Millis mean, std::int64_t samples, base::Millis other,
                             std::int64_t enough) {
    const std::int64_t counted = std::min(samples, enough);
    return enough == 0 ? other : (mean * counted + other * (enough - counted)) / enough;
}

void keep_latency(ProviderView& view, KnownLatency& known) {
    constexpr double kFading = 0.995;
    const auto faded = static_cast<std::int64_t>(static_cast<double>(known.samples) * kFading);
    // When calls cease, the last answers are those that took the longest: they must not count for
    // more than the many before them.
    if (view.latency_samples >= kEnoughSamples && view.latency_samples * 2 >= known.samples) {
        known = {view.latency, std::max(view.latency_samples, faded)};
    } else if (known.samples >= kEnoughSamples) {
        view.latency =
            blended_latency(view.latency, view.latency_samples, known.mean, known.samples);
        view.latency_samples = kEnoughSamples;
        known.samples = std::max(kEnoughSamples, faded);
    }
}

}  // namespace fleet::scaler
