#include "machines/agents/command_agent.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/process/utf8.hpp"
#include "machines/agents/chat.hpp"
#include "machines/agents/command_run.hpp"
#include "machines/agents/prompt_texts.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace fleet::agents {
namespace {

using calls::AgentError;
using calls::AgentRequest;
using calls::AgentResult;
using expression::List;
using expression::Value;

std::string last_line(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
        text.pop_back();
    }
    const std::size_t begin = text.rfind('\n');
    return begin == std::string::npos ? text : text.substr(begin + 1);
}

AgentError error_of(const Value& error) {
    AgentError result;
    result.type = text_in(error, "type");
    result.message = text_in(error, "message");
    if (const std::int64_t status = count_in(error, "status_code"); status > 0 && status < 1000) {
        result.status_code = static_cast<int>(status);
    }
    const Value* const retryable = error.find("retryable");
    result.retryable =
        retryable != nullptr && retryable->is(expression::Kind::boolean) && retryable->as_boolean();
    return result;
}

Value member(const Value& object, std::string_view key) {
    const Value* const found = object.find(key);
    return found == nullptr ? Value() : *found;
}

void take_members(const Value& answer, AgentResult& result) {
    result.output = member(answer, "output");
    if (const Value* const content = answer.find("content");
        content != nullptr && content->is_string()) {
        result.content = content->as_string();
    }
    if (const Value error = member(answer, "error"); error.is_dict()) {
        result.error = error_of(error);
    }
    result.usage = member(answer, "usage");
    result.cost = member(answer, "cost");
    result.finish_reason = text_in(answer, "finish_reason");
    result.rate_limit = member(answer, "rate_limit");
    result.provider_data = member(answer, "provider_data");
    if (const Value calls = member(answer, "tool_calls"); calls.is_list_like()) {
        for (const Value& call : calls.as_list()) {
            const Value arguments = member(call, "arguments");
            result.tool_calls.push_back({text_in(call, "id"), text_in(call, "name"),
                                         arguments.is_dict() ? arguments : Value::dict({})});
        }
        if (!result.tool_calls.empty()) {
            result.finish_reason = "tool_use";
        }
    }
}

class CommandAgent final : public calls::Agent {
  public:
    CommandAgent(AgentConfig config, std::vector<std::string> environment, const base::Clock& clock)
        : config_(std::move(config)), environment_(std::move(environment)), clock_(clock) {
        if (config_.prompt) {
            texts_.emplace(*config_.prompt);
        }
        for (const auto& [name, value] : config_.command->environment) {
            std::erase_if(environment_, [&, &variable = name](const std::string& one) {
                return one.starts_with(variable + '=');
            });
            environment_.push_back(name + '=' + value);
        }
    }

    AgentResult call(const calls::CallScope& scope, const AgentRequest& request) override {
        AgentResult result;
        const std::string input = input_for(request, result);
        const CommandConfig& command = *config_.command;
        CommandEnd end = run_command({.argv = command.argv,
                                      .directory = command.directory,
                                      .environment = environment_,
                                      .input = input,
                                      .timeout = command.timeout,
                                      .max_output_bytes = kMaxCommandAnswerBytes},
                                     clock_, scope.stop);
        result.error = failure_of(end);
        if (!result.error) {
            read_answer(end.output, result);
        }
        result.usage = result.usage.is_dict() ? result.usage : Value::dict({});
        if (result.usage.find("api_calls") == nullptr) {
            result.usage.set("api_calls", Value::integer(1));
        }
        if (result.finish_reason.empty()) {
            result.finish_reason = result.error ? "error" : "stop";
        }
        return result;
    }

    [[nodiscard]] bool has_tool_loop() const override {
        return config_.command->output == CommandForm::result;
    }
    [[nodiscard]] Value metadata() const override { return config_.metadata; }

  private:
    [[nodiscard]] std::string named() const {
        return "the agent " + config_.name + ": " + config_.command->argv.front();
    }

