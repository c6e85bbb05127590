// One provider of a simulation: the model that answers, and the fleet's own row before it, through
// which every call goes. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/pace/provider_row.hpp"
#include "scaler/provider_view.hpp"
#include "scaler/simulate/report.hpp"
#include "scaler/simulate/scenario.hpp"

namespace fleet::simulate {

class SimProvider {
  public:
    /// `scenario` must outlive it.
    SimProvider(const ProviderScenario& scenario, const pace::Moment& start);

    /// So many permits, or why fewer.
    [[nodiscard]] pace::Grant grant(std::size_t wanted, const pace::Moment& moment);
    /// The call of that permit begins; what `settle` wants to know of it.
    [[nodiscard]] std::string begin(const model::Permit& permit, const pace::Moment& moment);
    /// The call arrives: what its answer will be. `service`: how long an answer takes.
    [[nodiscard]] model::CallOutcome call(Micros service, const pace::Moment& moment);
    void settle(const pace::Settlement& settlement, const pace::Moment& moment, double jitter);
    /// The holder of the permit has died; `spent_day`: of a call that had begun.
    void lose(const model::Permit& permit, bool is_begun, const std::string& spent_day,
              const pace::Moment& moment);

    void call_of_others(const pace::Moment& moment);
    void set_limit(double limit, const pace::Moment& moment);

    [[nodiscard]] scaler::ProviderView view(const pace::Moment& moment) const;
    /// Once a second; `waits`: work waits for this provider alone. Seconds that begin and end so
    /// count for the goodput.
    [[nodiscard]] ProviderMoment second(bool waits, const pace::Moment& moment);
    [[nodiscard]] ProviderReport report() const;
    /// More calls began in a day than its budget allows.
    [[nodiscard]] bool has_passed_budget() const;

  private:
    [[nodiscard]] Micros since_start(const pace::Moment& moment) const;
    [[nodiscard]] bool is_out(Micros time) const;
    [[nodiscard]] bool is_steady(const pace::Moment& moment) const;

    const ProviderScenario& scenario_;
    PaceTime start_;
    ProviderModel model_;
    model::Provider row_;
    std::int64_t next_permit_ = 1;
    std::optional<Micros> first_call_;
    std::string day_;  ///< of the budget, as it is counted here beside the row
    std::int64_t day_calls_ = 0;
    ProviderReport report_;
    ProviderReport at_last_second_;
    std::int64_t others_given_ = 0;
    std::int64_t others_at_last_second_ = 0;
    bool waited_ = false;  ///< at the last second
    double possible_ = 0;
    double got_ = 0;
};

}  // namespace fleet::simulate
