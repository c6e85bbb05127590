// The workers of a simulation and their slots: launched, ready, retiring, dead, gone. Not
// thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "common/model/provider.hpp"
#include "scaler/observation.hpp"
#include "scaler/simulate/backlog.hpp"

namespace fleet::simulate {

/// Has at most one task. No slot is ever used by another worker.
struct Slot {
    int worker = 0;
    bool is_busy = false;
    bool is_queued = false;  ///< in the list of the free ones
    Task task;
    Micros since{0};  ///< the begin of the attempt
    // Of its call:
    std::optional<model::Permit> permit;
    bool is_begun = false;
    std::string spent_day;
    model::CallOutcome outcome;
};

/// The slots of one worker that wait for a provider ask together, as its gate does.
struct Lane {
    std::deque<int> waiting;
    bool is_asking = false;  ///< an event for it is due
    Micros ask_at{0};        ///< not before
};

struct CrewWorker {
    std::string id;
    int host = 0;
    Micros launched{0};
    Micros begins{0};
    bool is_ready = false;  ///< registered: may claim
    bool is_retiring = false;
    bool may_come_back = false;  ///< retires because the fleet shrank
    bool is_dead = false;        ///< nobody has noticed yet
    bool is_gone = false;
    int first_slot = 0;
    int slots = 1;
    int busy = 0;
    std::vector<Lane> lanes;  ///< a provider each
};

/// Workers and slots go by their numbers.
class Crew {
  public:
    explicit Crew(std::size_t providers) : providers_(providers) {}

    /// What a new worker needs to know.
    struct Launch {
        int host = 0;
        int slots = 1;
        Micros at{0};
        Micros begins{0};
    };
    /// Its number.
    [[nodiscard]] int launch(const Launch& launch);
    void make_ready(int number);
    /// A free slot of a worker that may claim; the one that is free for the longest. It stays free.
    [[nodiscard]] std::optional<int> next_free();
    /// The slot is the one that next_free gave.
    void occupy(int number, const Task& task, Micros now);
    void release(int number, Micros now);
    void retire(int number, bool may_come_back, Micros now);
    void call_back(int number);
    /// It stops at once, and keeps its seat until it is removed.
    void kill(int worker) { workers_[index(worker)].is_dead = true; }
    void remove(int number, Micros now);

    [[nodiscard]] Slot& slot(int number) { return slots_[index(number)]; }
    [[nodiscard]] CrewWorker& worker(int number) { return workers_[index(number)]; }
    [[nodiscard]] const CrewWorker& worker(int number) const { return workers_[index(number)]; }
    [[nodiscard]] CrewWorker& worker_of(int slot_number) {
        return worker(slot(slot_number).worker);
    }
    /// Neither dead nor gone: what happens to its slots counts.
    [[nodiscard]] bool is_alive(int slot_number) {
        return !worker_of(slot_number).is_dead && !worker_of(slot_number).is_gone;
    }
    /// That hold a seat.
    [[nodiscard]] const std::vector<int>& present() const { return present_; }
    [[nodiscard]] int seats() const { return static_cast<int>(present_.size()); }
    /// As a scaler sees them.
    void show(scaler::PoolView& pool, const std::vector<HostScenario>& hosts, Micros now) const;
    /// Of all workers that ever were, from launch to end.
    [[nodiscard]] std::chrono::duration<double> time_used(Micros now) const;

  private:
    [[nodiscard]] static std::size_t index(int number) { return static_cast<std::size_t>(number); }
    void offer(int slot_number);

    std::size_t providers_;
    std::vector<CrewWorker> workers_;
    std::vector<Slot> slots_;
    std::vector<int> present_;
    std::deque<int> free_;  ///< with some whose worker is none any more
    Micros used_{0};        ///< by those that are gone
};

}  // namespace fleet::simulate
