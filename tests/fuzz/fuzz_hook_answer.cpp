// What a hook's command or endpoint answers: its first line, and the answers to requests.
#include "machines/calls/hook_protocol.hpp"
#include "machines/expression/print.hpp"
#include "tests/fuzz/target.hpp"

namespace fleet::fuzz {
namespace {

/// A refusal says what was wrong in text that JSON can carry.
void check_refusal(const calls::CallError& error) {
    (void)expression::from_json(
        expression::to_json(expression::Value::string(std::string(error.what()))));
}

void answer(std::string_view input) {
    try {
        const calls::HookAnswer parsed = calls::parse_answer(input);
        if (const auto* result = std::get_if<expression::Value>(&parsed.outcome)) {
            const std::string text = expression::to_json(*result);
            require(expression::to_json(expression::from_json(text)) == text,
                    "a result can be written and read again");
        } else {
            require(!std::get<calls::HookFailure>(parsed.outcome).type.empty(),
                    "an error has a type");
        }
    } catch (const calls::CallError& error) {
        require(error.type() == "HookProtocolError", "what is no answer breaks the protocol");
        check_refusal(error);
    }
}

void hello(std::string_view input) {
    try {
        const calls::HookHello parsed = calls::parse_hello(input);
        for (const std::string& method : parsed.methods) {
            require(parsed.handles(method), "a named method is handled");
        }
        for (const calls::ToolDefinition& tool : parsed.tools) {
            require(!tool.name.empty(), "a tool has a name");
        }
    } catch (const calls::CallError& error) {
        check_refusal(error);
    }
}

}  // namespace

void run(std::string_view input) {
    answer(input);
    hello(input);
}

}  // namespace fleet::fuzz
