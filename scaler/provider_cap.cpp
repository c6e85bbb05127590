#include "scaler/provider_cap.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>

#include "common/contracts/stage_order.hpp"
#include "common/pace/closed.hpp"
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

/// What stands for a provider's latency before its first answers. (Not what its stages' attempts
/// took: waiting for the pace is in that.)
base::Millis latency_prior(const Observation& observation, const std::vector<base::Millis>& priors,
                           const std::string& provider) {
    base::Millis prior{0};
    for (std::size_t index = 0; index < observation.pools.size(); ++index) {
        const bool needed =
            std::ranges::any_of(observation.pools[index].needs,
                                [&](const StageNeed& need) { return need.provider == provider; });
        prior = needed ? std::max(prior, priors[index]) : prior;
    }
    return prior;
}

std::string burst_text(const ProviderView& provider) {
    if (!provider.bursts) {
        return {};
    }
    const int left = bounded(*provider.calls_left);
    return provider.name + ": what the day's budget still pays for (about " + std::to_string(left) +
           (left == 1 ? " call" : " calls") + ") is lost in " +
           base::human_duration(provider.budget->resets_in);
}

struct Work {
    int now = 0;      ///< runs or could run
    int delayed = 0;  ///< has a time still to come
};

std::map<std::string, Work> work_by_provider(const PoolView& pool) {
    std::map<std::string, Work> result;
    for (const StageWork& stage : stage_work(pool)) {
        if (stage.provider != nullptr) {
            Work& work = result[*stage.provider];
            work.now += stage.work();
            work.delayed += stage.delayed;
        }
    }
    return result;
}

/// One provider's slots for the pools that need it; 0 work and 0 slots for the others.
std::vector<PoolCap> divide(const ProviderView& provider, const ProviderCap& cap,
                            const std::vector<std::map<std::string, Work>>& works,
                            const std::vector<std::string>& pools) {
    // The first slots go around, so that a small pool is not starved by a large one.
    int left = cap.slots;
    std::vector<PoolCap> result;
    std::vector<HostShare> shares;
    int sharing = 0;
    for (std::size_t index = 0; index < works.size(); ++index) {
        const auto found = works[index].find(provider.name);
        const Work work = found == works[index].end() ? Work{} : found->second;
        // What an open circuit has sent away waits for its probes, which somebody has to make.
        const int useful = work.now + (cap.clamp == Clamp::circuit ? work.delayed : 0);
        const int first = std::min({1, left, useful});
        left -= first;
        sharing += useful > 0 ? 1 : 0;
        result.push_back(
            {provider.name, work.now, first, cap.clamp, cap.why, burst_text(provider)});
        shares.push_back({pools[index], static_cast<double>(useful), 0, useful - first});
    }
    const std::vector<int> divided = share_out(provider.name, left, shares);
    for (std::size_t index = 0; index < result.size(); ++index) {
        PoolCap& part = result[index];
        part.slots += divided[index];
        if (sharing > 1 && part.slots < std::min(part.work, cap.slots)) {
            part.why += ", " + std::to_string(part.slots) + " of them for this pool";
        }
    }
    return result;
}

}  // namespace

std::optional<ProviderCap> provider_cap(const ProviderView& provider, base::Millis latency_prior) {
    if (provider.hold && (provider.hold->reason != model::HoldReason::retry_after ||
                          provider.hold->wait > pace::kLongPause)) {
        return closed_door(provider, *provider.hold);
    }
    std::optional<ProviderCap> cap;
    if (provider.calls_per_second) {
        const base::Millis latency =
            blended_latency(provider.latency, provider.latency_samples, latency_prior);
        const double seconds = std::chrono::duration<double>(latency).count();
        const double law = *provider.calls_per_second * seconds * (1 + kProviderHeadroom);
        // What is whole but for the last bit of the product is not rounded up.
        const auto slots = static_cast<std::int64_t>(
            std::ceil(std::min(law, static_cast<double>(kMostSlots)) - 1e-6));
        cap = ProviderCap{std::max(1, bounded(slots)), Clamp::pace, {}};
        cap->why = provider.name + " takes " + short_number(*provider.calls_per_second) +
                   " calls a second, of " + base::human_duration(latency) +
                   (provider.latency_samples >= kEnoughSamples ? "" : " (hardly measured yet)") +
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
        work.delayed = pool.pressure.paused ? 0 : bounded(stage.delayed);
        work.is_blocked = std::ranges::find(order.stages, stage.stage) == order.stages.end();
        work.provider = pool.provider_of(stage.stage);
        result.push_back(std::move(work));
    }
    return result;
}

std::vector<std::vector<PoolCap>> divide_caps(const Observation& observation,
                                              const std::vector<base::Millis>& priors) {
    std::vector<std::vector<PoolCap>> result(observation.pools.size());
    std::vector<std::map<std::string, Work>> works;
    std::vector<std::string> names;
    for (const PoolView& pool : observation.pools) {
        works.push_back(work_by_provider(pool));
        names.push_back(pool.pressure.pool);
    }
    for (const ProviderView& provider : observation.providers) {
        const auto cap = provider_cap(provider, latency_prior(observation, priors, provider.name));
        if (!cap) {
            continue;
        }
        std::vector<PoolCap> parts = divide(provider, *cap, works, names);
        for (std::size_t index = 0; index < parts.size(); ++index) {
            if (works[index].contains(provider.name)) {
                result[index].push_back(std::move(parts[index]));
            }
        }
    }
    return result;
}

}  // namespace fleet::scaler
