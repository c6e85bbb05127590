#include "machines/agents/standard_agents.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/errors.hpp"
#include "machines/agents/agent_loader.hpp"
#include "machines/agents/api_key.hpp"
#include "machines/agents/command_agent.hpp"
#include "machines/agents/machine_agents.hpp"
#include "machines/agents/model_agent.hpp"
#include "machines/agents/model_endpoint.hpp"

namespace fleet::agents {
namespace {

AgentConfig require(LoadedAgent loaded, const std::string& name) {
    if (loaded.config) {
        return std::move(*loaded.config);
    }
    std::string text = "the agent `" + name + "` cannot be used:";
    for (const config::Diagnostic& one : loaded.diagnostics) {
        if (one.severity != config::Severity::warning) {
            text += '\n' + one.line();
        }
    }
    throw base::ConfigError(text);
}

/// Without the variables that hold keys.
std::vector<std::string> without_keys(const std::vector<std::string>& environment,
                                      const ProviderTable& providers) {
    std::set<std::string> secret;
    for (const auto& [name, settings] : providers) {
        secret.insert(settings_of(providers, name).api_key_env);
    }
    std::vector<std::string> result;
    for (const std::string& one : environment) {
        const std::string variable = one.substr(0, one.find('='));
        if (!variable.ends_with("_API_KEY") && !secret.contains(variable)) {
            result.push_back(one);
        }
    }
    return result;
}

}  // namespace

StandardAgents::StandardAgents(AgentsHost host)
    : host_(std::move(host)),
      command_environment_(without_keys(host_.environment, host_.providers)) {}

std::shared_ptr<calls::Agent> StandardAgents::make(const AgentSource& source) {
    const AgentFiles files(source.files, source.folder);
    auto loaded = load_named_agent({source.definition, source.machine_file}, files);
    if (!loaded) {
        return nullptr;
    }
    AgentConfig config = require(*std::move(loaded), source.definition.name);
    if (config.command) {
        return make_command(std::move(config));
    }
    return make_model(std::move(config), source.phase);
}

std::shared_ptr<calls::Agent> StandardAgents::make_command(AgentConfig config) {
    std::vector<std::string> environment = command_environment_;
    for (const std::string& one : host_.environment) {
        const std::string variable = one.substr(0, one.find('='));
        const bool is_named =
            std::ranges::find(config.command->keys, variable) != config.command->keys.end();
        if (is_named && std::ranges::find(environment, one) == environment.end()) {
            environment.push_back(one);
        }
    }
    return make_command_agent(std::move(config), std::move(environment), host_.clock);
}

std::shared_ptr<calls::Agent> StandardAgents::make_model(AgentConfig config, std::string phase) {
    const ModelConfig& model = *config.model;
    EndpointParts parts;
    parts.settings = settings_of(host_.providers, model.provider);
    parts.provider = model.provider;
    parts.model = model.name;
    parts.base_url = model.base_url.empty() ? parts.settings.base_url : model.base_url;
    while (parts.base_url.ends_with('/')) {
        parts.base_url.pop_back();
    }
    parts.phase = std::move(phase);
    if (parts.base_url.empty()) {
        throw base::ConfigError("the agent `" + config.name + "`: the provider `" + model.provider +
                                    "` of its profile is not known",
                                "give the profile a `base_url`, or the fleet the provider's");
    }
    parts.family = model.family.value_or(parts.settings.family.value_or(Family::openai));
    parts.key = read_key(parts.settings, model.provider, host_.environment);
    const auto own = model.prices.find(model.provider + '/' + model.name);
    parts.prices = own != model.prices.end() ? std::optional(own->second)
                                             : prices_of(parts.settings, model.name);
    ModelEndpoint endpoint(
        std::move(parts),
        {.gate = host_.gate, .client = client_, .clock = host_.clock, .classes = host_.classes});
    return make_model_agent(std::move(config), std::move(endpoint));
}

}  // namespace fleet::agents
