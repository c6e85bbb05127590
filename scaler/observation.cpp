#include "scaler/observation.hpp"

#include <algorithm>

namespace fleet::scaler {

const HostView* Observation::host(const std::string& id) const {
    const auto found =
        std::find_if(hosts.begin(), hosts.end(), [&](const HostView& h) { return h.id == id; });
    return found == hosts.end() ? nullptr : &*found;
}

const std::string* PoolView::provider_of(const std::string& stage) const {
    const auto found = std::ranges::find(needs, stage, &StageNeed::stage);
    return found == needs.end() ? nullptr : &found->provider;
}

}  // namespace fleet::scaler
