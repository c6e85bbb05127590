#include "machines/fleet_file/settings_text.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "common/base/time.hpp"

namespace fleet::fleet_file {
namespace {

std::string number(double value) {
    constexpr int kDigits = 10;
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                   std::chars_format::general, kDigits);
    return {text.data(), end.ptr};
}

std::string number(const std::optional<double>& value) {
    return value ? number(*value) : "none";
}

std::string count(const std::optional<std::int64_t>& value) {
    return value ? std::to_string(*value) : "none";
}

std::string span(base::Millis value) {
    return value < base::Millis{0} ? '-' + base::human_duration(-value)
                                   : base::human_duration(value);
}

/// "12.5" for 12,500,000 millionths.
std::string cost(const std::optional<std::int64_t>& micros) {
    constexpr std::int64_t kMicros = 1'000'000;
    constexpr std::size_t kDecimals = 6;
    if (!micros) {
        return "none";
    }
    std::string decimals = std::to_string(*micros % kMicros);
    decimals.insert(0, kDecimals - decimals.size(), '0');
    decimals.erase(decimals.find_last_not_of('0') + 1);
    return std::to_string(*micros / kMicros) + (decimals.empty() ? "" : '.' + decimals);
}

}  // namespace

SettingList settings_of(const model::PoolPolicy& policy) {
    return {
        {"min", std::to_string(policy.min_workers)},
        {"max", policy.max_workers ? std::to_string(*policy.max_workers) : "auto"},
        {"slots", policy.slots_per_worker > 0 ? std::to_string(policy.slots_per_worker) : "auto"},
        {"drain_target", policy.drain_target ? span(*policy.drain_target) : "none"},
        {"max_wait", span(policy.max_wait)},
        {"stabilization", span(policy.stabilization)},
        {"service_prior", span(policy.service_prior)},
    };
}

SettingList settings_of(const model::StagePolicy& stage) {
    return {{"rank", std::to_string(stage.rank)},
            {"low", count(stage.low_water)},
            {"high", count(stage.high_water)},
            {"provider", stage.provider.empty() ? "none" : stage.provider}};
}

SettingList settings_of(const model::ProviderRules& rules) {
    return {
        {"requests_per_second", number(rules.requests_per_second)},
        {"tokens_per_second", number(rules.tokens_per_second)},
        {"burst", rules.burst ? number(*rules.burst) : "auto"},
        {"first_rate", number(rules.first_rate)},
        {"unlimited", rules.unlimited ? "true" : "false"},
        {"circuit.open_at", number(rules.circuit.open_at)},
        {"circuit.min_samples", std::to_string(rules.circuit.min_samples)},
        {"circuit.cooldown", span(rules.circuit.cooldown)},
        {"circuit.longest_cooldown", span(rules.circuit.longest_cooldown)},
        {"circuit.probes", std::to_string(rules.circuit.probes)},
        {"budget.requests", count(rules.budget.requests)},
        {"budget.tokens", count(rules.budget.tokens)},
        {"budget.cost", cost(rules.budget.cost_micros)},
        {"budget.day_begins", span(rules.budget.day_begins)},
        {"burst_before_reset",
         rules.burst_before_reset > base::Millis{0} ? span(rules.burst_before_reset) : "none"},
    };
}

}  // namespace fleet::fleet_file
