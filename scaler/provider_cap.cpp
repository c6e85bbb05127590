#include "scaler/provider_cap.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>

#include "common/contracts/stage_order.hpp"
#include "scaler/share.hpp"

namespace fleet::scaler {
namespace {

/// More slots than any fleet has; keeps sums inside an int.
constexpr std::int64_t kMostSlots = 1'000'000;

int bounded(std::int64_t count) {
    return static_cast<int>(std::clamp<std::int64_t>(count, 0, kMostSlots));
}

/// At most two digits behind the point.
std::string short_number(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", number);
    std::string result = text;
    result.erase(result.find_last_not_of('0') + 1);
    return result.back() == '.' ? result.substr(0, result.size() - 1) : result;
}

std::string slots_text(int count) {
    return std::to_string(count) + (count == 1 ? " slot" : " slots");
}

ProviderCap closed_door(const ProviderView& provider, const model::Hold& hold) {
    const std::string until = " for another " + base::human_duration(hold.wait);
    switch (hold.reason) {
        case model::HoldReason::person:
            return {0, Clamp::circuit, provider.name + ": " + hold.text};
        case model::HoldReason::budget:
            return {0, Clamp::budget, provider.name + ": " + hold.text + until};
        case model::HoldReason::circuit:
            return {std::max(1, provider.probes), Clamp::circuit,
                    provider.name + ": " + hold.text + "; " +
                        slots_text(std::max(1, provider.probes)) + " for its probes"};
        case model::HoldReason::retry_after:
        case model::HoldReason::pace:
            break;
    }
    return {1, Clamp::retry_after, provider.name + ": " + hold.text + until};
}

/// What stands for a provider's latency before its first answer: what its stages' attempts took.
base::Millis latency_prior(const Observation& observation, const std::vector<base::Millis>& priors,
                           const std::string& provider) {
    double sum = 0;
    double samples = 0;
    base::Millis prior{0};
    for (std::size_t index = 0; index < observation.pools.size(); ++index) {
        const PoolView& pool = observation.pools[index];
        for (const model::StagePressure& stage : pool.pressure.stages) {
            const std::string* const need = pool.provider_of(stage.stage);
            if (need == nullptr || *need != provider) {
                continue;
            }
            prior = std::max(prior, priors[index]);
            if (stage.service_mean && stage.service_samples > 0) {
                const auto weight = static_cast<double>(stage.service_samples);
                sum += static_cast<double>(stage.service_mean->count()) * weight;
                samples += weight;
            }
        }
    }
    return samples > 0 ? base::Millis{std::llround(sum / samples)} : prior;
}

std::map<std::string, int> work_by_provider(const PoolView& pool) {
    std::map<std::string, int> result;
    for (const StageWork& stage : stage_work(pool)) {
        if (stage.provider != nullptr) {
            result[*stage.provider] += stage.work();
        }
    }
    return result;
}

}  // namespace

std::optional<ProviderCap> provider_cap(const ProviderView& provider, base::Millis latency_prior) {
    if (provider.hold && (provider.hold->reason != model::HoldReason::retry_after ||
                          provider.hold->wait > kShortPause)) {
        return closed_door(provider, *provider.hold);
    }
    std::optional<ProviderCap> cap;
    if (provider.calls_per_second) {
        const base::Millis latency =
            provider.latency.count() > 0 ? provider.latency : latency_prior;
        const double seconds = std::chrono::duration<double>(latency).count();
        const double law = *provider.calls_per_second * seconds * (1 + kProviderHeadroom);
        // What is whole but for the last bit of the product is not rounded up.
        const auto slots = static_cast<std::int64_t>(
            std::ceil(std::min(law, static_cast<double>(kMostSlots)) - 1e-6));
        cap = ProviderCap{std::max(1, bounded(slots)), Clamp::pace, {}};
        cap->why = provider.name + " takes " + short_number(*provider.calls_per_second) +
                   " calls a second, of " + base::human_duration(latency) +
                   (provider.latency.count() > 0 ? "" : " (not measured yet)") +
                   " each: " + slots_text(cap->slots) + " with 20 % to spare keep it busy";
    }
    if (provider.calls_left && (!cap || *provider.calls_left < cap->slots)) {
        const int left = bounded(*provider.calls_left);
        cap = ProviderCap{left, Clamp::budget,
                          provider.name + ": the day's budget pays for about " +
                              std::to_string(left) + " more calls"};
    }
    return cap;
}

std::vector<StageWork> stage_work(const PoolView& pool) {
    std::vector<contracts::StageBuffer> buffers;
    std::vector<model::StagePolicy> marks;
    // The pressure has the later stages first; the marks only need their order.
    int rank = static_cast<int>(pool.pressure.stages.size());
    for (const model::StagePressure& stage : pool.pressure.stages) {
        buffers.push_back({stage.stage, rank, stage.counts.pending});
        const auto policy = std::ranges::find(pool.stages, stage.stage, &model::StagePolicy::stage);
        if (policy != pool.stages.end()) {
            marks.push_back(*policy);
            marks.back().rank = rank;
        }
        --rank;
    }
    const contracts::StageOrder order = contracts::stage_order(std::move(buffers), marks);
    std::vector<StageWork> result;
    for (const model::StagePressure& stage : pool.pressure.stages) {
        StageWork work;
        work.stage = stage.stage;
        work.ready = pool.pressure.paused ? 0 : bounded(stage.ready);
        work.running = bounded(stage.counts.running);
        work.is_blocked = std::ranges::find(order.stages, stage.stage) == order.stages.end();
        work.provider = pool.provider_of(stage.stage);
        result.push_back(std::move(work));
    }
    return result;
}

std::vector<std::vector<PoolCap>> divide_caps(const Observation& observation,
                                              const std::vector<base::Millis>& priors) {
    std::vector<std::vector<PoolCap>> result(observation.pools.size());
    std::vector<std::map<std::string, int>> works;
    for (const PoolView& pool : observation.pools) {
        works.push_back(work_by_provider(pool));
    }
    for (const ProviderView& provider : observation.providers) {
        const auto cap = provider_cap(provider, latency_prior(observation, priors, provider.name));
        if (!cap) {
            continue;
        }
        // The first slots go around, so that a small pool is not starved by a large one.
        int left = cap->slots;
        std::vector<int> first;
        std::vector<HostShare> shares;
        std::vector<std::size_t> indexes;
        for (std::size_t index = 0; index < works.size(); ++index) {
            const auto found = works[index].find(provider.name);
            if (found != works[index].end()) {
                first.push_back(std::min({1, left, found->second}));
                left -= first.back();
                shares.push_back({observation.pools[index].pressure.pool,
                                  static_cast<double>(found->second), 0,
                                  found->second - first.back()});
                indexes.push_back(index);
            }
        }
        const std::vector<int> divided = share_out(provider.name, left, shares);
        for (std::size_t next = 0; next < shares.size(); ++next) {
            PoolCap part{provider.name, shares[next].limit + first[next],
                         divided[next] + first[next], cap->clamp, cap->why};
            const bool shared = shares.size() > 1 && part.slots < std::min(part.work, cap->slots);
            part.why += shared ? ", " + std::to_string(part.slots) + " of them for this pool" : "";
            result[indexes[next]].push_back(std::move(part));
        }
    }
    return result;
}

}  // namespace fleet::scaler
