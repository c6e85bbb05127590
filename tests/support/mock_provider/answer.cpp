#include "tests/support/mock_provider/answer.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace fleet::mock_provider {
namespace {

using base::Json;

/// The characters of UTF-8 text from the last to the first.
std::string reversed(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    std::size_t end = text.size();
    while (end > 0) {
        std::size_t begin = end - 1;
        while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) {
            --begin;
        }
        result += text.substr(begin, end - begin);
        end = begin;
    }
    return result;
}

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text;
}

/// {text} and {model} replaced by the call's.
std::string filled(std::string_view pattern, const Call& call) {
    std::string result;
    while (!pattern.empty()) {
        const std::size_t at = pattern.find('{');
        result += pattern.substr(0, at);
        if (at == std::string_view::npos) {
            break;
        }
        pattern.remove_prefix(at);
        if (pattern.starts_with("{text}")) {
            result += call.user_text;
            pattern.remove_prefix(6);
        } else if (pattern.starts_with("{model}")) {
            result += call.model;
            pattern.remove_prefix(7);
        } else {
            result += '{';
            pattern.remove_prefix(1);
        }
    }
    return result;
}

Json filled_json(const Json& pattern, const Call& call) {
    Json value = pattern;
    if (value.is_string()) {
        value = filled(value.get_ref<const std::string&>(), call);
    } else if (value.is_structured()) {
        for (Json& inner : value) {
            inner = filled_json(inner, call);
        }
    }
    return value;
}

bool fits(const AnswerRule& rule, const Call& call) {
    return (!rule.model || *rule.model == call.model) &&
           (!rule.after_tool || *rule.after_tool == call.after_tool) &&
           (!rule.contains || call.user_text.find(*rule.contains) != std::string::npos);
}

std::string text_of(const AnswerRule& rule, const Call& call) {
    switch (rule.form) {
        case AnswerForm::echo:
            return call.user_text;
        case AnswerForm::upper:
            return upper(call.user_text);
        case AnswerForm::reversed:
            return reversed(call.user_text);
        case AnswerForm::text:
            return filled(rule.text, call);
        case AnswerForm::json:
            return base::dump_json(filled_json(rule.json, call));
        case AnswerForm::tool_calls:
            break;
    }
    return {};
}

std::string finish_reason(Endpoint endpoint, bool tools, bool cut) {
    if (endpoint == Endpoint::messages) {
        return cut ? "max_tokens" : tools ? "tool_use" : "end_turn";
    }
    return cut ? "length" : tools ? "tool_calls" : "stop";
}

}  // namespace

Answer answer_to(const Call& call, const std::vector<AnswerRule>& rules) {
    static const AnswerRule kEcho{};
    const auto found =
        std::ranges::find_if(rules, [&](const AnswerRule& rule) { return fits(rule, call); });
    const AnswerRule& rule = found == rules.end() ? kEcho : *found;
    Answer answer;
    answer.tools = rule.tools;
    answer.text = text_of(rule, call);
    std::size_t bytes = answer.text.size();
    for (const ToolCall& tool : answer.tools) {
        bytes += tool.name.size() + tool.arguments.size();
    }
    answer.output_tokens = tokens_of_bytes(bytes);
    bool cut = false;
    if (call.max_tokens && answer.output_tokens > *call.max_tokens) {
        cut = true;
        answer.output_tokens = *call.max_tokens;
        answer.text = first_tokens(answer.text, *call.max_tokens);
    }
    answer.finish_reason =
        rule.finish_reason.value_or(finish_reason(call.endpoint, !answer.tools.empty(), cut));
    answer.input_tokens = rule.input_tokens.value_or(call.input_tokens);
    answer.output_tokens = rule.output_tokens.value_or(answer.output_tokens);
    return answer;
}

}  // namespace fleet::mock_provider