    std::string input_for(const AgentRequest& request, AgentResult& result) const {
        RenderedPrompt prompt;
        const Value input = request.input.is_dict() ? request.input : Value::dict({});
        if (texts_) {
            prompt = texts_->render(input, Value::list({}), Value::dict({}));
            result.rendered_user_prompt = prompt.user;
        }
        try {
            if (config_.command->input == CommandForm::text) {
                if (!texts_) {
                    return expression::to_json(input);
                }
                return prompt.system + (prompt.system.empty() ? "" : "\n\n") + prompt.user;
            }
            return expression::to_json(envelope(request, input, prompt));
        } catch (const expression::EvaluationError& error) {
            throw calls::CallError("ValueError", named() + ": writing its input: " + error.what());
        }
    }

    [[nodiscard]] Value envelope(const AgentRequest& request, const Value& input,
                                 const RenderedPrompt& prompt) const {
        Value value = Value::dict({});
        value.set("agent", text_value(config_.name));
        value.set("input", input);
        value.set("session_id",
                  request.session_id.empty() ? Value() : text_value(request.session_id));
        if (texts_) {
            value.set("system", text_value(prompt.system));
            value.set("user", text_value(prompt.user));
        }
        if (request.in_tool_loop) {
            List tools;
            for (const calls::ToolDefinition& tool : request.tools) {
                tools.push_back(tool.definition);
            }
            value.set("tools", Value::list(std::move(tools)));
            value.set("messages", request.messages.value_or(Value::list({})));
        }
        return value;
    }

    [[nodiscard]] std::optional<AgentError> failure_of(const CommandEnd& end) const {
        using How = CommandEnd::How;
        switch (end.how) {
            case How::not_started:
                return AgentError{
                    "CommandError", named() + ": " + end.error_tail, {}, end.is_transient};
            case How::timeout:
                return AgentError{"TimeoutError",
                                  named() + ": it was killed after " +
                                      base::human_duration(config_.command->timeout),
                                  {},
                                  true};
            case How::too_large:
                return AgentError{"CommandError",
                                  named() + ": it wrote more than the " +
                                      std::to_string(kMaxCommandAnswerBytes) +
                                      " bytes that its answer may have",
                                  {},
                                  false};
            case How::by_itself:
                break;
        }
        if (end.status.exit_code == 0) {
            return std::nullopt;
        }
        std::string message = named();
        message += end.status.signal ? " was ended by signal " + std::to_string(*end.status.signal)
                                     : " ended with exit code " +
                                           std::to_string(end.status.exit_code.value_or(-1));
        const std::string line = last_line(process::to_utf8(end.error_tail).text);
        message += line.empty() ? "" : ": " + expression::excerpt(line);
        return AgentError{
            "CommandError", std::move(message), {}, end.status.exit_code == kTemporaryFailure};
    }

    void read_answer(std::string& output, AgentResult& result) const {
        if (config_.command->output == CommandForm::text) {
            while (output.ends_with('\n') || output.ends_with('\r')) {
                output.pop_back();
            }
            result.content = process::to_utf8(output).text;
            return;
        }
        std::string wrong = "it wrote no JSON object";
        try {
            Value answer = expression::from_json(output);
            if (answer.is_dict()) {
                if (config_.command->output == CommandForm::json) {
                    result.output = std::move(answer);
                } else {
                    take_members(answer, result);
                }
                return;
            }
        } catch (const expression::EvaluationError& error) {
            wrong = std::string("it wrote no JSON: ") + error.what();
        }
        result.error =
            AgentError{"OutputError",
                       named() + ": " + wrong +
                           (output.empty() ? ", but nothing" : ": " + expression::excerpt(output)),
                       {},
                       false};
    }

    AgentConfig config_;
    std::vector<std::string> environment_;
    const base::Clock& clock_;
    std::optional<PromptTexts> texts_;
};

}  // namespace

std::shared_ptr<calls::Agent> make_command_agent(AgentConfig config,
                                                 std::vector<std::string> environment,
                                                 const base::Clock& clock) {
    return std::make_shared<CommandAgent>(std::move(config), std::move(environment), clock);
}

}  // namespace fleet::agents
