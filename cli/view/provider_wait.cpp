#include "cli/view/provider_wait.hpp"

#include <string_view>

#include "cli/view/provider_row.hpp"

namespace fleet::cli {
namespace {

constexpr std::string_view kBegin = "waiting for ";
constexpr std::string_view kSeparator = ": ";

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

std::string provider_wait_headline(const CaseFile& file, const WaitForProvider& wait) {
    return "waiting for " + wait.provider + " until " +
           clock_text(file.now + *file.execution.due_in, file.now);
}

void explain_provider_wait(const CaseFile& file, const WaitForProvider& wait, Story& story) {
    story.waits.push_back(provider_wait_headline(file, wait) + ": " + wait.reason);
    story.waits.push_back("that is in " + base::human_duration(*file.execution.due_in) +
                          "; the time is UTC. It holds no slot meanwhile and loses no attempt");
    advise(file, wait, story);
    story.next.push_back({"nothing else to do: it goes on by itself", ""});
}

}  // namespace fleet::cli
