#include "machines/calls/webhook_client.hpp"

#include <utility>
#include <variant>

#include "common/base/errors.hpp"
#include "machines/calls/hook_protocol.hpp"
#include "machines/calls/hooks.hpp"
#include "machines/http/url.hpp"

namespace fleet::calls {
namespace {

constexpr int kFirstGood = 200;
constexpr int kLastGood = 299;

[[noreturn]] void fail(const std::string& where, const http::Failure& failure,
                       base::Millis timeout) {
    switch (failure.fault) {
        case http::Fault::too_large:
            throw CallError("WebhookError",
                            where + "its answer has more than the " +
                                std::to_string(kMaxWebhookAnswerBytes) +
                                " bytes that it may have: " + quoted_beginning(failure.body));
        case http::Fault::timeout_before_sent:
        case http::Fault::timeout_after_sent:
            throw CallError("TimeoutError", where + "no answer within " +
                                                base::human_duration(timeout) + " (" +
                                                failure.reason + ")");
        default:
            throw CallError("WebhookError", where + failure.reason);
    }
}

}  // namespace

WebhookClient::WebhookClient(std::shared_ptr<http::Client> client, std::string url,
                             http::Headers headers)
    : url_(std::move(url)), headers_(std::move(headers)), client_(std::move(client)) {
    if (!http::is_http_url(url_)) {
        throw base::ConfigError(
            "a webhook's URL begins with http:// or https://; this one does not");
    }
    shown_url_ = http::shown_url(url_);
    headers_.emplace(headers_.begin(), "Content-Type", "application/json");
}

WebhookResponse WebhookClient::post(const WebhookRequest& request, const std::stop_token& stop) {
    const std::string where = std::string(request.what) + ": POST " + shown_url_ + ": ";
    const http::Request sent{.url = url_,
                             .headers = headers_,
                             .body = request.body,
                             .connect_timeout = request.timeout,
                             .timeout = request.timeout,
                             .max_body_bytes = kMaxWebhookAnswerBytes,
                             .what = request.what};
    auto result = client_->send(sent, stop);
    if (const auto* const failure = std::get_if<http::Failure>(&result)) {
        fail(where, *failure, request.timeout);
    }
    auto& response = std::get<http::Response>(result);
    if (response.status < kFirstGood || response.status > kLastGood) {
        throw CallError(
            "WebhookError",
            where + "status " + std::to_string(response.status) +
                (response.body.empty() ? std::string() : ": " + quoted_beginning(response.body)));
    }
    return {response.status, std::move(response.body)};
}

}  // namespace fleet::calls
