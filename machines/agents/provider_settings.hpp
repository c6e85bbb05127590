// What the fleet knows of providers besides what an agent's profile says: where they are, how to
// talk to them, where their keys are, what they cost. Plain values; filled from fleet.yml by
// whoever makes the agents, with defaults for well-known providers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/time.hpp"
#include "machines/http/client.hpp"

namespace fleet::agents {

/// The form of requests and answers.
enum class Family {
    openai,     ///< POST BASE/chat/completions
    anthropic,  ///< POST BASE/messages
};

/// For a million tokens, in the account's currency.
struct Prices {
    double input = 0;
    double output = 0;
    std::optional<double> cache_read{};   ///< absent: as input
    std::optional<double> cache_write{};  ///< absent: as input
};

struct ProviderSettings {
    std::string base_url;  ///< "https://api.openai.com/v1"; a profile's own wins
    std::optional<Family> family{};
    std::string api_key_env;   ///< variable that holds the key; empty: see settings_of
    std::string api_key_file;  ///< file that holds the key, readable by its owner alone; wins
    /// False: a provider without keys. True: a call without a key is an error that names where it
    /// was looked for. Absent: the key is sent if it is there.
    std::optional<bool> needs_key{};
    http::Headers headers{};  ///< sent with every request
    base::Millis connect_timeout{10'000};
    base::Millis timeout{600'000};  ///< of one request
    std::size_t max_answer_bytes = std::size_t{32} << 20U;
    std::string ca_file{};  ///< trusted certificates (PEM) in place of the system's
    /// Whether "response_format: json_object" is asked for where an output schema is given.
    bool json_mode = true;
    std::map<std::string, Prices> prices{};  ///< by model; "*" stands for all others
};

/// By the provider's name: "openai".
using ProviderTable = std::map<std::string, ProviderSettings>;

/// The table's entry completed with what is known of the provider. A provider that is neither in
/// the table nor known has no base_url; its key is looked for in NAME_API_KEY and need not exist.
[[nodiscard]] ProviderSettings settings_of(const ProviderTable& table, std::string_view provider);

/// The model's price, or that of "*".
[[nodiscard]] std::optional<Prices> prices_of(const ProviderSettings& settings,
                                              std::string_view model);

}  // namespace fleet::agents
