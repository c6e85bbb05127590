#include "scaler/simulate/host_scalers.hpp"

namespace fleet::simulate {

HostScalers::HostScalers(const Scenario& scenario)
    : scenario_(scenario), all_(scenario.hosts.size()) {
    for (std::size_t host = 0; host < all_.size(); ++host) {
        all_[host].policy.pools.push_back(rules_on(scenario, scenario.hosts[host]));
        all_[host].latencies.resize(scenario.providers.size());
    }
}

void HostScalers::join(int host) {
    one(host).is_running = true;
    one(host).is_known = true;
}

void HostScalers::stop(int host) {
    one(host).is_running = false;
}

void HostScalers::forget(int host) {
    one(host).is_known = false;
}

const scaler::PoolRules& HostScalers::rules(int host) const {
    return one(host).policy.pools.front();
}

std::vector<scaler::HostView> HostScalers::hosts() const {
    std::vector<scaler::HostView> views;
    for (std::size_t host = 0; host < all_.size(); ++host) {
        if (all_[host].is_known) {
            scaler::HostView view;
            view.id = scenario_.hosts[host].id;
            view.cores = scenario_.hosts[host].cores;
            view.weight = view.cores;
            views.push_back(std::move(view));
        }
    }
    return views;
}

scaler::PoolPlan HostScalers::decide(int host, scaler::Observation& shared, base::Millis now) {
    One& self = one(host);
    shared.own_host = scenario_.hosts[static_cast<std::size_t>(host)].id;
    scaler::PoolView& pool = shared.pools.front();
    for (const auto& [at, workers] : self.wanted) {
        pool.history.push_back({now - at, workers});
    }
    const std::vector<scaler::ProviderView> measured = shared.providers;
    for (std::size_t provider = 0; provider < measured.size(); ++provider) {
        scaler::keep_latency(shared.providers[provider], self.latencies[provider]);
    }
    scaler::PoolPlan plan = std::move(scaler::decide(shared, self.policy).pools.front());
    pool.history.clear();
    shared.providers = measured;
    if (self.wanted.empty()) {
        // Just begun: what runs now was wanted by somebody.
        self.wanted.emplace_back(now, plan.workers);
    }
    self.wanted.emplace_back(now, plan.wanted_workers);
    while (self.wanted.front().first < now - rules(host).stabilization) {
        self.wanted.pop_front();
    }
    return plan;
}

}  // namespace fleet::simulate
