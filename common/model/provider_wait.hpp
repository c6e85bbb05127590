// How an execution says which provider it waits for: it is pending, its error is of the kind
// rate_limit, and the error's message begins with this text. Pure.
#pragma once

#include <string>
#include <string_view>

namespace fleet::model {

/// "waiting for openai/gpt-4o: "; the reason follows.
[[nodiscard]] std::string provider_wait_beginning(std::string_view provider);

}  // namespace fleet::model
