#include "worker/fleet_gate.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "common/base/errors.hpp"
#include "common/base/ids.hpp"
#include "common/base/random_share.hpp"
#include "common/pace/patience.hpp"

namespace fleet::worker {
namespace {

using agents::ProviderWait;
using model::Hold;
using model::HoldReason;

/// A store that is busy or away is asked again after this.
constexpr base::Millis kStorePause{500};

}  // namespace

// --- A permit
// -------------------------------------------------------------------------------------------------

class FleetGate::Permit final : public agents::CallPermit {
  public:
    Permit(FleetGate& gate, const agents::CallPlan& plan, const Waiter& waiter)
        : gate_(gate), provider_(plan.provider), phase_(plan.phase), waiter_(waiter) {}

    ~Permit() override {
        if (!is_begun_) {
            if (gate_.is_alive(waiter_)) {
                gate_.give_back(provider_, std::span(&*waiter_.permit, 1));
            }
        } else if (!is_reported_) {
            report({});
        }
    }

    void begin() override {
        if (!gate_.is_alive(waiter_)) {
            throw ProviderWait(provider_, base::Millis{0}, "its turn passed before it could begin");
        }
        if (waiter_.permit->id != 0 && !gate_.ports_.usage.begin(provider_, *waiter_.permit)) {
            throw ProviderWait(provider_, base::Millis{0},
                               "what it held of the budget was free again before it could begin");
        }
        is_begun_ = true;
    }

    void report(const model::CallOutcome& outcome) override {
        is_reported_ = true;
        gate_.report({provider_, phase_, *waiter_.permit, outcome});
    }

