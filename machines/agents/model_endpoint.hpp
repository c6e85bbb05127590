// One model of one provider, ready to be asked: each request passes the provider's gate, and what
// became of it is reported there.
//
// Thread-safe: any number of threads at once.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "common/base/clock.hpp"
#include "common/model/provider_call.hpp"
#include "machines/agents/chat.hpp"
#include "machines/agents/provider_gate.hpp"
#include "machines/agents/provider_settings.hpp"
#include "machines/http/client.hpp"
#include "machines/limits/error_classes.hpp"

namespace fleet::agents {

/// How long an execution waits for a provider that said no without saying for how long.
inline constexpr base::Millis kDefaultWait{1'000};
/// The same where a person has to act first: a key, a bill.
inline constexpr base::Millis kDefaultPersonWait{60'000};

struct EndpointParts {
    std::string provider;  ///< "openai"
    std::string model;     ///< "gpt-4o"
    std::string base_url;
    Family family = Family::openai;
    ProviderSettings settings;
    std::string key;  ///< empty: none is sent
    std::optional<Prices> prices;
    std::string phase;  ///< of CallPlan
};

/// What all endpoints of a worker share. All outlive them.
struct EndpointHost {
    ProviderGate& gate;
    http::Client& client;
    const base::Clock& clock;
    const limits::ErrorClasses& classes;
};

struct ExchangeError {
    std::string code;  ///< of the runtime specification: "server_error", "timeout", ...
    calls::AgentError error;
};

struct Exchange {
    std::optional<ChatReply> reply;  ///< one of the two
    std::optional<ExchangeError> error;
    model::RateLimit rate_limit;
    http::Headers headers;  ///< those that tell of limits and of the request's id
    int status = 0;
};

class ModelEndpoint {
  public:
    ModelEndpoint(EndpointParts parts, EndpointHost host);

    /// Throws ProviderWait when the gate says so, or when the provider has said that the call may
    /// go later as it is, or after a person has acted; base::Cancelled. What else goes wrong is the
    /// exchange's error.
    [[nodiscard]] Exchange ask(const ChatRequest& request, const std::stop_token& stop) const;

    /// "openai/gpt-4o": by which its limits are known.
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const EndpointParts& parts() const { return parts_; }
    [[nodiscard]] const base::Clock& clock() const { return host_.clock; }
    /// "max_tokens", or what this provider calls it.
    [[nodiscard]] std::string_view max_tokens_name() const;
    /// By the provider's own figure, else by its prices; 0 where neither is known.
    [[nodiscard]] double cost_of(const ChatReply& reply) const;

  private:
    struct Judged;

    [[nodiscard]] http::Request http_request(std::string_view body) const;
    [[nodiscard]] model::CallEstimate estimate(std::size_t body_bytes,
                                               const ModelConfig& model) const;
    [[nodiscard]] Judged judge(const http::Failure& failure) const;
    [[nodiscard]] Judged judge(http::Response response, const ModelConfig& model) const;
    [[nodiscard]] Judged judge_refusal(int status, std::string_view text,
                                       const http::Headers& headers) const;
    [[nodiscard]] std::optional<ChatReply> parse(const http::Response& response) const;
    [[nodiscard]] model::RateLimit limits(int status, std::string_view text,
                                          const http::Headers& headers) const;
    [[nodiscard]] std::string error_text(const std::string& what) const;
    [[nodiscard]] std::string excerpt_of(std::string_view text) const;

    EndpointParts parts_;
    EndpointHost host_;
    std::string name_;
    std::string url_;
    std::string shown_url_;
    http::Headers headers_;
};

}  // namespace fleet::agents
