#include "machines/agents/model_endpoint.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <variant>

#include "common/process/utf8.hpp"
#include "machines/agents/api_key.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"
#include "machines/http/url.hpp"
#include "machines/limits/answer_limits.hpp"

namespace fleet::agents {
namespace {

using expression::Value;
using model::CallEnd;
using model::Refusal;

constexpr double kTokensOfAPrice = 1e6;
constexpr double kMicros = 1e6;
constexpr int kGone = 404;
constexpr int kTimeout = 408;
constexpr int kFirstError = 400;
constexpr int kFirstServerError = 500;

/// The parts of headers' names that are worth keeping with a result.
constexpr std::array<std::string_view, 5> kKeptHeaders{"ratelimit", "rate-limit", "retry-after",
                                                       "request-id", "processing-ms"};

http::Headers kept(const http::Headers& headers) {
    http::Headers result;
    for (const auto& [name, value] : headers) {
        std::string lower = name;
        std::ranges::transform(lower, lower.begin(), [](char one) {
            return one >= 'A' && one <= 'Z' ? static_cast<char>(one - 'A' + 'a') : one;
        });
        const bool is_kept = std::ranges::any_of(kKeptHeaders, [&](std::string_view part) {
            return lower.find(part) != std::string::npos;
        });
        if (is_kept) {
            result.emplace_back(std::move(lower), process::to_utf8(value).text);
        }
    }
    return result;
}

bool is_event_stream(std::string_view body) {
    return body.starts_with("data:") || body.starts_with("event:") || body.starts_with(':');
}

std::int64_t micros(double cost) {
    constexpr double kMost = 9e18;
    return static_cast<std::int64_t>(std::ceil(std::clamp(cost * kMicros, 0.0, kMost)));
}

struct ErrorNames {
    std::string_view code;
    std::string_view type;
};

ErrorNames names_of(Refusal refusal, int status) {
    switch (refusal) {
        case Refusal::none:
            return status == kTimeout ? ErrorNames{"timeout", "TimeoutError"}
                   : status < kFirstServerError
                       ? ErrorNames{"invalid_request", "InvalidRequestError"}
                       : ErrorNames{"server_error", "ServerError"};
        case Refusal::too_long:
            return {"context_length", "ContextLengthError"};
        case Refusal::bad_request:
            return status == kGone ? ErrorNames{"model_unavailable", "ModelUnavailableError"}
                                   : ErrorNames{"invalid_request", "InvalidRequestError"};
        case Refusal::billing:
            return {"billing", "BillingError"};
        case Refusal::auth:
            return {"auth_error", "AuthenticationError"};
        default:
            return {"rate_limit", "RateLimitError"};
    }
}

}  // namespace

struct ModelEndpoint::Judged {
    Exchange exchange;
    model::CallOutcome outcome;
    std::string refusal_text;  ///< why the execution has to wait
};

ModelEndpoint::ModelEndpoint(EndpointParts parts, EndpointHost host)
    : parts_(std::move(parts)),
      host_(host),
      name_(parts_.provider.empty() ? parts_.model : parts_.provider + '/' + parts_.model),
      url_(parts_.base_url +
           (parts_.family == Family::anthropic ? "/messages" : "/chat/completions")),
      shown_url_(http::shown_url(url_)),
      headers_(parts_.settings.headers) {
    headers_.emplace_back("Content-Type", "application/json");
    if (parts_.family == Family::anthropic) {
        headers_.emplace_back("anthropic-version", "2023-06-01");
    }
    if (!parts_.key.empty()) {
        if (parts_.family == Family::anthropic) {
            headers_.emplace_back("x-api-key", parts_.key);
        } else {
            headers_.emplace_back("Authorization", "Bearer " + parts_.key);
        }
    }
}

std::string_view ModelEndpoint::max_tokens_name() const {
    return parts_.base_url.starts_with("https://api.openai.com/") ? "max_completion_tokens"
                                                                  : "max_tokens";
}

double ModelEndpoint::cost_of(const ChatReply& reply) const {
    if (reply.cost) {
        return *reply.cost;
    }
    if (!reply.usage || !parts_.prices) {
        return 0;
    }
    const ChatUsage& usage = *reply.usage;
    const Prices& prices = *parts_.prices;
    const auto fresh = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens;
    return (static_cast<double>(std::max<std::int64_t>(fresh, 0)) * prices.input +
            static_cast<double>(usage.output_tokens) * prices.output +
            static_cast<double>(usage.cache_read_tokens) *
                prices.cache_read.value_or(prices.input) +
            static_cast<double>(usage.cache_write_tokens) *
                prices.cache_write.value_or(prices.input)) /
           kTokensOfAPrice;
}

http::Request ModelEndpoint::http_request(std::string_view body) const {
    return {.url = url_,
            .headers = headers_,
            .body = body,
            .connect_timeout = parts_.settings.connect_timeout,
            .timeout = parts_.settings.timeout,
            .max_body_bytes = parts_.settings.max_answer_bytes,
            .ca_file = parts_.settings.ca_file,
            .what = name_};
}

model::CallEstimate ModelEndpoint::estimate(std::size_t body_bytes,
                                            const ModelConfig& model) const {
    constexpr std::size_t kBytesOfAToken = 4;
    model::CallEstimate most;
    most.input_tokens =
        static_cast<std::int64_t>((body_bytes + kBytesOfAToken - 1) / kBytesOfAToken);
    most.output_tokens = model.max_tokens.value_or(kDefaultOutputTokens);
    if (parts_.prices) {
        most.cost_micros =
            micros((static_cast<double>(most.input_tokens) * parts_.prices->input +
                    static_cast<double>(most.output_tokens) * parts_.prices->output) /
                   kTokensOfAPrice);
    }
    return most;
}

std::string ModelEndpoint::error_text(const std::string& what) const {
    return "calling " + name_ + " at " + shown_url_ + ": " + what;
}

std::string ModelEndpoint::excerpt_of(std::string_view text) const {
    constexpr std::size_t kMostBytes = 400;
    // The key goes first: cut in two it would not be found.
    const std::string whole = without_key(std::string(text.substr(0, 4 * kMostBytes)), parts_.key);
    std::string shown = process::to_utf8(process::utf8_prefix(whole, kMostBytes)).text;
    for (char& one : shown) {
        const auto byte = static_cast<unsigned char>(one);
        one = byte < ' ' || byte == 0x7f ? ' ' : one;
    }
    return shown + (whole.size() > kMostBytes ? "..." : "");
}

model::RateLimit ModelEndpoint::limits(int status, std::string_view text,
                                       const http::Headers& headers) const {
    std::vector<limits::HeaderField> fields;
    fields.reserve(headers.size());
    for (const auto& [name, value] : headers) {
        fields.push_back({name, value});
    }
    return limits::limits_of({.provider = name_,
                              .status = status,
                              .headers = fields,
                              .text = text,
                              .received_at = host_.clock.wall_now()},
                             host_.classes);
}

ModelEndpoint::Judged ModelEndpoint::judge(const http::Failure& failure) const {
    using http::Fault;
    Judged judged;
    judged.exchange.status = failure.status;
    judged.outcome.latency = failure.latency;
    ExchangeError error{"server_error", {"ServerError", "", std::nullopt, true}};
    std::string what = failure.reason;
    switch (failure.fault) {
        case Fault::timeout_after_sent:
            judged.outcome.end = CallEnd::timed_out;
            error = {"timeout", {"TimeoutError", "", std::nullopt, true}};
            what = "no whole answer within " + base::human_duration(parts_.settings.timeout);
            break;
        case Fault::too_large:
            judged.outcome.end = CallEnd::server_error;
            error.error.retryable = false;  // it would say the same again
            what = "its answer has more than the " +
                   std::to_string(parts_.settings.max_answer_bytes) + " bytes that it may have";
            break;
        case Fault::closed_early:
        case Fault::not_http:
            judged.outcome.end = CallEnd::server_error;
            break;
        default:
            judged.outcome.end = CallEnd::unreachable;
            error = {"connection", {"ConnectionError", "", std::nullopt, true}};
            break;
    }
    // What never left has used nothing.
    judged.outcome.usage_known = !failure.sent;
    error.error.message = error_text(excerpt_of(what));
    judged.exchange.error = std::move(error);
    return judged;
}

ModelEndpoint::Judged ModelEndpoint::judge_refusal(int status, std::string_view text,
                                                   const http::Headers& headers) const {
    Judged judged;
    judged.exchange.status = status;
    judged.outcome.rate_limit = limits(status, text, headers);
    const Refusal refusal = judged.outcome.rate_limit.refusal;
    judged.outcome.end = refusal != Refusal::none ? CallEnd::refused
                         : status == kTimeout     ? CallEnd::timed_out
                                                  : CallEnd::server_error;
    judged.outcome.usage_known = refusal != Refusal::none;
    const ErrorNames names = names_of(refusal, status);
    std::string message = "status " + std::to_string(status);
    if (refusal != Refusal::none) {
        message += " (" + std::string(model::to_text(refusal)) + ")";
    }
    message += text.empty() ? std::string() : ": " + excerpt_of(text);
    judged.refusal_text = "it answered " + message;
    const bool may_repeat =
        refusal == Refusal::none && (status >= kFirstServerError || status == kTimeout);
    judged.exchange.error =
        ExchangeError{std::string(names.code),
                      {std::string(names.type), error_text(message), status, may_repeat}};
    return judged;
}

std::optional<ChatReply> ModelEndpoint::parse(const http::Response& response) const {
    const bool is_anthropic = parts_.family == Family::anthropic;
    if (is_event_stream(response.body)) {
        return is_anthropic ? anthropic_stream(response.body) : openai_stream(response.body);
    }
    try {
        const Value answer = expression::from_json(response.body);
        return is_anthropic ? anthropic_reply(answer) : openai_reply(answer);
    } catch (const expression::EvaluationError&) {
        return std::nullopt;
    }
}

ModelEndpoint::Judged ModelEndpoint::judge(http::Response response,
                                           const ModelConfig& model) const {
    constexpr int kFirstGood = 200;
    constexpr int kFirstRedirect = 300;
    if (response.status < kFirstGood || response.status >= kFirstRedirect) {
        std::string text = response.body;
        if (response.status < kFirstError) {
            text = "it points elsewhere; check the base_url";
        }
        Judged judged = judge_refusal(response.status, text, response.headers);
        judged.outcome.latency = response.latency;
        return judged;
    }
    auto reply = parse(response);
    Judged judged;
    if (reply && reply->fault) {
        judged = judge_refusal(reply->fault->status.value_or(kFirstServerError),
                               reply->fault->message, response.headers);
    } else if (!reply) {
        judged.exchange.status = response.status;
        judged.exchange.error = ExchangeError{
            "server_error",
            {"ServerError",
             error_text("its answer is no whole " +
                        std::string(model.stream ? "stream of events: " : "JSON of its form: ") +
                        (response.body.empty() ? "it is empty" : excerpt_of(response.body))),
             response.status, true}};
        judged.outcome.end = CallEnd::server_error;
        judged.outcome.rate_limit = limits(response.status, {}, response.headers);
    } else {
        judged.exchange.status = response.status;
        judged.outcome.end = CallEnd::answered;
        judged.outcome.rate_limit = limits(response.status, {}, response.headers);
        if (reply->usage) {
            judged.outcome.usage_known = true;
            judged.outcome.usage = {reply->usage->input_tokens, reply->usage->output_tokens,
                                    micros(cost_of(*reply))};
        }
        judged.exchange.reply = std::move(reply);
    }
    judged.outcome.latency = response.latency;
    return judged;
}

Exchange ModelEndpoint::ask(const ChatRequest& request, const std::stop_token& stop) const {
    const std::string body = expression::to_json(
        parts_.family == Family::anthropic ? anthropic_body(request) : openai_body(request));
    const auto permit =
        host_.gate.enter({name_, parts_.phase, estimate(body.size(), request.model)}, stop);
    const http::Request sent = http_request(body);
    permit->begin();
    // Stopped meanwhile: the permit is destroyed unreported, for nobody knows what it has used.
    auto result = host_.client.send(sent, stop);
    http::Headers headers;
    Judged judged;
    if (auto* const response = std::get_if<http::Response>(&result)) {
        headers = kept(response->headers);
        judged = judge(std::move(*response), request.model);
    } else {
        judged = judge(std::get<http::Failure>(result));
    }
    permit->report(judged.outcome);
    const Refusal refusal = judged.outcome.rate_limit.refusal;
    if (model::is_rate_limit(refusal) || model::needs_person(refusal)) {
        const base::Millis otherwise =
            model::needs_person(refusal) ? kDefaultPersonWait : kDefaultWait;
        throw ProviderWait(name_, judged.outcome.rate_limit.retry_after.value_or(otherwise),
                           judged.refusal_text);
    }
    judged.exchange.rate_limit = std::move(judged.outcome.rate_limit);
    judged.exchange.headers = std::move(headers);
    return std::move(judged.exchange);
}

}  // namespace fleet::agents
