// Hooks over HTTP: the built-in `webhook`, which tells an URL of everything that happens in a run
// as the family's SDK does, and an endpoint of a `hooks:` table, which is sent the requests of
// docs/hooks.md.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "machines/calls/hook_peer.hpp"
#include "machines/calls/hooks.hpp"
#include "machines/calls/webhook_client.hpp"

namespace fleet::calls {

inline constexpr base::Millis kWebhookTimeout{5'000};

/// One run's webhook: each event is `{"event": NAME, ...}`; of an answer `context`, `output`,
/// `to_state` and `recovery_state` count where they are meant. Errors are CallErrors, see
/// WebhookClient::post; an answer that is no JSON object is a WebhookError too. Shared: runs use
/// the same connections one after the other.
[[nodiscard]] std::unique_ptr<Hooks> make_webhook(std::shared_ptr<WebhookClient> client,
                                                  base::Millis timeout);

struct HookEndpoint {
    std::string name;
    std::string url;
    base::Millis timeout{60'000};
    std::vector<std::pair<std::string, std::string>> headers;
};

/// An endpoint as a peer. It is asked for its hello once, and again after a call failed. Throws
/// base::ConfigError for what WebhookClient does.
[[nodiscard]] std::shared_ptr<HookPeer> make_endpoint(std::shared_ptr<http::Client> client,
                                                      const HookEndpoint& endpoint,
                                                      const expression::Value& args);

}  // namespace fleet::calls
