#include "machines/engine/expression_checks.hpp"

#include <array>
#include <string>
#include <utility>

#include "machines/cel/cel.hpp"
#include "machines/config/inner_position.hpp"
#include "machines/engine/compile.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/expression.hpp"
#include "machines/expression/print.hpp"
#include "machines/template/render_value.hpp"

namespace fleet::engine {
namespace {

using config::Node;
using config::SourceText;
using expression::Value;

constexpr std::string_view kTemplateAdvice =
    "correct what stands in {{ }} or {% %}; what should stay as it is goes between {% raw %} and "
    "{% endraw %}";

class ExpressionChecks {
  public:
    ExpressionChecks(const config::MachineDefinition& machine, std::string path,
                     std::string_view source, config::Findings& findings)
        : machine_(machine), path_(std::move(path)), source_(source), findings_(findings) {}

    void run() {
        check_values(machine_.context, path_ + "data.context", {});
        for (const config::State& state : machine_.states) {
            check_state(state, path_ + "data.states." + state.name + '.');
        }
    }

  private:
    void check_state(const config::State& state, const std::string& path) {
        const std::string_view item = state.foreach ? std::string_view(state.as) : "";
        check_text(state.wait_for, path + "wait_for", {});
        check_text(state.session_id, path + "session_id", {});
        check_foreach(state.foreach, path + "foreach");
        check_text(state.key, path + "key", item);
        check_values(state.input, path + "input", item);
        check_values(state.output, path + "output", {});
        check_values(state.output_to_context, path + "output_to_context", {});
        check_values(state.launch_input, path + "launch_input", {});
        check_calls(state.machines, path + "machine");
        check_calls(state.launch, path + "launch");
        check_tool_loop(state.tool_loop, path + "tool_loop.");
        for (std::size_t i = 0; i < state.transitions.size(); ++i) {
            if (state.transitions[i].condition) {
                check_condition(*state.transitions[i].condition,
                                path + "transitions." + std::to_string(i) + ".condition");
            }
        }
    }

    void check_calls(const std::vector<config::MachineCall>& calls, const std::string& path) {
        for (std::size_t i = 0; i < calls.size(); ++i) {
            check_values(calls[i].input, path + '.' + std::to_string(i) + ".input", {});
        }
    }

    void check_tool_loop(const std::optional<config::ToolLoop>& loop, const std::string& path) {
        if (!loop) {
            return;
        }
        const std::array<
            std::pair<std::string_view, const std::optional<config::NumberOrTemplate>*>, 5>
            limits{std::pair{"max_tool_calls", &loop->max_tool_calls},
                   std::pair{"max_turns", &loop->max_turns},
                   std::pair{"tool_timeout", &loop->tool_timeout_s},
                   std::pair{"total_timeout", &loop->total_timeout_s},
                   std::pair{"max_cost", &loop->max_cost}};
        for (const auto& [name, limit] : limits) {
            if (*limit && !(*limit)->number) {
                check_text((*limit)->text, path + std::string(name), {});
            }
        }
    }

    void check_values(const std::optional<Node>& node, const std::string& path,
                      std::string_view item) {
        if (node) {
            check_node(*node, path, item);
        }
    }

    void check_node(const Node& node, const std::string& path, std::string_view item) {
        if (node.is_text()) {
            check_text(SourceText{node.text, node.at}, path, item);
        }
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            check_node(node.items[i], path + '.' + std::to_string(i), item);
        }
        for (const config::Member& member : node.members) {
            check_node(member.value, path + '.' + member.key, item);
        }
    }

    void check_text(const std::optional<SourceText>& text, const std::string& path,
                    std::string_view item) {
        if (!text) {
            return;
        }
        if (const auto parsed = parsed_template(*text, path, item);
            parsed && parsed->is_constant()) {
            warn_of_lost_path(*text, path, item);
        }
    }

    /// nullopt when it is none, which is reported.
    std::optional<templates::ValueTemplate> parsed_template(const SourceText& text,
                                                            const std::string& path,
                                                            std::string_view item) {
        try {
            return templates::ValueTemplate::parse(Value::string(text.text), item);
        } catch (const expression::EvaluationError& error) {
            report(error, text, path, "this is no template", std::string(kTemplateAdvice));
        }
        return std::nullopt;
    }

    /// `context.users[0]` is no bare path: it would stay these letters.
    void warn_of_lost_path(const SourceText& text, const std::string& path, std::string_view item) {
        bool is_rooted = false;
        for (const std::string_view root : {std::string_view("context"), std::string_view("input"),
                                            std::string_view("output"), item}) {
            is_rooted =
                is_rooted ||
                (!root.empty() && text.text.starts_with(root) && text.text.size() > root.size() &&
                 (text.text[root.size()] == '.' || text.text[root.size()] == '['));
        }
        if (!is_rooted) {
            return;
        }
        try {
            static_cast<void>(expression::Expression::parse(text.text));
        } catch (const expression::EvaluationError&) {
            return;  // It is prose.
        }
        findings_.warn({text.at, path},
                       "`" + expression::excerpt(text.text) +
                           "` is no path of names and points, so it stays this text",
                       "write \"{{ " + expression::excerpt(text.text) + " }}\"");
    }

    void check_foreach(const std::optional<SourceText>& text, const std::string& path) {
        if (!text) {
            return;
        }
        const auto parsed = parsed_template(*text, path, {});
        if (!parsed || !parsed->is_constant()) {
            return;
        }
        try {
            if (expression::from_json(text->text).is_list_like()) {
                return;
            }
        } catch (const expression::EvaluationError&) {
            // Told below.
        }
        findings_.error({text->at, path},
                        "`" + expression::excerpt(text->text) +
                            "` is neither a path nor a template, so it is never a list",
                        "write a path such as context.items, or a template that gives JSON",
                        config::Fault::expression);
    }

    void check_condition(const SourceText& text, const std::string& path) {
        const bool is_cel = machine_.expression_engine == config::ExpressionEngine::cel;
        if (text.text.empty() || constant_condition(text.text)) {
            return;
        }
        try {
            if (is_cel) {
                static_cast<void>(cel::CelExpression::parse(text.text));
            } else {
                static_cast<void>(expression::Expression::parse(text.text));
            }
        } catch (const expression::EvaluationError& error) {
            report(error, text, path, "this condition cannot be read",
                   is_cel ? "write a CEL expression such as \"context.score >= 8.0 && "
                            "!context.done\""
                          : "write an expression such as \"context.score >= 8 and not "
                            "context.done\"");
        }
    }

    void report(const expression::EvaluationError& error, const SourceText& text,
                const std::string& path, const std::string& what, std::string advice) {
        const auto* const syntax = dynamic_cast<const expression::SyntaxError*>(&error);
        const auto inner = syntax == nullptr ? std::nullopt
                                             : config::inner_position(source_, text.at, text.text,
                                                                      syntax->offset());
        findings_.error({inner.value_or(text.at), path},
                        inner ? what + ": " + syntax->reason() + " (in `" +
                                    expression::excerpt(text.text) + "`)"
                              : what + ": " + error.what(),
                        std::move(advice), config::Fault::expression);
    }

    const config::MachineDefinition& machine_;
    const std::string path_;
    const std::string_view source_;
    config::Findings& findings_;
};

}  // namespace

void check_expressions(const config::MachineDefinition& machine, const std::string& path,
                       std::string_view source, config::Findings& findings) {
    ExpressionChecks(machine, path, source, findings).run();
}

}  // namespace fleet::engine
