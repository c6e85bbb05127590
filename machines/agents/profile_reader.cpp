// The profile part of an agent: a model of a provider, or a command.
#include <cmath>
#include <utility>

#include "machines/agents/agent_loader.hpp"
#include "machines/http/url.hpp"

namespace fleet::agents {
namespace {

using config::Fields;
using config::Findings;
using config::Node;

constexpr double kMillisPerSecond = 1000.0;
constexpr double kLongestTimeout = 86'400.0;

/// What the model's `api` may be called.
std::optional<Family> read_family(Fields& fields) {
    static const std::vector<std::string> names{
        "openai",           "chat",      "openai-completions",
        "chat-completions", "anthropic", "anthropic-messages"};
    constexpr std::size_t kFirstAnthropic = 4;
    const auto chosen = fields.choice("api", names);
    if (!chosen) {
        return std::nullopt;
    }
    return *chosen >= kFirstAnthropic ? Family::anthropic : Family::openai;
}

void read_backend(Fields& fields) {
    const Node* const value = fields.get("backend");
    if (value == nullptr) {
        return;
    }
    // These two name other programs' libraries for the same requests.
    static const std::vector<std::string> names{"litellm", "aisuite", "codex", "copilot"};
    constexpr std::size_t kFirstForeign = 2;
    const auto chosen = fields.choice("backend", names);
    if (chosen && *chosen >= kFirstForeign) {
        fields.findings().error(
            fields.place_of(*value, "backend"),
            "the backend `" + names[*chosen] + "` is not supported by this program",
            "leave it out and give a `provider`, or run its command line "
            "with `type: command`");
    }
}

/// "openai/gpt-4o" without a provider of its own names both.
void split_name(ModelConfig& model) {
    const std::size_t slash = model.name.find('/');
    if (model.provider.empty() && model.base_url.empty() && slash != std::string::npos) {
        model.provider = model.name.substr(0, slash);
        model.name.erase(0, slash + 1);
    }
}

}  // namespace

ModelConfig read_model(const Node& map, const std::string& path, Findings& findings) {
    constexpr double kMostTokens = 1e9;
    ModelConfig model;
    Fields fields(map, path, findings);
    if (auto name = fields.text("name")) {
        model.name = std::move(*name);
    } else if (!fields.has("name")) {
        findings.error(fields.place(), "the model has no `name`", "add `name: MODEL`");
    }
    model.provider = fields.text("provider").value_or("");
    model.temperature = fields.number("temperature", {0, 100});
    model.max_tokens = fields.integer("max_tokens", {1, kMostTokens});
    model.top_p = fields.number("top_p", {0, 1});
    model.top_k = fields.integer("top_k", {0, kMostTokens});
    model.frequency_penalty = fields.number("frequency_penalty", {-100, 100});
    model.presence_penalty = fields.number("presence_penalty", {-100, 100});
    model.seed = fields.integer("seed", {-9e15, 9e15});
    model.base_url = fields.text("base_url").value_or("");
    while (model.base_url.ends_with('/')) {
        model.base_url.pop_back();
    }
    if (!model.base_url.empty() && !http::is_http_url(model.base_url)) {
        findings.error(fields.place_of_key("base_url"), "`base_url` is no http or https URL",
                       "begin it with https://");
    }
    model.stream = fields.boolean("stream").value_or(false);
    model.family = read_family(fields);
    read_backend(fields);
    if (const Node* const oauth = fields.get("oauth")) {
        findings.error(fields.place_of(*oauth, "oauth"), "`oauth` is not supported by this program",
                       "use a key: docs/agents.md says where it is looked for");
    }
    fields.finish();
    split_name(model);
    if (!model.name.empty() && model.provider.empty() && model.base_url.empty()) {
        findings.error(fields.place(), "the model `" + model.name + "` has no `provider`",
                       "add `provider: NAME`, or a `base_url`");
    }
    return model;
}

CommandConfig read_command(Fields& fields) {
    CommandConfig command;
    if (auto argv = fields.texts("argv")) {
        command.argv = std::move(*argv);
    }
    if (command.argv.empty() || command.argv.front().empty()) {
        fields.findings().error(fields.place(), "the command has no `argv`",
                                "write `argv: [PROGRAM, ARGUMENT, ...]`");
    }
    command.directory = fields.text("cwd").value_or("");
    if (const Node* const variables = fields.get("env", Node::Kind::map)) {
        for (const config::Member& member : variables->members) {
            command.environment[member.key] = config::name_text(member.value).value_or("");
        }
    }
    command.keys = fields.texts("keys").value_or(std::vector<std::string>{});
    if (const auto seconds = fields.number("timeout", {0.001, kLongestTimeout})) {
        command.timeout = base::Millis(std::llround(*seconds * kMillisPerSecond));
    }
    command.input = static_cast<CommandForm>(fields.choice("input", {"json", "text"}).value_or(0));
    command.output =
        static_cast<CommandForm>(fields.choice("output", {"json", "text", "result"}).value_or(0));
    return command;
}

}  // namespace fleet::agents
