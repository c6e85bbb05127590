// Keys of providers: read where they are kept, shown nowhere.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "machines/agents/provider_settings.hpp"

namespace fleet::agents {

/// The key by the provider's settings; empty when there is none and none is needed. `environment`
/// holds "NAME=value". Throws base::ConfigError that names the variable or the file and says what
/// is wrong with it: missing, empty, open to others than its owner, no text of one line.
[[nodiscard]] std::string read_key(const ProviderSettings& settings, std::string_view provider,
                                   std::span<const std::string> environment);

/// `text` with every occurrence of the key replaced: providers repeat keys in their errors.
[[nodiscard]] std::string without_key(std::string text, std::string_view key);

}  // namespace fleet::agents
