#include "scaler/simulate/pace_run.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <queue>
#include <random>

#include "common/pace/provider_row.hpp"

namespace fleet::simulate {
namespace {

constexpr Micros kStoreTime{1'000};  // asking for a permit
constexpr Micros kNetworkTime{20'000};
constexpr base::Millis kRefusalTime{40};
constexpr base::Millis kFirstBackoff{1'000};
constexpr base::Millis kLongestBackoff{60'000};

/// A slot asks for a turn, sends its call, and has its answer.
enum class What { ask, arrive, answer, other_client, change };

struct Event {
    PaceTime at;
    std::int64_t order = 0;  ///< ties are in the order of their making
    What what = What::ask;
    int slot = 0;
    bool operator>(const Event& other) const {
        return at != other.at ? at > other.at : order > other.order;
    }
};

struct Slot {
    model::Permit permit;
    Answer answer;
    int backoffs = 0;
};

class PaceRun {
  public:
    explicit PaceRun(const PaceScenario& scenario)
        : scenario_(scenario),
          random_(scenario.seed),
          provider_(scenario.provider, kStart),
          slots_(static_cast<std::size_t>(scenario.workers * scenario.slots)),
          row_(pace::new_provider(scenario.rules, moment(kStart))) {}

    PaceReport run() {
        for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
            at(kStart + spread(1'000'000), What::ask, static_cast<int>(slot));
        }
        if (scenario_.others > 0) {
            at(kStart, What::other_client, 0);
        }
        for (std::size_t change = 0; change < scenario_.changes.size(); ++change) {
            at(kStart + scenario_.changes[change].at, What::change, static_cast<int>(change));
        }
        const PaceTime end = kStart + scenario_.length;
        const PaceTime begin = kStart + scenario_.warm_up;
        last_ = begin;
        while (!events_.empty() && events_.top().at < end) {
            const Event event = events_.top();
            events_.pop();
            now_ = event.at;
            is_counted_ = now_ >= begin;
            handle(event);
        }
        now_ = end;
        count_possible();
        return report_;
    }

  private:
    static constexpr PaceTime kStart{std::chrono::hours(1)};

    static pace::Moment moment(PaceTime now) {
        return {now, base::WallTime{std::chrono::floor<base::Millis>(now.time_since_epoch())}};
    }
    Micros spread(std::int64_t most_us) {
        return Micros{std::uniform_int_distribution<std::int64_t>(0, most_us)(random_)};
    }
    void at(PaceTime time, What what, int slot) { events_.push({time, ++order_, what, slot}); }

    void handle(const Event& event) {
        switch (event.what) {
            case What::ask:
                ask(event.slot);
                break;
            case What::arrive:
                arrive(event.slot);
                break;
            case What::answer:
                answer(event.slot);
                break;
            case What::other_client:
                call_of_others();
                break;
            case What::change:
                count_possible();
                provider_.set_limit(scenario_.changes[static_cast<std::size_t>(event.slot)].limit,
                                    now_);
                break;
        }
    }

    void ask(int number) {
        report_.asked += 1;
        if (scenario_.client == Client::backoff) {
            at(now_ + kNetworkTime, What::arrive, number);
            return;
        }
        const std::array<model::CallEstimate, 1> wanted{};
        const pace::Grant grant = pace::grant(row_, wanted, 1, moment(now_));
        if (grant.permits.empty()) {
            const Micros wait = grant.hold->wait;
            at(now_ + kStoreTime + wait + spread(wait.count() / 8), What::ask, number);
            return;
        }
        Slot& slot = slots_[static_cast<std::size_t>(number)];
        slot.permit = grant.permits.front();
        at(now_ + std::max(kStoreTime, slot.permit.usable_in) + kNetworkTime, What::arrive, number);
    }

    void arrive(int number) {
        Slot& slot = slots_[static_cast<std::size_t>(number)];
        slot.answer = provider_.call(now_);
        if (is_counted_) {
            report_.offered += 1;
            report_.given += slot.answer.given ? 1 : 0;
        }
        Micros latency = kNetworkTime;
        if (slot.answer.given) {
            const double mean = std::chrono::duration<double>(scenario_.latency).count();
            std::exponential_distribution<double> tail(2 / mean);
            latency += Micros{std::llround((mean / 2 + tail(random_)) * 1e6)};
        }
        at(now_ + latency, What::answer, number);
    }

    void answer(int number) {
        Slot& slot = slots_[static_cast<std::size_t>(number)];
        if (scenario_.client == Client::backoff) {
            at(now_ + backoff_of(slot), What::ask, number);
            return;
        }
        model::CallOutcome outcome;
        outcome.end = slot.answer.given ? model::CallEnd::answered : model::CallEnd::refused;
        outcome.rate_limit = slot.answer.stated;
        outcome.latency = slot.answer.given ? scenario_.latency : kRefusalTime;
        const auto before = row_.circuit.state;
        const double jitter = std::uniform_real_distribution<double>(0, 1)(random_);
        pace::settle(row_, {slot.permit, "", outcome}, moment(now_), jitter);
        if (before != row_.circuit.state && row_.circuit.state == model::CircuitState::open) {
            report_.circuit_openings += 1;
        }
        at(now_, What::ask, number);
    }

    Micros backoff_of(Slot& slot) {
        if (slot.answer.given) {
            slot.backoffs = 0;
            return Micros{0};
        }
        if (slot.answer.stated.retry_after) {
            return *slot.answer.stated.retry_after + spread(100'000);
        }
        const Micros longest =
            std::min<Micros>(kLongestBackoff, kFirstBackoff * (1 << std::min(slot.backoffs, 6)));
        slot.backoffs += 1;
        return spread(longest.count());
    }

    void call_of_others() {
        const bool given = provider_.call(now_).given;
        if (is_counted_ && given) {
            report_.possible -= 1;
        }
        std::exponential_distribution<double> gap(scenario_.others);
        at(now_ + Micros{std::llround(gap(random_) * 1e6)}, What::other_client, 0);
    }

    void count_possible() {
        if (now_ > last_) {
            report_.possible +=
                std::chrono::duration<double>(now_ - last_).count() * provider_.rate();
            last_ = now_;
        }
    }

    PaceScenario scenario_;
    std::mt19937_64 random_;
    ProviderModel provider_;
    std::vector<Slot> slots_;
    model::Provider row_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::int64_t order_ = 0;
    PaceTime now_{kStart};
    PaceTime last_{kStart};
    bool is_counted_ = false;
    PaceReport report_;
};

}  // namespace

PaceReport run_pace(const PaceScenario& scenario) {
    return PaceRun(scenario).run();
}

}  // namespace fleet::simulate
