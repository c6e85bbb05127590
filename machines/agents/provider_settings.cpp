#include "machines/agents/provider_settings.hpp"

#include <algorithm>
#include <array>

namespace fleet::agents {
namespace {

struct KnownProvider {
    std::string_view name;
    std::string_view base_url;
    std::string_view key_variable;  ///< empty: it needs none
    Family family = Family::openai;
};

constexpr std::array kKnown = std::to_array<KnownProvider>({
    {"openai", "https://api.openai.com/v1", "OPENAI_API_KEY"},
    {"anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", Family::anthropic},
    {"openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"},
    {"cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"},
    {"groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"},
    {"mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"},
    {"deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"},
    {"together", "https://api.together.xyz/v1", "TOGETHER_API_KEY"},
    {"fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"},
    {"xai", "https://api.x.ai/v1", "XAI_API_KEY"},
    {"google", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"},
    {"gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"},
    {"ollama", "http://127.0.0.1:11434/v1", ""},
});

/// "my-box" is looked for in MY_BOX_API_KEY.
std::string variable_of(std::string_view provider) {
    std::string variable(provider);
    std::ranges::transform(variable, variable.begin(), [](char one) {
        const bool is_small = one >= 'a' && one <= 'z';
        const bool is_plain = (one >= 'A' && one <= 'Z') || (one >= '0' && one <= '9');
        return is_small ? static_cast<char>(one - 'a' + 'A') : is_plain ? one : '_';
    });
    return variable + "_API_KEY";
}

}  // namespace

ProviderSettings settings_of(const ProviderTable& table, std::string_view provider) {
    const auto found = table.find(std::string(provider));
    ProviderSettings settings = found == table.end() ? ProviderSettings{} : found->second;
    const bool names_key = !settings.api_key_env.empty() || !settings.api_key_file.empty();
    if (names_key && !settings.needs_key) {
        settings.needs_key = true;
    }
    const auto* const known = std::ranges::find(kKnown, provider, &KnownProvider::name);
    if (known != kKnown.end()) {
        if (settings.base_url.empty()) {
            settings.base_url = known->base_url;
        }
        settings.family = settings.family.value_or(known->family);
        if (!names_key) {
            settings.api_key_env = known->key_variable;
        }
        settings.needs_key = settings.needs_key.value_or(!known->key_variable.empty());
    } else if (!names_key && !provider.empty()) {
        settings.api_key_env = variable_of(provider);
    }
    return settings;
}

std::optional<Prices> prices_of(const ProviderSettings& settings, std::string_view model) {
    auto found = settings.prices.find(std::string(model));
    if (found == settings.prices.end()) {
        found = settings.prices.find("*");
    }
    return found == settings.prices.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace fleet::agents
