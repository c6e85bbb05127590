// The virtual clock of a simulation, what is still to happen, and the chance in it. Deterministic
// by its seed. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <vector>

#include "common/pace/provider_row.hpp"
#include "scaler/simulate/scenario.hpp"

namespace fleet::simulate {

enum class What {
    look,     ///< number: a group of hosts
    second,   ///< once in each
    arrival,  ///< items come
    ready,    ///< number: a worker
    ask,      ///< number: a worker, other: a provider
    send,     ///< number: a slot
    answer,   ///< number: a slot
    end,      ///< number: a slot
    due,      ///< number: a stage, other: an item
    others,   ///< number: a provider
    change,   ///< number: a provider, other: which of its changes
    join,     ///< number: a host
    leave,    ///< number: a host
    die,      ///< number: a host
    expire,   ///< number: a host
};

struct Event {
    Micros at{0};
    std::int64_t order = 0;  ///< ties are in the order of their making
    What what = What::look;
    int number = 0;
    std::int64_t other = 0;
    bool operator>(const Event& event) const {
        return at != event.at ? at > event.at : order > event.order;
    }
};

class Timeline {
  public:
    explicit Timeline(std::uint64_t seed) : random_(seed) {}

    [[nodiscard]] Micros now() const { return now_; }
    [[nodiscard]] base::Millis elapsed() const {
        return std::chrono::duration_cast<base::Millis>(now_);
    }
    /// For the fleet's own pace. Begins with a day, so that budgets' days are those of the file.
    [[nodiscard]] pace::Moment moment() const {
        constexpr PaceTime kStart{std::chrono::hours(24)};
        const PaceTime now = kStart + now_;
        return {now, base::WallTime{std::chrono::floor<base::Millis>(now.time_since_epoch())}};
    }

    void at(Micros time, What what, int number = 0, std::int64_t other = 0) {
        events_.push({time, ++order_, what, number, other});
    }
    [[nodiscard]] bool is_empty() const { return events_.empty(); }
    [[nodiscard]] Micros next() const { return events_.top().at; }
    /// The clock goes on to it.
    [[nodiscard]] Event take() {
        const Event event = events_.top();
        events_.pop();
        now_ = event.at;
        return event;
    }

    /// In [0, 1); the same with every standard library.
    [[nodiscard]] double share() { return static_cast<double>(random_() >> 11U) / 0x1p53; }
    /// How long one request to the store takes.
    [[nodiscard]] Micros store_time() {
        constexpr double kMost = 2'000;
        return Micros{1 + static_cast<std::int64_t>(share() * kMost)};
    }

  private:
    std::mt19937_64 random_;
    Micros now_{0};
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::int64_t order_ = 0;
};

/// What the scenario says will happen to hosts and providers.
void schedule(const Scenario& scenario, Timeline& timeline);

}  // namespace fleet::simulate
