// What a mock provider has seen and done since it started or was reset; GET /mock/stats. No key of
// a caller is in it. Not thread-safe.
//
//   {since_reset_ms, offered, given, completed, rate_limited, refused: {REASON: count},
//    tokens: {input, output}, in_flight: {now, maximum}, connections: {now, total},
//    background: {offered, given}, models: {NAME: {offered, given, rate_limited, input_tokens,
//    output_tokens}}, series: {offered: [], given: [], rate_limited: []}}
//
// `offered` are calls to the two endpoints, `given` those that the limits let pass and that get an
// answer (also when a fault spoils it), counted when that is decided; `completed` those of `given`
// whose last byte was sent. offered = given + sum of refused. REASON is "limit:NAME",
// "fault:NAME", "in_flight", "unauthorized", "unknown_model" or "bad_request". `rate_limited` are
// answers with status 429. A series has one number for each second since the reset. The background
// load is in none of the others.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/base/json.hpp"
#include "tests/support/mock_provider/time.hpp"

namespace fleet::mock_provider {

class Statistics {
  public:
    /// A series has at most so many seconds (a day); later calls are counted in the last.
    static constexpr std::size_t kMaximumSeconds = 86'400;
    /// So many models have counts of their own; later ones are counted as "(others)".
    static constexpr std::size_t kMaximumModels = 1'000;

    explicit Statistics(Instant now) : since_(now) {}

    void offered(const std::string& model, Instant now);
    void given(const std::string& model, std::int64_t input_tokens, std::int64_t output_tokens,
               Instant now);
    void refused(const std::string& model, const std::string& reason, bool rate_limited,
                 Instant now);
    void background(bool given);
    void flight_begins();
    void flight_ends(bool completed);
    void connection_opens();
    void connection_closes();
    [[nodiscard]] std::int64_t in_flight() const { return in_flight_; }

    /// Calls in flight and open connections stay counted: they are there.
    void reset(Instant now);
    [[nodiscard]] base::Json json(Instant now) const;

  private:
    struct Counts {
        std::int64_t offered = 0;
        std::int64_t given = 0;
        std::int64_t rate_limited = 0;
        std::int64_t input_tokens = 0;
        std::int64_t output_tokens = 0;
    };
    Counts& of_model(const std::string& model);
    Counts& of_second(Instant now);

    Instant since_;
    Counts all_{};
    std::int64_t completed_ = 0;
    std::map<std::string, std::int64_t> refused_{};
    std::map<std::string, Counts> models_{};
    std::vector<Counts> seconds_{};
    std::int64_t in_flight_ = 0;
    std::int64_t in_flight_maximum_ = 0;
    std::int64_t connections_ = 0;
    std::int64_t connections_total_ = 0;
    std::int64_t background_offered_ = 0;
    std::int64_t background_given_ = 0;
};

}  // namespace fleet::mock_provider
