// POST requests to one URL, with its connections kept open between them. libcurl is loaded with the
// first request, so that a worker without webhooks pays nothing for it.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/time.hpp"

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
    long status = 0;
    std::string body;
};

/// Thread-safe: each request in flight has a connection of its own.
class WebhookClient {
  public:
    /// `headers` may hold secrets: they are in no message. The URL's user, password and query are
    /// not either. Throws base::ConfigError when it is no http or https URL.
    WebhookClient(std::string url, std::vector<std::pair<std::string, std::string>> headers);
    WebhookClient(const WebhookClient&) = delete;
    WebhookClient& operator=(const WebhookClient&) = delete;
    ~WebhookClient();

    /// Blocks until the whole answer is here. Throws CallError WebhookError (it cannot be reached,
    /// a status that is not 2xx, too long an answer), CallError TimeoutError, and base::Cancelled
    /// at once when stop is requested.
    [[nodiscard]] WebhookResponse post(const WebhookRequest& request, const std::stop_token& stop);

    /// The URL without what may be secret.
    [[nodiscard]] const std::string& shown_url() const { return shown_url_; }

  private:
    class Connection;
    class Lent;

    std::string url_;
    std::string shown_url_;
    std::vector<std::pair<std::string, std::string>> headers_;
    std::mutex mutex_;  ///< guards `idle_`
    std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace fleet::calls
