// An agent as its files define it (FlatAgents 4.2): prompt, profile and what they refer to, checked
// and typed. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.hpp"
#include "machines/agents/output_schema.hpp"
#include "machines/agents/provider_settings.hpp"
#include "machines/config/machine_config.hpp"
#include "machines/expression/value.hpp"

namespace fleet::agents {

/// Templates are kept as their text with its place; `file` is the file that holds them.
struct PromptConfig {
    std::string file;
    std::string name;
    std::optional<config::SourceText> system;
    config::SourceText user;
    std::optional<config::SourceText> instruction_suffix;
    std::optional<config::SourceText> post_history_instructions;
    OutputSchema output;
    expression::List tools;  ///< {type: function, function: {...}}
};

/// Absent members are not sent.
struct ModelConfig {
    std::string provider;  ///< "openai"; empty only with a base_url
    std::string name;
    std::optional<double> temperature;
    std::optional<std::int64_t> max_tokens;
    std::optional<double> top_p;
    std::optional<std::int64_t> top_k;
    std::optional<double> frequency_penalty;
    std::optional<double> presence_penalty;
    std::optional<std::int64_t> seed;
    std::string base_url;  ///< empty: the provider's
    bool stream = false;
    std::optional<Family> family;
    std::map<std::string, Prices> prices;  ///< of the profile's file, by "provider/model"
};

enum class CommandForm {
    json,    ///< in: one object; out: an object, which is the output
    text,    ///< in: the prompt's text, or the input as JSON; out: the content
    result,  ///< out only: an object with the members of an AgentResult
};

struct CommandConfig {
    std::vector<std::string> argv;
    std::string directory;  ///< as written; relative to the worker's own
    std::map<std::string, std::string> environment;
    std::vector<std::string> keys;  ///< variables with keys that it gets all the same
    base::Millis timeout{600'000};
    CommandForm input = CommandForm::json;
    CommandForm output = CommandForm::json;
};

struct AgentConfig {
    std::string name;
    expression::Value metadata;  ///< of the agent's file; an object or null
    /// Absent only for a command that a machine names itself: it is given its input as it is.
    std::optional<PromptConfig> prompt;
    /// One of the two.
    std::optional<ModelConfig> model;
    std::optional<CommandConfig> command;
};

}  // namespace fleet::agents
