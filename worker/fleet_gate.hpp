// The gate of a worker in a fleet: its agents' calls pass through the providers' shared rows.
//
// Of each provider one thread at a time asks the store, for all that wait; what is granted is for
// a moment a little ahead, so that many workers' calls follow each other evenly. Who would have to
// wait for long is sent away (ProviderWait), so that its slot can do something else.
//
// Thread-safe. Must outlive its permits.
#pragma once

#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/logging.hpp"
#include "common/contracts/usage.hpp"
#include "machines/agents/provider_gate.hpp"

namespace fleet::worker {

class FleetGate final : public agents::ProviderGate {
  public:
    struct Ports {
        contracts::UsageBackend& usage;
        const base::Clock& clock;
        base::Log& log;
        std::string worker_id;
    };
    explicit FleetGate(Ports ports);
    FleetGate(const FleetGate&) = delete;
    FleetGate& operator=(const FleetGate&) = delete;
    ~FleetGate() override;

    /// A store that does not answer is waited for.
    [[nodiscard]] std::unique_ptr<agents::CallPermit> enter(const agents::CallPlan& plan,
                                                            const std::stop_token& stop) override;

  private:
    class Permit;
    /// One call that waits for its turn.
    struct Waiter {
        model::CallEstimate estimate;
        std::optional<model::Permit> permit;
        base::BootTime asked_at{};  ///< before the request that brought the permit
        std::optional<model::Hold> refused;
    };
    /// What this worker knows of one provider.
    struct Lane {
        std::mutex mutex;  ///< guards all below
        std::condition_variable_any changed;
        std::list<Waiter*> waiting;  ///< without a permit, in the order of their coming
        bool is_asking = false;
        base::BootTime ask_at{};  ///< not worth asking before
    };

    [[nodiscard]] Lane& lane_of(const std::string& provider);
    /// With the lane's lock held: asks for all that wait, the lock released meanwhile.
    void ask(Lane& lane, const std::string& provider, std::unique_lock<std::mutex>& lock);
    /// Returns permits that nobody waits for any more.
    [[nodiscard]] std::vector<model::Permit> hand_out(Lane& lane,
                                                      const contracts::PermitAnswer& answer,
                                                      const std::vector<Waiter*>& asked,
                                                      base::BootTime asked_at);
    /// Until there is a permit, a refusal or a stop.
    void wait_for_permit(Lane& lane, const std::string& provider, Waiter& waiter,
                         const std::stop_token& stop);
    [[nodiscard]] bool wait_for_turn(const Waiter& waiter, const std::stop_token& stop) const;
    [[nodiscard]] bool is_alive(const Waiter& waiter) const;
    void give_back(const std::string& provider, std::span<const model::Permit> permits) noexcept;
    void report(contracts::CallReport one);
    /// The reporting thread: writes what has come together, until stopped and nothing is left.
    void write_reports(const std::stop_token& stop);
    void write_batch(const std::vector<contracts::CallReport>& batch) noexcept;

    const Ports ports_;
    std::mutex mutex_;  ///< guards the map, not what is in it
    std::map<std::string, std::unique_ptr<Lane>> lanes_;
    std::mutex reports_mutex_;  ///< guards reports_
    std::condition_variable_any reports_came_;
    std::vector<contracts::CallReport> reports_;
    std::jthread reporter_;  // last: it uses all the others
};

}  // namespace fleet::worker
