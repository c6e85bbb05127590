#include "common/pace/density.hpp"

#include <algorithm>

namespace fleet::pace {
namespace {

using model::Density;
using model::DensitySlot;

std::int64_t index_of(base::StoreTime now) {
    return base::count_ms(now) / DensitySlot::kLength.count();
}

DensitySlot& slot_of(Density& density, base::StoreTime now) {
    const std::int64_t index = index_of(now);
    DensitySlot& slot = density[static_cast<std::size_t>(index) % density.size()];
    if (slot.index != index) {
        slot = {};
        slot.index = index;
    }
    return slot;
}

double share_of(std::int64_t part, std::int64_t all) {
    return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

}  // namespace

double Counts::refused_share() const {
    return share_of(refused, calls);
}

double Counts::bad_share() const {
    return share_of(refused + errors, calls);
}

base::Millis Counts::mean_latency() const {
    const std::int64_t answered = calls - refused - errors;
    return answered <= 0 ? base::Millis{0} : latency / answered;
}

void count_granted(Density& density, base::StoreTime now, std::int64_t calls) {
    slot_of(density, now).granted += calls;
}

void count_outcome(Density& density, base::StoreTime now, const model::CallOutcome& outcome) {
    DensitySlot& slot = slot_of(density, now);
    if (outcome.end == model::CallEnd::abandoned) {
        return;  // nobody knows what it was
    }
    slot.calls += 1;
    if (was_rate_limited(outcome) || model::needs_person(outcome.rate_limit.refusal)) {
        slot.refused += 1;
    } else if (outcome.end == model::CallEnd::server_error ||
               outcome.end == model::CallEnd::timed_out ||
               outcome.end == model::CallEnd::unreachable) {
        slot.errors += 1;
    } else {
        slot.latency += outcome.latency;
    }
}

Counts counts_of(const Density& density, base::StoreTime now, base::Millis span) {
    const std::int64_t newest = index_of(now);
    const std::int64_t oldest = newest - span / DensitySlot::kLength;
    Counts sum;
    for (const DensitySlot& slot : density) {
        if (slot.index >= oldest && slot.index <= newest) {
            sum.granted += slot.granted;
            sum.calls += slot.calls;
            sum.refused += slot.refused;
            sum.errors += slot.errors;
            sum.latency += slot.latency;
            const base::StoreTime begin{slot.index * DensitySlot::kLength};
            sum.covered = std::max(sum.covered, now - begin);
        }
    }
    return sum;
}

bool was_rate_limited(const model::CallOutcome& outcome) {
    return outcome.end == model::CallEnd::refused &&
           model::is_rate_limit(outcome.rate_limit.refusal);
}

}  // namespace fleet::pace
