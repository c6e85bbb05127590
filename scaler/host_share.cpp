#include "scaler/host_share.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>
#include <vector>

#include "scaler/share.hpp"

namespace fleet::scaler {
namespace {

struct Gate {
    Clamp clamp = Clamp::none;
    std::string why;
    bool hard = false;
};

std::string percent(double share) {
    return std::to_string(static_cast<int>(std::lround(share * 100))) + " %";
}

/// Why the host offers no more capacity, if it does not.
Gate gate_of(const HostView& host, const Policy& policy) {
    if (host.memory_used && *host.memory_used > policy.gate) {
        return {Clamp::memory,
                percent(*host.memory_used) + " of the memory of " + host.id + " is used",
                *host.memory_used > policy.hard_gate};
    }
    if (host.descriptors_used && *host.descriptors_used > policy.gate) {
        return {Clamp::descriptors,
                percent(*host.descriptors_used) + " of the file descriptors of " + host.id +
                    " are used",
                *host.descriptors_used > policy.hard_gate};
    }
    if (host.cpu_pressure && *host.cpu_pressure > policy.gate) {
        return {Clamp::pressure,
                "the processors of " + host.id + " are under " + percent(*host.cpu_pressure) +
                    " pressure",
                false};
    }
    return {};
}

/// Why the host takes no more of this pool's workers, as each scaler sees its own and the others.
std::optional<HostHold> hold_of(const HostView& host, const std::string& own_host,
                                const PoolView& pool) {
    if (host.id == own_host) {
        return pool.launch_hold.empty() ? std::nullopt
                                        : std::optional(HostHold{pool.launch_hold, 0});
    }
    const auto known = host.holds.find(pool.pressure.pool);
    return known == host.holds.end() ? std::nullopt : std::optional(known->second);
}

/// Active workers and starting seats.
std::unordered_map<std::string, int> workers_by_host(const PoolView& pool) {
    std::unordered_map<std::string, int> count;
    for (const WorkerView& worker : pool.workers) {
        count[worker.host] += worker.status == model::WorkerStatus::active ? 1 : 0;
    }
    for (const StartingSeat& seat : pool.starting) {
        ++count[seat.host];
    }
    return count;
}

}  // namespace

int own_share(Target& target, const Observation& observation, const PoolView& pool,
              const PoolRules& rules, const Policy& policy, const Supply& supply) {
    const std::unordered_map<std::string, int> present = workers_by_host(pool);
    std::vector<HostShare> shares;
    Gate gate;
    int on_fresh = 0;
    std::size_t own = 0;
    for (const HostView& host : observation.hosts) {
        if (!host.fresh && host.id != observation.own_host) {
            continue;
        }
        const auto there = present.find(host.id);
        HostShare share{host.id, host.weight, there == present.end() ? 0 : there->second,
                        target.number};
        Gate closed = gate_of(host, policy);
        int tried = 0;
        if (const auto hold = hold_of(host, observation.own_host, pool)) {
            closed = {Clamp::launch_hold, hold->why, true};
            tried = hold->room;
        }
        if (closed.clamp != Clamp::none) {
            // A pool's least is let through, and its first worker, or nothing would ever run.
            const int least = std::max(1, rules.min_workers) - supply.workers();
            share.limit = share.current + (closed.hard ? tried : std::max(0, least));
            if (closed.clamp == Clamp::pressure) {
                // Pressure says that tasks wait for a processor, also when they are others' or this
                // fleet's first few: one slot a core is the pool's in any case.
                const int slots = std::max(1, rules.slots_per_worker);
                share.limit = std::max(share.limit, (host.cores + slots - 1) / slots);
            }
            gate = closed;
        }
        own = host.id == observation.own_host ? shares.size() : own;
        on_fresh += share.current;
        shares.push_back(std::move(share));
    }
    const int elsewhere = supply.workers() - on_fresh;
    const std::vector<int> result =
        share_out(pool.pressure.pool, std::max(0, target.number - elsewhere), shares);
    int taken = elsewhere;
    for (const int share : result) {
        taken += share;
    }
    const std::string count =
        std::to_string(shares.size()) + (shares.size() == 1 ? " host" : " hosts");
    target.at_most(taken, gate.clamp == Clamp::none ? Clamp::hosts : gate.clamp,
                   gate.why.empty() ? count + " with room, by weight" : gate.why);
    return result.empty() ? 0 : result[own];
}

}  // namespace fleet::scaler
