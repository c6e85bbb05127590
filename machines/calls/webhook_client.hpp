// POST requests to one URL, over the connections that all of the process share (machines/http).
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/base/time.hpp"
#include "machines/http/client.hpp"

namespace fleet::calls {

/// An answer that is longer is an error.
inline constexpr std::size_t kMaxWebhookAnswerBytes = std::size_t{64} << 20U;

struct WebhookRequest {
    std::string_view body;
    base::Millis timeout{0};
    /// For messages: "webhook machine_start".
    std::string_view what;
};

struct WebhookResponse {
    int status = 0;
    std::string body;
};

/// Thread-safe.
class WebhookClient {
  public:
    /// `headers` may hold secrets: they are in no message. The URL's user, password and query are
    /// not either. Throws base::ConfigError when it is no http or https URL.
    WebhookClient(std::shared_ptr<http::Client> client, std::string url, http::Headers headers);
    WebhookClient(const WebhookClient&) = delete;
    WebhookClient& operator=(const WebhookClient&) = delete;
    ~WebhookClient() = default;

    /// Blocks until the whole answer is here. Throws CallError WebhookError (it cannot be reached,
    /// a status that is not 2xx, too long an answer), CallError TimeoutError, and base::Cancelled
    /// at once when stop is requested.
    [[nodiscard]] WebhookResponse post(const WebhookRequest& request, const std::stop_token& stop);

    /// The URL without what may be secret.
    [[nodiscard]] const std::string& shown_url() const { return shown_url_; }

  private:
    std::string url_;
    std::string shown_url_;
    http::Headers headers_;
    std::shared_ptr<http::Client> client_;  ///< shared with all who make requests
};

}  // namespace fleet::calls
