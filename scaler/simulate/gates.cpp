#include "scaler/simulate/gates.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/contracts/usage.hpp"
#include "common/pace/patience.hpp"
#include "scaler/provider_cap.hpp"

namespace fleet::simulate {
namespace {

constexpr Micros kNetworkTime{20'000};

}  // namespace

Gates::Gates(const Scenario& scenario, Timeline& timeline, Crew& crew)
    : scenario_(scenario),
      timeline_(timeline),
      crew_(crew),
      waiting_(scenario.providers.size(), 0),
      latencies_(scenario.providers.size()) {
    for (const ProviderScenario& provider : scenario.providers) {
        providers_.emplace_back(provider, timeline.moment());
    }
}

SimProvider& Gates::provider_of(const Slot& slot) {
    return providers_[*scenario_.stages[static_cast<std::size_t>(slot.task.stage)].provider];
}

void Gates::queue_up(int slot, std::size_t provider) {
    const int worker = crew_.slot(slot).worker;
    crew_.worker(worker).lanes[provider].waiting.push_back(slot);
    ++waiting_[provider];
    ask_later(worker, provider, timeline_.now());
}

void Gates::ask_later(int worker, std::size_t provider, Micros when) {
    Lane& lane = crew_.worker(worker).lanes[provider];
    if (!lane.is_asking) {
        lane.is_asking = true;
        timeline_.at(std::max(when, lane.ask_at) + timeline_.store_time(), What::ask, worker,
                     static_cast<std::int64_t>(provider));
    }
}

std::vector<SentAway> Gates::ask(int worker, std::size_t provider) {
    if (crew_.worker(worker).is_dead || crew_.worker(worker).is_gone) {
        return {};
    }
    Lane& lane = crew_.worker(worker).lanes[provider];
    lane.is_asking = false;
    const std::size_t wanted = std::min(lane.waiting.size(), contracts::kMaxPermits);
    if (wanted == 0) {
        return {};
    }
    const pace::Grant grant = providers_[provider].grant(wanted, timeline_.moment());
    for (const model::Permit& permit : grant.permits) {
        const int slot = lane.waiting.front();
        lane.waiting.pop_front();
        --waiting_[provider];
        crew_.slot(slot).permit = permit;
        timeline_.at(timeline_.now() + permit.usable_in + kNetworkTime, What::send, slot);
    }
    if (grant.hold) {
        return hold(worker, provider, *grant.hold);
    }
    if (!lane.waiting.empty()) {
        ask_later(worker, provider, timeline_.now());
    }
    return {};
}

std::vector<SentAway> Gates::hold(int worker, std::size_t provider, const model::Hold& hold) {
    Lane& lane = crew_.worker(worker).lanes[provider];
    std::vector<SentAway> away;
    if (pace::is_worth_waiting(hold)) {
        lane.ask_at = timeline_.now() + hold.wait;
        ask_later(worker, provider, lane.ask_at);
        return away;
    }
    for (const int slot : std::exchange(lane.waiting, {})) {
        --waiting_[provider];
        away.push_back({slot, pace::absence_of(hold, timeline_.share())});
    }
    return away;
}

void Gates::send(int number, Micros service) {
    Slot& slot = crew_.slot(number);
    SimProvider& provider = provider_of(slot);
    slot.spent_day = provider.begin(*slot.permit, timeline_.moment());
    slot.is_begun = true;
    slot.outcome = provider.call(service, timeline_.moment());
    timeline_.at(timeline_.now() + slot.outcome.latency, What::answer, number);
}

model::CallOutcome Gates::answer(int number) {
    Slot& slot = crew_.slot(number);
    model::CallOutcome outcome = std::exchange(slot.outcome, {});
    provider_of(slot).settle({*slot.permit, slot.spent_day, outcome}, timeline_.moment(),
                             timeline_.share());
    return outcome;
}

void Gates::lose(int number) {
    const Slot& slot = crew_.slot(number);
    if (slot.permit) {
        provider_of(slot).lose(*slot.permit, slot.is_begun, slot.spent_day, timeline_.moment());
    }
}

void Gates::forget_waiting(const CrewWorker& worker) {
    for (std::size_t provider = 0; provider < providers_.size(); ++provider) {
        waiting_[provider] -= std::ssize(worker.lanes[provider].waiting);
    }
}

std::vector<Budgets::OfProvider> Gates::budgets(base::Millis prior) {
    std::vector<Budgets::OfProvider> all;
    for (std::size_t provider = 0; provider < providers_.size(); ++provider) {
        scaler::ProviderView view = providers_[provider].view(timeline_.moment());
        scaler::keep_latency(view, latencies_[provider]);
        const auto cap = scaler::provider_cap(view, prior);
        all.push_back({view.calls_per_second.value_or(HUGE_VAL),
                       cap ? std::optional(cap->slots) : std::nullopt});
    }
    return all;
}

}  // namespace fleet::simulate
