#include "machines/estimate/agent_facts.hpp"

#include "machines/agents/chat.hpp"
#include "machines/agents/machine_agents.hpp"

namespace fleet::estimate {
namespace {

std::int64_t bytes_of(const agents::PromptConfig& prompt) {
    std::size_t bytes = prompt.user.text.size();
    bytes += prompt.output.empty() ? 0 : prompt.output.instruction().size();
    for (const auto& text :
         {prompt.system, prompt.instruction_suffix, prompt.post_history_instructions}) {
        bytes += text ? text->text.size() : 0;
    }
    return static_cast<std::int64_t>(bytes);
}

void read_model(const agents::ModelConfig& model, const agents::ProviderTable& providers,
                AgentFacts& facts) {
    facts.provider = model.provider.empty() ? model.name : model.provider + '/' + model.name;
    facts.most_output_tokens = model.max_tokens.value_or(agents::kDefaultOutputTokens);
    facts.says_most = model.max_tokens.has_value();
    const agents::ProviderSettings settings = agents::settings_of(providers, model.provider);
    const auto own = model.prices.find(facts.provider);
    facts.prices = own != model.prices.end() ? std::optional(own->second)
                                             : agents::prices_of(settings, model.name);
    if (model.base_url.empty() && settings.base_url.empty()) {
        facts.trouble = "the provider `" + model.provider +
                        "` of its profile is not known; give the profile a `base_url`, or "
                        "fleet.yml the provider's";
    }
}

AgentFacts read_agent(const config::AgentDefinition& definition, const std::string& machine_file,
                      const agents::AgentFiles& files, const agents::ProviderTable& providers) {
    AgentFacts facts;
    const auto loaded = agents::load_named_agent({definition, machine_file}, files);
    if (!loaded) {
        facts.trouble = "this program knows no agents of the type `" + definition.type + "`";
        return facts;
    }
    if (!loaded->config) {
        facts.trouble = loaded->diagnostics.empty() ? "its files cannot be read"
                                                    : loaded->diagnostics.front().line();
        return facts;
    }
    const agents::AgentConfig& config = *loaded->config;
    if (config.prompt) {
        facts.output = config.prompt->output;
        facts.prompt_bytes = bytes_of(*config.prompt);
    }
    if (config.command) {
        facts.program = config.command->argv.empty() ? "" : config.command->argv.front();
    } else if (config.model) {
        read_model(*config.model, providers, facts);
    }
    return facts;
}

}  // namespace

AllAgents read_agents(const engine::Program& program, const agents::ProviderTable& providers) {
    const agents::AgentFiles files(program.bundle().files, {});
    AllAgents all;
    for (const engine::Machine& machine : program.machines()) {
        for (const config::AgentDefinition& agent : machine.definition->agents) {
            all[{machine.index, agent.name}] =
                read_agent(agent, machine.definition->file, files, providers);
        }
    }
    return all;
}

}  // namespace fleet::estimate
