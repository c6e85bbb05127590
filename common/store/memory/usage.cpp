#include <memory>

#include "common/store/memory/backends.hpp"
#include "common/store/memory/providers.hpp"

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

    void configure(std::span<const model::ProviderRules> rules) override {
        Transaction transaction(state_, Access::write);
        configure_providers(transaction, rules);
    }
    std::vector<model::Provider> providers() override {
        const Transaction transaction(state_, Access::read);
        std::vector<model::Provider> all;
        for (const auto& [name, provider] : state_.providers) {
            all.push_back(provider);
        }
        return all;
    }
    contracts::PermitAnswer reserve(const contracts::PermitRequest& request) override {
        Transaction transaction(state_, Access::write);
        return reserve_permits(transaction, request);
    }
    bool begin(const std::string& provider, const model::Permit& permit) override {
        Transaction transaction(state_, Access::write);
        return begin_call(transaction, provider, permit);
    }
    void give_back(const std::string& provider, std::span<const model::Permit> permits) override {
        Transaction transaction(state_, Access::write);
        give_back_permits(transaction, provider, permits);
    }
    void report(std::span<const contracts::CallReport> reports) override {
        Transaction transaction(state_, Access::write);
        report_calls(transaction, reports);
    }
    bool set_circuit(const std::string& provider, model::CircuitState state,
                     const std::string& reason) override {
        Transaction transaction(state_, Access::write);
        return set_provider_circuit(transaction, provider, state, reason);
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
