// An execution that was put back because a provider may not be called yet, as its row tells: the
// error of kind rate_limit whose message is "waiting for PROVIDER: REASON", and its delay. Pure.
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

/// "waiting for openai/gpt-4o until 14:02:11", in UTC.
[[nodiscard]] std::string provider_wait_headline(const CaseFile& file, const WaitForProvider& wait);
/// What it waits for, and what a person may do about it.
void explain_provider_wait(const CaseFile& file, const WaitForProvider& wait, Story& story);

}  // namespace fleet::cli
