#include "machines/agents/model_agent.hpp"

#include <utility>
#include <variant>
#include <vector>

#include "machines/agents/prompt_texts.hpp"
#include "machines/agents/result_values.hpp"
#include "machines/expression/errors.hpp"

namespace fleet::agents {
namespace {

using calls::AgentRequest;
using calls::AgentResult;
using expression::List;
using expression::Value;

Value message_of(std::string_view role, std::string_view content) {
    Value message = Value::dict({});
    message.set("role", text_value(role));
    message.set("content", text_value(content));
    return message;
}

/// What templates see as `model`.
Value model_value(const ModelConfig& model, const std::string& full_name) {
    Value value = Value::dict({});
    value.set("name", text_value(full_name));
    value.set("provider", text_value(model.provider));
    const auto set = [&](std::string_view key, const auto& number, auto make) {
        value.set(key, number ? make(*number) : Value());
    };
    set("temperature", model.temperature, Value::floating);
    set("max_tokens", model.max_tokens, Value::integer);
    set("top_p", model.top_p, Value::floating);
    set("top_k", model.top_k, Value::integer);
    set("frequency_penalty", model.frequency_penalty, Value::floating);
    set("presence_penalty", model.presence_penalty, Value::floating);
    set("seed", model.seed, Value::integer);
    value.set("base_url", model.base_url.empty() ? Value() : text_value(model.base_url));
    return value;
}

bool is_empty_object(const Value& value) {
    return !value.is_dict() || value.as_dict().empty();
}

class ModelAgent final : public calls::Agent {
  public:
    ModelAgent(AgentConfig config, ModelEndpoint endpoint)
        : config_(std::move(config)),
          endpoint_(std::move(endpoint)),
          texts_(*config_.prompt),
          model_(model_value(*config_.model, endpoint_.name())) {}

    AgentResult call(const calls::CallScope& scope, const AgentRequest& request) override {
        AgentResult result;
        ChatRequest chat = chat_request(request, result);
        CallSum sum;
        const bool has_schema = !config_.prompt->output.empty() && !request.in_tool_loop;
        Exchange exchange = ask(chat, scope, sum);
        if (has_schema && exchange.reply && exchange.reply->tool_calls.empty()) {
            read_output(chat, scope, sum, exchange, result);
        }
        fill(result, sum, exchange);
        return result;
    }

    [[nodiscard]] Value metadata() const override { return config_.metadata; }

  private:
    [[nodiscard]] List tools_for(const AgentRequest& request) const {
        if (!request.in_tool_loop) {
            return config_.prompt->tools;
        }
        List tools;
        for (const calls::ToolDefinition& tool : request.tools) {
            tools.push_back(tool.definition);
        }
        return tools;
    }

    [[nodiscard]] ChatRequest chat_request(const AgentRequest& request, AgentResult& result) const {
        List tools = tools_for(request);
        const Value input = request.input.is_dict() ? request.input : Value::dict({});
        RenderedPrompt prompt = texts_.render(input, Value::list({}), model_);
        ChatRequest chat{.model = *config_.model,
                         .system = std::move(prompt.system),
                         .messages = {},
                         .tools = std::move(tools),
                         .wants_json = false,
                         .max_tokens_name = endpoint_.max_tokens_name()};
        const bool has_history = request.messages && request.messages->is_list_like() &&
                                 !request.messages->as_list().empty();
        if (has_history) {
            chat.messages = request.messages->as_list();
        }
        // A conversation that goes on without new input has its prompt in it already.
        if (!has_history || !is_empty_object(input)) {
            chat.messages.push_back(message_of("user", prompt.user));
            result.rendered_user_prompt = std::move(prompt.user);
        }
        if (!prompt.post_history.empty()) {
            chat.messages.push_back(
                message_of(endpoint_.parts().family == Family::anthropic ? "user" : "system",
                           prompt.post_history));
        }
        if (!config_.prompt->output.empty() && !request.in_tool_loop) {
            chat.system +=
                (chat.system.empty() ? "" : "\n\n") + config_.prompt->output.instruction();
            chat.wants_json = chat.tools.empty() && endpoint_.parts().settings.json_mode;
        }
        return chat;
    }

    Exchange ask(const ChatRequest& chat, const calls::CallScope& scope, CallSum& sum) const {
        try {
            Exchange exchange = endpoint_.ask(chat, scope.stop);
            sum.take(endpoint_, exchange);
            return exchange;
        } catch (const expression::EvaluationError& error) {
            throw calls::CallError(
                "ValueError", "writing the request to " + endpoint_.name() + ": " + error.what());
        }
    }

    /// Asks once more where the answer does not fit.
    void read_output(ChatRequest& chat, const calls::CallScope& scope, CallSum& sum,
                     Exchange& exchange, AgentResult& result) const {
        auto read = config_.prompt->output.extract(exchange.reply->content.value_or(""));
        if (const auto* const faults = std::get_if<std::vector<std::string>>(&read)) {
            chat.messages.push_back(message_of("assistant", exchange.reply->content.value_or("")));
            chat.messages.push_back(message_of("user", repair_request(*faults)));
            exchange = ask(chat, scope, sum);
            if (!exchange.reply) {
                return;
            }
            read = config_.prompt->output.extract(exchange.reply->content.value_or(""));
        }
        if (auto* const output = std::get_if<Value>(&read)) {
            result.output = std::move(*output);
            return;
        }
        std::string message = "the answer of " + endpoint_.name() +
                              " does not fit the agent's output, also not the second one:";
        for (const std::string& fault : std::get<std::vector<std::string>>(read)) {
            message += ' ' + fault + ';';
        }
        message.pop_back();
        exchange.error = ExchangeError{"invalid_output", {"OutputError", message, {}, true}};
    }

    static std::string repair_request(const std::vector<std::string>& faults) {
        std::string text = "This answer does not fit:\n";
        for (const std::string& fault : faults) {
            text += "- " + fault + '\n';
        }
        return text + "Answer again with the corrected JSON object and nothing else.";
    }

    void fill(AgentResult& result, const CallSum& sum, Exchange& exchange) const {
        result.usage = usage_value(sum);
        result.cost = cost_value(sum);
        result.rate_limit = rate_limit_value(exchange.rate_limit, endpoint_.clock().wall_now());
        result.provider_data = provider_value(endpoint_, exchange);
        if (exchange.error) {
            result.error = exchange.error->error;
            result.finish_reason = "error";
        }
        if (exchange.reply) {
            result.content = std::move(exchange.reply->content);
            result.tool_calls = std::move(exchange.reply->tool_calls);
            if (!exchange.error) {
                result.finish_reason = exchange.reply->finish_reason;
            }
        }
    }

    const AgentConfig config_;
    const ModelEndpoint endpoint_;
    const PromptTexts texts_;
    const Value model_;
};

}  // namespace

std::shared_ptr<calls::Agent> make_model_agent(AgentConfig config, ModelEndpoint endpoint) {
    return std::make_shared<ModelAgent>(std::move(config), std::move(endpoint));
}

}  // namespace fleet::agents
