// An agent's prompt with its templates parsed. Immutable; safe from any thread.
#pragma once

#include <optional>
#include <string>

#include "machines/agents/agent_config.hpp"
#include "machines/expression/value.hpp"
#include "machines/template/template.hpp"

namespace fleet::agents {

struct RenderedPrompt {
    std::string system;        ///< empty: none
    std::string user;          ///< with the instruction suffix
    std::string post_history;  ///< empty: none
};

class PromptTexts {
  public:
    /// The texts are templates: the loader has seen to it.
    explicit PromptTexts(const PromptConfig& prompt);

    /// `input` and `model` are objects, `tools` a list. Throws calls::CallError UndefinedError or
    /// TemplateError that names the text.
    [[nodiscard]] RenderedPrompt render(const expression::Value& input,
                                        const expression::Value& tools,
                                        const expression::Value& model) const;

  private:
    using Text = std::optional<templates::Template>;

    std::string file_;
    Text system_;
    Text user_;
    Text suffix_;
    Text post_history_;
};

}  // namespace fleet::agents
