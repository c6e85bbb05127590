// The prompt part of an agent: texts, output schema, tools.
#include <utility>

#include "machines/agents/agent_loader.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"
#include "machines/template/template.hpp"

namespace fleet::agents {
namespace {

using config::Fields;
using config::Findings;
using config::Node;
using config::SourceText;

const std::vector<std::string>& type_names() {
    static const std::vector<std::string> names{"str",  "int",  "float", "bool",
                                                "json", "list", "object"};
    return names;
}

std::optional<SourceText> read_template(Fields& fields, const std::string& key) {
    auto source = fields.source(key);
    if (source) {
        try {
            (void)templates::Template::parse(source->text, templates::Mode::prompt);
        } catch (const expression::EvaluationError& error) {
            fields.findings().error({source->at, fields.path_of(key)},
                                    "`" + key + "` is no template: " + error.what(),
                                    "the lines are counted from the text's first one");
        }
    }
    return source;
}

std::vector<OutputField> read_members(const Node& map, const std::string& path, Findings& findings);

OutputField read_field(const Node& node, const std::string& name, const std::string& path,
                       Findings& findings) {
    OutputField field;
    field.name = name;
    if (!node.is_map()) {
        findings.error({node.at, path},
                       "the output `" + name + "` is " + std::string(config::name_of(node.kind)) +
                           " and should be a mapping",
                       "write `type: str` below it");
        return field;
    }
    Fields fields(node, path, findings);
    const auto type = fields.choice("type", type_names());
    if (!fields.has("type")) {
        findings.error(fields.place(), "the output `" + name + "` has no `type`",
                       "add one of " + config::one_of(type_names()));
    }
    field.type = static_cast<FieldType>(type.value_or(0));
    field.description = fields.text("description").value_or("");
    field.choices = fields.texts("enum").value_or(std::vector<std::string>{});
    field.required = fields.boolean("required").value_or(true);
    if (const Node* const items = fields.get("items")) {
        field.items.push_back(read_field(*items, "", fields.path_of("items"), findings));
    }
    if (const Node* const properties = fields.get("properties", Node::Kind::map)) {
        field.properties = read_members(*properties, fields.path_of("properties"), findings);
    }
    fields.finish();
    return field;
}

std::vector<OutputField> read_members(const Node& map, const std::string& path,
                                      Findings& findings) {
    std::vector<OutputField> members;
    for (const config::Member& member : map.members) {
        members.push_back(read_field(member.value, member.key, path + '.' + member.key, findings));
    }
    return members;
}

void check_tool(const Node& tool, const std::string& path, Findings& findings) {
    if (!tool.is_map()) {
        findings.error({tool.at, path}, "a tool is a mapping",
                       "write `type: function` and `function: {name: ...}`");
        return;
    }
    Fields fields(tool, path, findings);
    (void)fields.choice("type", {"function"});
    const Node* const function = fields.get("function", Node::Kind::map);
    fields.finish();
    if (function == nullptr) {
        findings.error(fields.place(), "the tool has no `function`",
                       "write `function: {name: ...}`");
        return;
    }
    Fields inner(*function, fields.path_of("function"), findings);
    if (!inner.text("name")) {
        findings.error(inner.place(), "the tool's function has no `name`", "add `name:`");
    }
    (void)inner.text("description");
    (void)inner.get("parameters", Node::Kind::map);
    inner.finish();
}

}  // namespace

PromptConfig read_prompt(const Node& map, const std::string& path, Findings& findings) {
    PromptConfig prompt;
    prompt.file = findings.file();
    Fields fields(map, path, findings);
    prompt.name = fields.text("name").value_or("");
    prompt.system = read_template(fields, "system");
    if (auto user = read_template(fields, "user")) {
        prompt.user = std::move(*user);
    } else if (!fields.has("user")) {
        findings.error(fields.place(), "the prompt has no `user`",
                       "add `user:` with the text that is sent to the model");
    }
    prompt.instruction_suffix = read_template(fields, "instruction_suffix");
    prompt.post_history_instructions = read_template(fields, "post_history_instructions");
    if (const Node* const output = fields.get("output", Node::Kind::map)) {
        prompt.output = OutputSchema(read_members(*output, fields.path_of("output"), findings));
    }
    if (const Node* const mcp = fields.get("mcp")) {
        findings.error(fields.place_of(*mcp, "mcp"), "`mcp` is not supported by this program",
                       "declare `tools` and serve them with a hook command (docs/hooks.md)");
    }
    if (const Node* const tools = fields.get("tools", Node::Kind::list)) {
        for (std::size_t i = 0; i < tools->items.size(); ++i) {
            check_tool(tools->items[i], fields.path_of("tools." + std::to_string(i)), findings);
            prompt.tools.push_back(expression::from_json(config::to_json(tools->items[i])));
        }
    }
    fields.finish();
    return prompt;
}

}  // namespace fleet::agents
