// All limits of a provider at once: a call passes when each of them has room for it, and takes from
// all of them or from none. Pure and driven by the time it is given. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/mock_provider/limit_rule.hpp"
#include "tests/support/mock_provider/meter.hpp"

namespace fleet::mock_provider {

/// One call's share of the limits.
struct Demand {
    std::string model;
    std::string key;
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
    std::optional<std::int64_t> max_tokens{};
};

/// What a limit looks like to one caller, for the headers.
struct LimitState {
    LimitRule rule;
    std::int64_t remaining = 0;
    Nanos until_reset{};  ///< until all of it is there again
};

struct Admission {
    /// The limit that refuses; of several the one with the longest wait. Empty: admitted.
    std::string refused_by{};
    Quantity quantity = Quantity::requests;  ///< of that limit
    /// How long until it would pass, if nobody else calls; nullopt when admitted, and when the
    /// call is larger than the limit ever allows.
    std::optional<Nanos> wait{};
    std::vector<LimitState> states{};  ///< after this call, in the rules' order

    [[nodiscard]] bool admitted() const { return refused_by.empty(); }
};

class Limiter {
  public:
    /// So many models and keys have counts of their own; those that come later share one.
    static constexpr std::size_t kMaximumScopes = 10'000;

    /// Rules of known names keep their counts, see Meter::change; the counts of the others go.
    void change(std::vector<LimitRule> rules, Instant now);
    /// Everything is as if nobody had called.
    void refill();

    Admission admit(const Demand& demand, Instant now);
    /// What the limits look like to this caller; takes nothing.
    [[nodiscard]] std::vector<LimitState> look(const Demand& demand, Instant now);
    /// Without the states: for callers that read no headers. True when it passed.
    bool take(const Demand& demand, Instant now);

  private:
    struct Limit {
        LimitRule rule;
        std::map<std::string, Meter> meters{};
    };
    struct Claim {
        Limit* limit;
        Meter* meter;
        std::int64_t count;
    };
    std::vector<Claim> claims_of(const Demand& demand, Instant now);
    static std::vector<LimitState> states_of(const std::vector<Claim>& claims, Instant now);
    static Admission decide(const std::vector<Claim>& claims, Instant now);

    std::vector<Limit> limits_;
};

}  // namespace fleet::mock_provider
