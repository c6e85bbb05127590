#include "machines/agents/prompt_texts.hpp"

#include "machines/calls/hooks.hpp"
#include "machines/expression/errors.hpp"

namespace fleet::agents {
namespace {

using expression::Value;

std::optional<templates::Template> parse(const std::optional<config::SourceText>& source) {
    if (!source) {
        return std::nullopt;
    }
    return templates::Template::parse(source->text, templates::Mode::prompt);
}

}  // namespace

PromptTexts::PromptTexts(const PromptConfig& prompt)
    : file_(prompt.file),
      system_(parse(prompt.system)),
      user_(parse(prompt.user)),
      suffix_(parse(prompt.instruction_suffix)),
      post_history_(parse(prompt.post_history_instructions)) {}

RenderedPrompt PromptTexts::render(const Value& input, const Value& tools,
                                   const Value& model) const {
    const Value no_tools_prompt = Value::string(std::string());
    templates::Variables variables;
    variables.add("input", input);
    variables.add("tools", tools);
    variables.add("tools_prompt", no_tools_prompt);
    variables.add("model", model);
    const auto text = [&](const Text& source, const char* name) {
        try {
            return source ? source->render(variables) : std::string();
        } catch (const expression::EvaluationError& error) {
            const bool is_undefined = error.kind() == expression::ErrorKind::template_undefined;
            throw calls::CallError(is_undefined ? "UndefinedError" : "TemplateError",
                                   file_ + ": rendering `" + name + "`: " + error.what());
        }
    };
    RenderedPrompt rendered;
    rendered.system = text(system_, "system");
    rendered.user = text(user_, "user");
    if (const std::string suffix = text(suffix_, "instruction_suffix"); !suffix.empty()) {
        rendered.user += "\n\n" + suffix;
    }
    rendered.post_history = text(post_history_, "post_history_instructions");
    return rendered;
}

}  // namespace fleet::agents
