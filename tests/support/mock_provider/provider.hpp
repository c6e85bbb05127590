// The mock provider without its sockets: what it replies to one HTTP request. It reads the time
// from its clock and keeps everything that changes: limits, faults, counts, the scenario itself.
// Thread-safe.
//
// Besides the two endpoints (see call.hpp) it has
//   POST /mock/configure   a JSON patch of the scenario (see scenario.hpp); 200 {} or 400
//   GET  /mock/stats       see statistics.hpp
//   POST /mock/reset       {"counts": true, "limits": false, "timeline": false}, all optional: the
//                          counts begin at nothing, the limits as if nobody had called, the
//                          timeline from its beginning
//
// In what order a call is judged: form (400), key (401), model (404), faults that stand for an
// answer, calls in flight (503, 529), limits (429), faults that spoil the answer.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/json.hpp"
#include "tests/support/mock_provider/draws.hpp"
#include "tests/support/mock_provider/limiter.hpp"
#include "tests/support/mock_provider/live_scenario.hpp"
#include "tests/support/mock_provider/reply.hpp"
#include "tests/support/mock_provider/statistics.hpp"
#include "tests/support/mock_provider/turn.hpp"

namespace fleet::mock_provider {

class Provider;

/// A call that is being answered. It is in flight as long as this lives; the provider must live
/// longer.
class Flight {
  public:
    explicit Flight(Provider& provider) : provider_(&provider) {}
    Flight(Flight&& other) noexcept
        : provider_(std::exchange(other.provider_, nullptr)),
          given_(other.given_),
          completes_(other.completes_) {}
    Flight& operator=(Flight&& other) noexcept;
    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;
    ~Flight() { end(); }

    /// The call was given an answer: it counts as completed once all of it was sent.
    void given() { given_ = true; }
    /// All of the answer was sent.
    void sent() { completes_ = given_; }

  private:
    void end();

    Provider* provider_;
    bool given_ = false;
    bool completes_ = false;
};

struct Request {
    std::string method{};
    std::string target{};
    std::string key{};  ///< of "Authorization: Bearer KEY" or "x-api-key: KEY"
    std::string body{};
    bool keep_alive = true;
    bool too_large = false;  ///< the body was not read: 413
};

struct Answering {
    Reply reply{};
    std::optional<Flight> flight{};  ///< of a call; none for the mock's own paths
};

class Provider {
  public:
    /// The background load catches up with at most so many calls at once; more are left out.
    static constexpr std::int64_t kMaximumCatchUp = 1'000'000;

    /// Throws ConfigError. `time` must live as long.
    Provider(base::Json scenario, const std::string& where, const ProviderTime& time);

    [[nodiscard]] Answering answer(const Request& request);
    /// Lets the background load and the timeline go on while nobody calls; call it now and then.
    void tick();
    void connection_opens();
    void connection_closes();

  private:
    friend class Flight;
    struct Verdict {
        std::optional<Fault> fault{};  ///< that struck
        int status = 200;
        std::string reason{};   ///< of a refusal, see Statistics
        std::string message{};  ///< of a refusal; empty: the usual one of its status
        Admission admission{};
        Nanos latency{};
        std::uint64_t number = 0;
    };

    void flight_ends(bool completed);
    void advance(Instant now);
    void run_background(Instant until);
    void apply_scenario(const base::Json& patch, Instant now);
    Verdict judge(const Turn& turn, const Answer& answer);
    void refuse_early(const Turn& turn, Verdict& verdict) const;
    Reply control(const Request& request, Instant now);
    Reply answer_call(const Request& request, Endpoint endpoint, Instant now, Flight& flight);
    Reply refuse_form(const Request& request, Endpoint endpoint, Instant now, int status,
                      const std::string& message);
    std::string configure(const base::Json& patch, Instant now);
    std::string reset(const base::Json& options, Instant now);

    const ProviderTime& time_;
    std::mutex mutex_;  ///< guards everything below
    LiveScenario live_;
    Limiter limiter_{};
    Draws draws_;
    Statistics statistics_;
    Instant background_next_{};  ///< when the background load calls next
    std::optional<BackgroundRule> background_{};
    std::uint64_t calls_ = 0;
};

}  // namespace fleet::mock_provider
