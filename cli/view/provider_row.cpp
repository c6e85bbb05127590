#include "cli/view/provider_row.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "cli/core/output.hpp"
#include "common/pace/budget.hpp"
#include "common/pace/circuit.hpp"
#include "common/pace/pace.hpp"

namespace fleet::cli {
namespace {

using model::CircuitState;
using model::PaceSource;

constexpr base::Millis kTenSeconds{10'000};
constexpr base::Millis kMinute{60'000};
/// Turns of a pace follow each other: only longer waits are worth a word.
constexpr base::Millis kWorthTelling{1'000};
constexpr std::size_t kDateLength = 10;
constexpr std::size_t kClockLength = 8;

std::string with_decimals(double value, int decimals) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    return text.data();
}

base::WallTime shown(base::StoreTime at) {
    return base::WallTime{at.time_since_epoch()};
}

/// The smallest call there is, so that a budget's limit tells only when nothing is left of it.
constexpr model::CallEstimate kSmallestCall{
    .input_tokens = 1, .output_tokens = 0, .cost_micros = 1};

std::optional<ProviderWait> wait_of(const model::Provider& present, const pace::Moment& moment) {
    model::Provider copy = present;
    const std::array wanted{kSmallestCall};
    const pace::Grant answer = pace::grant(copy, wanted, 1, moment);
    if (!answer.hold) {
        return std::nullopt;
    }
    const model::Hold& hold = *answer.hold;
    if (hold.reason == model::HoldReason::pace && hold.wait < kWorthTelling) {
        return std::nullopt;
    }
    const bool waits_for_probes = hold.reason == model::HoldReason::circuit &&
                                  present.circuit.state == CircuitState::half_open;
    const bool is_known = hold.reason != model::HoldReason::person && !waits_for_probes;
    ProviderWait wait{.reason = hold.reason, .until = std::nullopt, .text = hold.text};
    if (is_known) {
        wait.until = moment.store_now() + hold.wait;
    }
    return wait;
}

std::string calls_per_second(double rate) {
    return rate_text(rate) + " calls/s";
}

/// How a pace that was cut stands to the one at which that happened.
std::string since_the_cut(const model::Pace& pace) {
    constexpr double kNearRest = 0.965;
    const double rate = pace.requests.rate;
    if (rate < pace.ceiling * kNearRest) {
        return "coming back to it, now " + rate_text(rate);
    }
    return rate <= pace.ceiling ? "resting at " + rate_text(rate)
                                : "trying more, now " + rate_text(rate);
}

std::string learned_reason(const model::Pace& pace, base::StoreTime now) {
    if (pace.ceiling <= 0) {
        return "learned: not refused so far; grows while at least half of it is used, now " +
               rate_text(pace.requests.rate);
    }
    return "learned: last refused at " + clock_text(pace.cut_at, now) + " at " +
           calls_per_second(pace.ceiling) + "; " + since_the_cut(pace);
}

/// Of a limit that is known, from a person or from headers.
std::string known_reason(const model::Pace& pace, const std::string& whose, base::StoreTime now) {
    constexpr double kNearLimit = 0.999;
    const std::string margin = std::to_string(std::lround(pace::kMargin * 100)) + " %";
    std::string text =
        whose + " " + calls_per_second(pace.limit / (1 - pace::kMargin)) + ", less " + margin;
    if (pace.ceiling > 0 && pace.requests.rate < pace.limit * kNearLimit) {
        text += "; slowed at " + clock_text(pace.cut_at, now) + " at " +
                calls_per_second(pace.ceiling) + " (others use the limit too, or it is lower); " +
                since_the_cut(pace);
    }
    return text;
}

}  // namespace

std::string clock_text(base::WallTime at, base::WallTime now) {
    const std::string text = base::iso8601(at);
    const std::string clock = text.substr(kDateLength + 1, kClockLength);
    const bool is_today = base::iso8601(now).starts_with(text.substr(0, kDateLength));
    return is_today ? clock : text.substr(0, kDateLength) + " " + clock;
}

std::string clock_text(base::StoreTime at, base::StoreTime now) {
    return clock_text(shown(at), shown(now));
}

std::string minute_text(base::WallTime at, base::WallTime now) {
    constexpr std::size_t kSeconds = 3;  // ":11"
    std::string clock = clock_text(at, now);
    clock.resize(clock.size() - kSeconds);
    return clock;
}

std::string percent_text(double share) {
    return with_decimals(share * 100, 1) + " %";
}

std::string refused_text(const pace::Counts& counts) {
    return counts.calls == 0 ? "-" : percent_text(counts.refused_share());
}

std::string rate_text(double per_second) {
    if (per_second >= 100) {
        return with_commas(std::llround(per_second));
    }
    return with_decimals(per_second, per_second < 1 ? 2 : 1);
}

std::string cost_text(std::int64_t micros) {
    constexpr double kUnit = 1e6;
    constexpr std::size_t kSurplus = 4;  // digits behind the second
    const double value = static_cast<double>(micros) / kUnit;
    if (std::abs(value) >= 1) {
        return with_decimals(value, 2);
    }
    std::string text = with_decimals(value, 6);
    const std::size_t least = text.size() - kSurplus;
    text.resize(std::max(least, text.find_last_not_of('0') + 1));
    return text;
}

ProviderRow provider_row(const model::Provider& stored, const pace::Moment& moment) {
    ProviderRow row;
    row.provider = stored;
    row.moment = moment;
    const base::StoreTime now = moment.store_now();
    model::Provider& present = row.provider;
    pace::advance_circuit(present.circuit, now);
    if (present.circuit.state != stored.circuit.state) {
        present.circuit.since = stored.circuit.until.value_or(now);
    }
    const model::BudgetLimits& limits = present.rules.budget;
    pace::advance_day(present.budget, limits, moment.wall);
    row.ten_seconds = pace::counts_of(present.density, now, kTenSeconds);
    row.minute = pace::counts_of(present.density, now, kMinute);
    row.left_of_day = pace::left_of_day(limits, moment.wall);
    row.resets_at = moment.wall + row.left_of_day;
    row.wait = wait_of(present, moment);
    return row;
}

std::string circuit_text(const ProviderRow& row) {
    const model::Circuit& circuit = row.provider.circuit;
    switch (circuit.state) {
        case CircuitState::closed:
            return "closed";
        case CircuitState::half_open:
            return "half-open, " + std::to_string(circuit.succeeded) + " of " +
                   std::to_string(row.provider.rules.circuit.probes) + " probes";
        case CircuitState::open:
            break;
    }
    return circuit.until ? "open until " + clock_text(*circuit.until, row.moment.store_now())
                         : "open until a person closes it";
}

Colour circuit_colour(const ProviderRow& row) {
    switch (row.provider.circuit.state) {
        case CircuitState::closed:
            return Colour::plain;
        case CircuitState::half_open:
            return Colour::yellow;
        case CircuitState::open:
            break;
    }
    return Colour::red;
}

std::string pace_reason(const ProviderRow& row) {
    const model::Pace& pace = row.provider.pace;
    const base::StoreTime now = row.moment.store_now();
    switch (pace.source) {
        case PaceSource::unlimited:
            return "unlimited: calls are not spaced; circuit and budget hold";
        case PaceSource::configured:
            return known_reason(pace, "configured:", now);
        case PaceSource::headers:
            return known_reason(pace, "headers: the provider states", now);
        case PaceSource::learned:
            break;
    }
    return learned_reason(pace, now);
}

std::optional<double> refused_share(std::span<const model::Provider> providers,
                                    base::StoreTime now) {
    pace::Counts lately;
    std::int64_t of_minute = 0;
    for (const model::Provider& provider : providers) {
        const pace::Counts counts = pace::counts_of(provider.density, now, kTenSeconds);
        lately.calls += counts.calls;
        lately.refused += counts.refused;
        of_minute += pace::counts_of(provider.density, now, kMinute).calls;
    }
    if (of_minute == 0) {
        return std::nullopt;
    }
    return lately.refused_share();
}

std::string wait_note(std::span<const model::Provider> providers, const pace::Moment& moment) {
    std::string note;
    for (const model::Provider& provider : providers) {
        const ProviderRow row = provider_row(provider, moment);
        if (!row.wait || row.wait->reason == model::HoldReason::pace) {
            continue;
        }
        note +=
            (note.empty() ? "waiting for " : ", ") + provider.rules.name + ": " + row.wait->text;
    }
    return note.empty() ? note : note + "; `fleet providers` tells more";
}

}  // namespace fleet::cli
