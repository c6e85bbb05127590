#include "tests/support/mock_provider/draws.hpp"

#include <algorithm>
#include <cmath>

namespace fleet::mock_provider {
namespace {

bool listed(const std::vector<std::string>& list, const std::string& name) {
    return list.empty() || std::ranges::find(list, name) != list.end();
}

bool concerns(const Fault& fault, const Call& call) {
    return listed(fault.models, call.model) && listed(fault.keys, call.key) &&
           (!fault.contains || call.user_text.find(*fault.contains) != std::string::npos);
}

double milliseconds_of(const LatencyRule& rule, std::mt19937_64& random) {
    switch (rule.kind) {
        case LatencyKind::constant:
            return rule.milliseconds;
        case LatencyKind::uniform:
            return std::uniform_real_distribution(rule.milliseconds,
                                                  rule.maximum_ms.value_or(0))(random);
        case LatencyKind::exponential:
            return rule.milliseconds == 0
                       ? 0
                       : std::exponential_distribution(1 / rule.milliseconds)(random);
        case LatencyKind::lognormal:
            return rule.milliseconds == 0 ? 0
                                          : std::lognormal_distribution(std::log(rule.milliseconds),
                                                                        rule.sigma)(random);
    }
    return 0;
}

/// Nobody waits longer, whatever a distribution with a long tail gives.
constexpr double kLongestMs = 86'400'000;

}  // namespace

std::optional<Fault> Draws::strike(const std::vector<Fault>& faults, const Call& call,
                                   bool spoils_an_answer) {
    for (const Fault& fault : faults) {
        if (fault.spoils_an_answer() != spoils_an_answer || !concerns(fault, call)) {
            continue;
        }
        if (fault.next) {
            std::int64_t& used = used_[fault.name];
            if (used < *fault.next) {
                ++used;
                return fault;
            }
        } else if (std::uniform_real_distribution(0.0, 1.0)(faults_) < fault.probability) {
            return fault;
        }
    }
    return std::nullopt;
}

void Draws::count_anew(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        used_.erase(name);
    }
}

Nanos Draws::latency(const LatencyRule& rule, std::int64_t output_tokens) {
    const double most = std::min(rule.maximum_ms.value_or(kLongestMs), kLongestMs);
    const double milliseconds = std::min(milliseconds_of(rule, latencies_), most);
    const auto answer =
        std::chrono::duration_cast<Nanos>(std::chrono::duration<double, std::milli>(milliseconds));
    const std::chrono::duration<double, std::micro> tokens(
        static_cast<double>(rule.per_output_token.count()) * static_cast<double>(output_tokens));
    const std::chrono::duration<double, std::milli> longest(kLongestMs);
    return answer + std::chrono::duration_cast<Nanos>(
                        std::min<std::chrono::duration<double, std::milli>>(tokens, longest));
}

}  // namespace fleet::mock_provider
