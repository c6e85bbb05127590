#include "scaler/simulate/recorder.hpp"

#include <algorithm>
#include <utility>

namespace fleet::simulate {
namespace {

/// What is counted between moments goes into the later one.
void add_sums(Moment& later, const Moment& before) {
    later.change += before.change;
    for (std::size_t number = 0; number < before.providers.size(); ++number) {
        later.providers[number].calls += before.providers[number].calls;
        later.providers[number].given += before.providers[number].given;
        later.providers[number].refused += before.providers[number].refused;
    }
}

}  // namespace

void Recorder::note(const scaler::PoolPlan& plan, int started, int seats,
                    const scaler::PoolRules& rules) {
    decided_.workers = plan.workers;
    decided_.planned = plan.planned;
    decided_.wanted_slots = plan.wanted_slots;
    decided_.clamp = plan.clamp;
    decided_.change +=
        started + static_cast<int>(plan.call_back.size()) - static_cast<int>(plan.retire.size());
    maximum_ = rules.max_workers;
    report_.most_workers = std::max(report_.most_workers, seats);
    if (plan.planned > std::max(rules.max_workers, plan.workers)) {
        broken("more workers were planned than the pool's maximum");
    }
    if (seats > rules.max_workers) {
        broken("more workers held a seat than the pool's maximum");
    }
}

void Recorder::add(Moment moment) {
    moment.workers = decided_.workers;
    moment.planned = decided_.planned;
    moment.wanted_slots = decided_.wanted_slots;
    moment.clamp = decided_.clamp;
    moment.change = std::exchange(decided_.change, 0);
    if (moment.change != 0) {
        const int direction = moment.change > 0 ? 1 : -1;
        report_.reversals += direction_ != 0 && direction != direction_ ? 1 : 0;
        direction_ = direction;
    }
    add_sums(moment, open_);
    if (seconds_++ % stride_ != 0) {
        open_ = std::move(moment);
        return;
    }
    open_ = {};
    report_.moments.push_back(std::move(moment));
    if (report_.moments.size() >= kMostMoments) {
        thin_out();
    }
}

void Recorder::thin_out() {
    std::vector<Moment>& all = report_.moments;
    std::vector<Moment> kept;
    for (std::size_t next = 0; next < all.size(); next += 2) {
        if (next > 0) {
            add_sums(all[next], all[next - 1]);
        }
        kept.push_back(std::move(all[next]));
    }
    // What came after the last one that is kept belongs to the next.
    if (all.size() % 2 == 0) {
        open_ = std::move(all.back());
    }
    all = std::move(kept);
    stride_ *= 2;
}

void Recorder::broken(const std::string& promise) {
    if (std::ranges::find(report_.broken, promise) == report_.broken.end()) {
        report_.broken.push_back(promise);
    }
}

Report Recorder::finish() {
    return std::move(report_);
}

}  // namespace fleet::simulate
