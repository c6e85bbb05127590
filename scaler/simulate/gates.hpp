// How the workers of a simulation come to their calls, as their gates do it: the waiting slots of a
// worker ask together; a turn of the pace is waited for in place, who would have to wait long is
// sent away. Not thread-safe.
#pragma once

#include <cstddef>
#include <vector>

#include "scaler/simulate/crew.hpp"
#include "scaler/simulate/sim_provider.hpp"
#include "scaler/simulate/timeline.hpp"

namespace fleet::simulate {

/// A slot whose task is not to be worked on for a while.
struct SentAway {
    int slot = 0;
    base::Millis wait{0};
};

class Gates {
  public:
    /// All must outlive it.
    Gates(const Scenario& scenario, Timeline& timeline, Crew& crew);

    /// The slot's task calls that provider.
    void queue_up(int slot, std::size_t provider);
    /// What::ask. Those who shall not wait here.
    [[nodiscard]] std::vector<SentAway> ask(int worker, std::size_t provider);
    /// What::send.
    void send(int number, Micros service);
    /// What::answer: the row has it settled.
    [[nodiscard]] model::CallOutcome answer(int number);
    /// Its worker has died.
    void lose(int number);
    void forget_waiting(const CrewWorker& worker);

    [[nodiscard]] std::vector<SimProvider>& providers() { return providers_; }
    [[nodiscard]] const std::vector<SimProvider>& providers() const { return providers_; }
    /// Slots that wait for a turn.
    [[nodiscard]] std::int64_t waiting(std::size_t provider) const { return waiting_[provider]; }

    /// What the providers can take now, as the scaler would say; to be called once a second.
    /// `prior` stands for a latency that is not known yet.
    [[nodiscard]] std::vector<Budgets::OfProvider> budgets(base::Millis prior);

  private:
    [[nodiscard]] SimProvider& provider_of(const Slot& slot);
    void ask_later(int worker, std::size_t provider, Micros when);
    [[nodiscard]] std::vector<SentAway> hold(int worker, std::size_t provider,
                                             const model::Hold& hold);

    const Scenario& scenario_;
    Timeline& timeline_;
    Crew& crew_;
    std::vector<SimProvider> providers_;
    std::vector<std::int64_t> waiting_;
    std::vector<scaler::KnownLatency> latencies_;
};

}  // namespace fleet::simulate
