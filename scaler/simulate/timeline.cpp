#include "scaler/simulate/timeline.hpp"

namespace fleet::simulate {

void schedule(const Scenario& scenario, Timeline& timeline) {
    int number = 0;
    for (const HostScenario& host : scenario.hosts) {
        timeline.at(host.joins, What::join, number);
        if (host.leaves) {
            timeline.at(*host.leaves, What::leave, number);
        }
        if (host.dies) {
            timeline.at(*host.dies, What::die, number);
        }
        ++number;
    }
    number = 0;
    for (const ProviderScenario& provider : scenario.providers) {
        std::int64_t which = 0;
        for (const LimitChange& change : provider.changes) {
            timeline.at(change.at, What::change, number, which++);
        }
        if (provider.others > 0) {
            timeline.at(Micros{0}, What::others, number);
        }
        ++number;
    }
}

}  // namespace fleet::simulate
