// An execution that a provider keeps waiting. Either it was put back, as its row tells: the error
// of kind rate_limit whose message is "waiting for PROVIDER: REASON", and its delay. Or it is ready
// and not claimed, because the provider of its stage is closed. Pure.
#pragma once

#include <optional>
#include <string>

#include "cli/view/case_file.hpp"
#include "cli/view/story.hpp"

namespace fleet::cli {

struct WaitForProvider {
    std::string provider;
    std::string reason;
    bool operator==(const WaitForProvider&) const = default;
};

/// nullopt: that is not what it was put back for last.
[[nodiscard]] std::optional<WaitForProvider> provider_waited_for(const model::Execution& execution);
/// The same, while it still waits.
[[nodiscard]] std::optional<WaitForProvider> open_provider_wait(const model::Execution& execution);

/// "waiting for openai/gpt-4o until 14:02:11", in UTC; empty: it does not wait for a provider.
[[nodiscard]] std::string provider_wait_headline(const CaseFile& file);
/// What it waits for, and what a person may do about it; false: it does not wait for a provider.
[[nodiscard]] bool explain_provider_wait(const CaseFile& file, Story& story);

}  // namespace fleet::cli
