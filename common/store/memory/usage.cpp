#include <memory>

#include "common/store/memory/backends.hpp"

namespace fleet::store::memory {
namespace {

constexpr std::size_t kDayLength = 10;  // "2026-11-21"

std::string today(const State& state) {
    return base::iso8601(state.clock.wall_now()).substr(0, kDayLength);
}

class Usage final : public contracts::UsageBackend {
  public:
    explicit Usage(State& state) : state_(state) {}

    void record(std::span<const model::UsageRecord> usage) override {
        const Transaction transaction(state_, Access::write);
        for (const model::UsageRecord& record : usage) {
            add_usage(state_, record);
        }
    }

    std::vector<model::UsageRecord> daily(const std::string& day) override {
        const Transaction transaction(state_, Access::read);
        const std::string wanted = day.empty() ? today(state_) : day;
        std::vector<model::UsageRecord> sums;
        for (const auto& [key, sum] : state_.usage) {
            if (sum.day == wanted) {
                sums.push_back(sum);
            }
        }
        return sums;
    }

  private:
    State& state_;
};

}  // namespace

void add_usage(State& state, const model::UsageRecord& usage) {
    const std::string day = usage.day.empty() ? today(state) : usage.day;
    model::UsageRecord& sum = state.usage[{day, usage.provider, usage.phase}];
    sum.day = day;
    sum.provider = usage.provider;
    sum.phase = usage.phase;
    sum.requests += usage.requests;
    sum.input_tokens += usage.input_tokens;
    sum.output_tokens += usage.output_tokens;
    sum.cost_micros += usage.cost_micros;
}

std::unique_ptr<contracts::UsageBackend> make_usage(State& state) {
    return std::make_unique<Usage>(state);
}

}  // namespace fleet::store::memory