  private:
    FleetGate& gate_;
    const std::string provider_;
    const std::string phase_;
    const Waiter waiter_;
    bool is_begun_ = false;
    bool is_reported_ = false;
};

// --- The gate
// -------------------------------------------------------------------------------------------------

FleetGate::FleetGate(Ports ports)
    : ports_(std::move(ports)),
      reporter_([this](const std::stop_token& stop) { write_reports(stop); }) {}

FleetGate::~FleetGate() = default;

FleetGate::Lane& FleetGate::lane_of(const std::string& provider) {
    const std::scoped_lock lock(mutex_);
    auto& lane = lanes_[provider];
    if (!lane) {
        lane = std::make_unique<Lane>();
    }
    return *lane;
}

std::unique_ptr<agents::CallPermit> FleetGate::enter(const agents::CallPlan& plan,
                                                     const std::stop_token& stop) {
    Lane& lane = lane_of(plan.provider);
    Waiter waiter;
    waiter.estimate = plan.estimate;
    for (;;) {
        waiter.permit.reset();
        wait_for_permit(lane, plan.provider, waiter, stop);
        if (waiter.refused) {
            throw ProviderWait(plan.provider,
                               pace::absence_of(*waiter.refused, base::random_share()),
                               waiter.refused->text);
        }
        if (waiter.permit && wait_for_turn(waiter, stop)) {
            return std::make_unique<Permit>(*this, plan, waiter);
        }
        if (waiter.permit && is_alive(waiter)) {
            give_back(plan.provider, std::span(&*waiter.permit, 1));
        }
        if (stop.stop_requested()) {
            throw base::Cancelled("waiting for " + plan.provider + ": stopped");
        }
    }
}

void FleetGate::wait_for_permit(Lane& lane, const std::string& provider, Waiter& waiter,
                                const std::stop_token& stop) {
    std::unique_lock lock(lane.mutex);
    lane.waiting.push_back(&waiter);
    const auto is_answered = [&] { return waiter.permit || waiter.refused; };
    try {
        while (!is_answered() && !stop.stop_requested()) {
            const base::BootTime now = ports_.clock.boot_now();
            if (lane.is_asking) {
                lane.changed.wait(lock, stop, [&] { return is_answered() || !lane.is_asking; });
            } else if (now >= lane.ask_at) {
                ask(lane, provider, lock);
            } else {
                lane.changed.wait_for(lock, stop, lane.ask_at - now,
                                      [&] { return is_answered() || lane.is_asking; });
            }
        }
    } catch (...) {
        lane.waiting.remove(&waiter);
        throw;
    }
    lane.waiting.remove(&waiter);
}

void FleetGate::ask(Lane& lane, const std::string& provider, std::unique_lock<std::mutex>& lock) {
    contracts::PermitRequest request{
        base::random_positive_int64() / 2, provider, ports_.worker_id, {}};
    std::vector<Waiter*> asked;
    for (Waiter* const waiter : lane.waiting) {
        if (asked.size() == contracts::kMaxPermits) {
            break;
        }
        asked.push_back(waiter);
        request.wanted.push_back(waiter->estimate);
    }
    lane.is_asking = true;
    lock.unlock();
    const base::BootTime asked_at = ports_.clock.boot_now();
    contracts::PermitAnswer answer;
    std::exception_ptr failure;
    try {
        answer = ports_.usage.reserve(request);
    } catch (const base::StoreError& error) {
        ports_.log.warn("a provider's row could not be asked for permits",
                        {{"provider", provider}, {"reason", error.what()}});
        answer.hold = Hold{HoldReason::pace, kStorePause, "the store did not answer"};
    } catch (...) {
        failure = std::current_exception();
    }
    lock.lock();
    const auto unused = hand_out(lane, answer, asked, asked_at);
    lane.is_asking = false;
    lane.changed.notify_all();
    if (failure) {
        std::rethrow_exception(failure);
    }
    if (!unused.empty()) {
        lock.unlock();
        give_back(provider, unused);
        lock.lock();
    }
}

std::vector<model::Permit> FleetGate::hand_out(Lane& lane, const contracts::PermitAnswer& answer,
                                               const std::vector<Waiter*>& asked,
                                               base::BootTime asked_at) {
    std::size_t next = 0;
    for (Waiter* const waiter : asked) {
        // Who was stopped meanwhile has left the list.
        const auto place = std::find(lane.waiting.begin(), lane.waiting.end(), waiter);
        if (place != lane.waiting.end() && next < answer.permits.size()) {
            waiter->permit = answer.permits[next++];
            waiter->asked_at = asked_at;
            lane.waiting.erase(place);
        }
    }
    if (answer.hold && pace::is_worth_waiting(*answer.hold)) {
        lane.ask_at = ports_.clock.boot_now() + answer.hold->wait;
    } else if (answer.hold) {
        for (Waiter* const waiter : lane.waiting) {
            waiter->refused = answer.hold;
        }
        // Whoever comes asks again: circuits are closed and budgets raised by people.
        lane.ask_at = {};
    }
    return {answer.permits.begin() + static_cast<std::ptrdiff_t>(next), answer.permits.end()};
}

bool FleetGate::is_alive(const Waiter& waiter) const {
    return ports_.clock.boot_now() < waiter.asked_at + model::kPermitLife;
}

bool FleetGate::wait_for_turn(const Waiter& waiter, const std::stop_token& stop) const {
    const base::BootTime turn = waiter.asked_at + waiter.permit->usable_in;
    std::mutex mutex;
    std::condition_variable_any nobody;
    std::unique_lock lock(mutex);
    for (auto now = ports_.clock.boot_now(); now < turn && !stop.stop_requested();
         now = ports_.clock.boot_now()) {
        nobody.wait_for(lock, stop, turn - now, [] { return false; });
    }
    return !stop.stop_requested() && is_alive(waiter);
}

void FleetGate::give_back(const std::string& provider,
                          std::span<const model::Permit> permits) noexcept {
    try {
        ports_.usage.give_back(provider, permits);
    } catch (const std::exception& error) {
        // They evaporate: turns are lost, a budget's share comes back when it has run out.
        ports_.log.debug("permits could not be given back",
                         {{"provider", provider}, {"reason", error.what()}});
    }
}

void FleetGate::report(contracts::CallReport one) {
    const std::scoped_lock lock(reports_mutex_);
    reports_.push_back(std::move(one));
    reports_came_.notify_one();
}

void FleetGate::write_reports(const std::stop_token& stop) {
    std::unique_lock lock(reports_mutex_);
    for (;;) {
        reports_came_.wait(lock, stop, [this] { return !reports_.empty(); });
        if (reports_.empty()) {
            return;
        }
        std::vector<contracts::CallReport> batch;
        batch.swap(reports_);
        lock.unlock();
        write_batch(batch);
        lock.lock();
    }
}

void FleetGate::write_batch(const std::vector<contracts::CallReport>& batch) noexcept {
    try {
        ports_.usage.report(batch);
    } catch (const std::exception& error) {
        // Begun calls stay charged as reserved; only the learning misses them.
        ports_.log.warn("the outcome of calls could not be recorded",
                        {{"calls", std::to_string(batch.size())},
                         {"provider", batch.front().provider},
                         {"reason", error.what()}});
    }
}

}  // namespace fleet::worker
