#include "common/pace/circuit.hpp"

#include <algorithm>
#include <utility>

#include "common/pace/density.hpp"

namespace fleet::pace {
namespace {

using model::Circuit;
using model::CircuitRules;
using model::CircuitState;

constexpr base::Millis kDensitySpan{10'000};
/// A provider that fails is not harmed by a call a minute, and one that works again is not to stand
/// idle for as long as it was out.
constexpr base::Millis kLongestAfterError{60'000};

void change(Circuit& circuit, CircuitState state, base::StoreTime now) {
    circuit.state = state;
    circuit.epoch += 1;
    circuit.since = now;
    circuit.until.reset();
    circuit.succeeded = 0;
    circuit.probes.clear();
}

/// Of a cooldown. Only a provider that goes on refusing is asked ever more rarely.
base::Millis longest_cooldown(const CircuitRules& rules, const model::CallOutcome& outcome) {
    return was_rate_limited(outcome)
               ? rules.longest_cooldown
               : std::min(rules.longest_cooldown, std::max(rules.cooldown, kLongestAfterError));
}

/// Opens for a while: the provider's own word where it gave one, else a cooldown that doubles.
void trip(Circuit& circuit, const CircuitRules& rules, std::string reason,
          const model::CallOutcome& outcome, base::StoreTime now) {
    change(circuit, CircuitState::open, now);
    circuit.cooldown = circuit.cooldown == base::Millis{0}
                           ? rules.cooldown
                           : std::min(circuit.cooldown * 2, longest_cooldown(rules, outcome));
    const base::Millis stated = outcome.rate_limit.retry_after.value_or(base::Millis{0});
    circuit.until = now + std::max(stated, circuit.cooldown);
    circuit.reason = std::move(reason);
}

bool is_bad(const model::CallOutcome& outcome) {
    return was_rate_limited(outcome) || outcome.end == model::CallEnd::server_error ||
           outcome.end == model::CallEnd::timed_out || outcome.end == model::CallEnd::unreachable;
}

std::string person_text(model::Refusal refusal) {
    return refusal == model::Refusal::billing ? "it answered that there is no money or quota left"
                                              : "it refused the key";
}

}  // namespace

void advance_circuit(Circuit& circuit, base::StoreTime now) {
    if (circuit.state == CircuitState::open && circuit.until && now >= *circuit.until) {
        change(circuit, CircuitState::half_open, now);
    }
    std::erase_if(circuit.probes, [now](base::StoreTime until) { return now >= until; });
}

std::optional<int> free_probes(const Circuit& circuit, const CircuitRules& rules) {
    switch (circuit.state) {
        case CircuitState::closed:
            return std::nullopt;
        case CircuitState::open:
            return 0;
        case CircuitState::half_open:
            break;
    }
    const int wanted = rules.probes - circuit.succeeded;
    return std::max(0, wanted - static_cast<int>(circuit.probes.size()));
}

model::Hold circuit_hold(const Circuit& circuit, base::StoreTime now) {
    if (circuit.state == CircuitState::open && !circuit.until) {
        return {model::HoldReason::person, kProbeLife,
                "circuit open until a person closes it: " + circuit.reason};
    }
    if (circuit.state == CircuitState::open) {
        return {model::HoldReason::circuit, std::max(base::Millis{1}, *circuit.until - now),
                "circuit open: " + circuit.reason};
    }
    return {model::HoldReason::circuit, base::Millis{1'000},
            "circuit half-open, its probes are under way: " + circuit.reason};
}

void take_probe(Circuit& circuit, base::StoreTime now) {
    circuit.probes.push_back(now + kProbeLife);
}

void feed_circuit(Circuit& circuit, const CircuitRules& rules, const model::Density& density,
                  const model::Permit& permit, const model::CallOutcome& outcome,
                  base::StoreTime now) {
    if (permit.circuit_epoch != circuit.epoch) {
        return;
    }
    if (model::needs_person(outcome.rate_limit.refusal)) {
        open_circuit(circuit, person_text(outcome.rate_limit.refusal), now);
        return;
    }
    if (circuit.state == CircuitState::half_open && permit.probe) {
        if (!circuit.probes.empty()) {
            circuit.probes.erase(circuit.probes.begin());
        }
        if (is_bad(outcome)) {
            trip(circuit, rules, "a probe " + std::string(to_text(outcome.end)), outcome, now);
        } else if (outcome.end != model::CallEnd::abandoned &&
                   ++circuit.succeeded >= rules.probes) {
            close_circuit(circuit, now);
        }
        return;
    }
    if (circuit.state != CircuitState::closed) {
        return;
    }
    // What brought it to open before says nothing about now.
    const base::Millis closed_for = now - circuit.since;
    const Counts recent = counts_of(density, now, std::min(kDensitySpan, closed_for));
    if (closed_for >= kDensitySpan && recent.refused + recent.errors == 0) {
        circuit.cooldown = base::Millis{0};
    }
    if (is_bad(outcome) && recent.calls >= rules.min_samples &&
        recent.bad_share() > rules.open_at) {
        trip(circuit, rules,
             std::to_string(recent.refused) + " of " + std::to_string(recent.calls) +
                 " calls were refused and " + std::to_string(recent.errors) + " failed",
             outcome, now);
    }
}

void open_circuit(Circuit& circuit, std::string reason, base::StoreTime now) {
    change(circuit, CircuitState::open, now);
    circuit.reason = std::move(reason);
}

void close_circuit(Circuit& circuit, base::StoreTime now) {
    change(circuit, CircuitState::closed, now);
}

}  // namespace fleet::pace
