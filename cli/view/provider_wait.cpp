#include "cli/view/provider_wait.hpp"

#include <string_view>

#include "cli/view/provider_row.hpp"

namespace fleet::cli {
namespace {

constexpr std::string_view kBegin = "waiting for ";
constexpr std::string_view kSeparator = ": ";

struct Wait {
    WaitForProvider why;
    std::optional<base::Millis> left;  ///< nullopt: until a person acts
};

std::optional<Wait> wait_of(const CaseFile& file) {
    if (auto put_back = open_provider_wait(file.execution)) {
        return Wait{*std::move(put_back), file.execution.due_in};
    }
    if (!file.closed || !file.provider) {
        return std::nullopt;
    }
    Wait wait{{file.provider->rules.name, file.closed->text}, file.closed->wait};
    if (file.closed->reason == model::HoldReason::person) {
        wait.left.reset();
    }
    return wait;
}

void advise(const CaseFile& file, const WaitForProvider& wait, Story& story) {
    story.next.push_back({"see how the provider stands", "fleet providers " + wait.provider});
    if (!file.provider) {
        return;
    }
    const model::Circuit& circuit = file.provider->circuit;
    if (circuit.state == model::CircuitState::open && !circuit.until) {
        story.next.push_back(
            {"nobody calls it until a person closes its circuit; when the cause "
             "is gone (" +
                 circuit.reason + ")",
             "fleet providers --close " + wait.provider});
    } else if (file.provider->rules.budget.any()) {
        story.next.push_back(
            {"see what is left of its day's budget", "fleet budget " + wait.provider});
    }
}

}  // namespace

std::optional<WaitForProvider> provider_waited_for(const model::Execution& execution) {
    if (!execution.error || execution.error->kind != model::ErrorKind::rate_limit) {
        return std::nullopt;
    }
    const std::string_view message = execution.error->message;
    const std::size_t separator = message.find(kSeparator, kBegin.size());
    if (!message.starts_with(kBegin) || separator == std::string_view::npos ||
        separator == kBegin.size()) {
        return std::nullopt;
    }
    return WaitForProvider{std::string(message.substr(kBegin.size(), separator - kBegin.size())),
                           std::string(message.substr(separator + kSeparator.size()))};
}

std::optional<WaitForProvider> open_provider_wait(const model::Execution& execution) {
    const bool is_delayed = execution.status == model::Status::pending && execution.due_in &&
                            execution.due_in->count() > 0;
    return is_delayed ? provider_waited_for(execution) : std::nullopt;
}

std::string provider_wait_headline(const CaseFile& file) {
    const auto wait = wait_of(file);
    if (!wait) {
        return "";
    }
    return "waiting for " + wait->why.provider + " until " +
           (wait->left ? clock_text(file.now + *wait->left, file.now)
                       : "a person closes its circuit");
}

bool explain_provider_wait(const CaseFile& file, Story& story) {
    const auto wait = wait_of(file);
    if (!wait) {
        return false;
    }
    story.waits.push_back(provider_wait_headline(file) + ": " + wait->why.reason);
    const std::string costs = "It holds no slot meanwhile and loses no attempt";
    story.waits.push_back(wait->left ? "that is in " + base::human_duration(*wait->left) +
                                           "; the time is UTC. " + costs
                                     : costs);
    advise(file, wait->why, story);
    if (wait->left) {
        story.next.push_back({"nothing else to do: it goes on by itself", ""});
    }
    return true;
}

}  // namespace fleet::cli
