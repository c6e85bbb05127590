#include "machines/calls/hook_protocol.hpp"

#include <algorithm>
#include <utility>

#include "common/base/nearest.hpp"
#include "common/process/utf8.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace fleet::calls {
namespace {

using expression::Dict;
using expression::Kind;
using expression::Value;

constexpr std::size_t kQuotedBytes = 200;

[[noreturn]] void broken(const std::string& what, std::string_view line) {
    throw CallError("HookProtocolError",
                    process::to_utf8(what + ": " + quoted_beginning(line)).text);
}

Value parse_object(std::string_view line) {
    Value value;
    try {
        value = expression::from_json(line);
    } catch (const expression::EvaluationError& error) {
        broken(std::string("an answer is not JSON (") + error.what() + ")", line);
    }
    if (!value.is_dict()) {
        broken("an answer is no JSON object", line);
    }
    return value;
}

std::uint64_t id_of(const Value& answer, std::string_view line) {
    const Value* const id = answer.find("id");
    if (id == nullptr) {
        broken("an answer has no `id`", line);
    }
    if (!id->is(Kind::integer) || id->as_integer() < 0) {
        broken("an answer's `id` is no whole number", line);
    }
    return static_cast<std::uint64_t>(id->as_integer());
}

/// A text, or `otherwise` when there is none.
std::string text_member(const Value& object, std::string_view name, std::string_view otherwise) {
    const Value* const member = object.find(name);
    return member != nullptr && member->is_string() && !member->as_string().empty()
               ? member->as_string()
               : std::string(otherwise);
}

HookFailure failure_of(const Value& error, std::string_view line) {
    if (!error.is_dict()) {
        broken("an answer's `error` is no object {type, message}", line);
    }
    return {text_member(error, "type", "HookError"),
            text_member(error, "message", "the hook gave no message")};
}

std::vector<std::string> methods_of(const Value& hello, std::string_view line) {
    const Value* const methods = hello.find("methods");
    if (methods == nullptr || !methods->is_list_like()) {
        broken("`hello` has no list `methods`", line);
    }
    std::vector<std::string> all;
    const std::vector<std::string> known(kHookMethods.begin(), kHookMethods.end());
    for (const Value& method : methods->as_list()) {
        if (!method.is_string()) {
            broken("`methods` in `hello` holds something that is no text", line);
        }
        if (std::ranges::find(known, method.as_string()) == known.end()) {
            const auto nearest = base::nearest_name(method.as_string(), known);
            broken("`hello` names the method `" + method.as_string() + "`, which there is not" +
                       (nearest ? " (did you mean `" + *nearest + "`?)" : ""),
                   line);
        }
        all.push_back(method.as_string());
    }
    return all;
}

/// Written as the provider wants it, or without the wrapping: {name, description, parameters}.
ToolDefinition tool_of(const Value& tool, std::string_view line) {
    const Value* const wrapped = tool.find("function");
    const Value& function = wrapped == nullptr ? tool : *wrapped;
    const std::string name = text_member(function, "name", "");
    if (name.empty()) {
        broken("a tool in `hello` has no `name`", line);
    }
    if (wrapped != nullptr) {
        return {name, tool};
    }
    Dict definition;
    definition.set("type", Value::string("function"));
    definition.set("function", function);
    return {name, Value::dict(std::move(definition))};
}

}  // namespace

std::string encode_request(const HookRequest& request) {
    std::string line =
        "{\"id\":" + std::to_string(request.id) + ",\"method\":\"" + request.method + '"';
    try {
        const std::string members = expression::to_json(request.members);
        if (members.size() > 2) {
            line += ',';
        }
        line.append(members, 1);
    } catch (const expression::EvaluationError& error) {
        throw CallError("HookRequestError", "the request " + request.method +
                                                " cannot be written as JSON: " + error.what());
    }
    line += '\n';
    if (line.size() > kMaxHookMessageBytes) {
        throw CallError("HookRequestError",
                        "the request " + request.method + " has " + std::to_string(line.size()) +
                            " bytes, more than the " + std::to_string(kMaxHookMessageBytes) +
                            " that a hook may be sent");
    }
    return line;
}

HookAnswer parse_answer(std::string_view line) {
    const Value answer = parse_object(line);
    HookAnswer parsed;
    parsed.id = id_of(answer, line);
    const Value* const result = answer.find("result");
    const Value* const error = answer.find("error");
    const bool failed = error != nullptr && !error->is_null();
    if (failed && result != nullptr && !result->is_null()) {
        broken("an answer has a `result` and an `error`", line);
    }
    if (failed) {
        parsed.outcome = failure_of(*error, line);
    } else if (result != nullptr) {
        parsed.outcome = *result;
    } else {
        broken("an answer has neither `result` nor `error`", line);
    }
    return parsed;
}

bool HookHello::handles(std::string_view method) const {
    return std::ranges::find(methods, method) != methods.end();
}

HookHello parse_hello(std::string_view line) {
    const Value answer = parse_object(line);
    if (const Value* const error = answer.find("error")) {
        const HookFailure failure = failure_of(*error, line);
        throw CallError(failure.type, failure.message);
    }
    const Value* const hello = answer.find("hello");
    if (hello == nullptr || !hello->is_dict()) {
        broken("the first line is no {\"hello\": {...}}", line);
    }
    const Value* const version = hello->find("version");
    if (version == nullptr || !version->is(Kind::integer)) {
        broken("`hello` has no `version`", line);
    }
    if (version->as_integer() != kHookProtocolVersion) {
        broken("`hello` speaks version " + std::to_string(version->as_integer()) +
                   " of the protocol; this program speaks " + std::to_string(kHookProtocolVersion),
               line);
    }
    HookHello parsed;
    parsed.methods = methods_of(*hello, line);
    if (const Value* const tools = hello->find("tools"); tools != nullptr && !tools->is_null()) {
        if (!tools->is_list_like()) {
            broken("`tools` in `hello` is no list", line);
        }
        for (const Value& tool : tools->as_list()) {
            parsed.tools.push_back(tool_of(tool, line));
        }
    }
    if (const Value* const concurrent = hello->find("concurrent")) {
        parsed.concurrent = concurrent->is(Kind::boolean) && concurrent->as_boolean();
    }
    return parsed;
}

std::string quoted_beginning(std::string_view line) {
    const bool cut = line.size() > kQuotedBytes;
    std::string text = process::to_utf8(process::utf8_prefix(line, kQuotedBytes)).text;
    for (char& character : text) {
        if (static_cast<unsigned char>(character) < 0x20 || character == 0x7f) {
            character = '?';
        }
    }
    return '"' + text + (cut ? "...\" (" + std::to_string(line.size()) + " bytes)" : "\"");
}

}  // namespace fleet::calls
