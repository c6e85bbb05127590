#include "machines/agents/agent_loader.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "machines/config/document.hpp"
#include "machines/expression/print.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace fleet;
using namespace fleet::agents;
using Catch::Matchers::Contains;

/// Loads the agent `parts/agent.yml` among the given files.
LoadedAgent load(const std::map<std::string, std::string>& texts) {
    std::map<std::string, config::Node> nodes;
    for (const auto& [name, text] : texts) {
        auto parsed = config::parse_document(text, name, config::Syntax::yaml);
        REQUIRE(parsed.root);
        nodes[name] = std::move(*parsed.root);
    }
    const AgentFiles files(nodes, {});
    return load_agent({.document = nodes.at("parts/agent.yml"),
                       .file = "parts/agent.yml",
                       .path = {},
                       .name = "writer",
                       .machine_file = "machine.yml"},
                      files);
}

std::string lines_of(const LoadedAgent& loaded) {
    std::string text;
    for (const auto& one : loaded.diagnostics) {
        text += one.line() + '\n';
    }
    return text;
}

constexpr const char* kCatalogue = R"(spec: flatprofile
spec_version: "4.2.1"
data:
  model_profiles:
    cheap: {provider: acme, name: small, temperature: 0.5, max_tokens: 100}
    strong: {type: llm, model: {provider: acme, name: large}}
metadata:
  prices:
    acme/large: {input: 2.5, output: 10}
)";

std::string agent_with(const std::string& prompt, const std::string& profile) {
    return "spec: flatagent\nspec_version: \"4.2.1\"\ndata:\n  prompt: " + prompt +
           "\n  profile: " + profile + "\n";
}

}  // namespace

TEST_CASE("an agent's prompt and profile are found from the agent's own file") {
    const LoadedAgent loaded = load({{"parts/agent.yml", agent_with("../prompts/p.yml", "strong")},
                                     {"prompts/p.yml", R"(spec: prompt
spec_version: "4.2.1"
data:
  name: summarise
  system: "You are {{ model.name }}"
  user: "{{ input.text }}"
  instruction_suffix: Be brief.
  post_history_instructions: Stay calm.
  output:
    title: {type: str, description: "the title"}
    tags: {type: list, items: {type: str}, required: false}
  tools:
    - {type: function, function: {name: look, parameters: {type: object}}}
)"},
                                     {"parts/profiles.yml", kCatalogue}});
    CAPTURE(lines_of(loaded));
    REQUIRE(loaded.config);
    const AgentConfig& config = *loaded.config;
    CHECK(config.model->name == "large");
    CHECK(config.model->provider == "acme");
    CHECK(config.model->prices.at("acme/large").output == 10);
    REQUIRE(config.prompt);
    CHECK(config.prompt->file == "prompts/p.yml");
    CHECK(config.prompt->user.text == "{{ input.text }}");
    CHECK(config.prompt->instruction_suffix->text == "Be brief.");
    CHECK(config.prompt->post_history_instructions->text == "Stay calm.");
    CHECK_FALSE(config.prompt->output.empty());
    CHECK(config.prompt->tools.size() == 1);
}

TEST_CASE("the nearest catalogue counts, and its override wins over the agent") {
    const std::string agent = agent_with("{user: hi}", "cheap");
    CHECK(load({{"parts/agent.yml", agent}, {"profiles.yml", kCatalogue}}).config->model->name ==
          "small");
    const std::string overriding = std::string(kCatalogue) + "";
    std::string with_override = kCatalogue;
    with_override.insert(with_override.find("metadata:"), "  override: strong\n");
    CHECK(load({{"parts/agent.yml", agent},
                {"parts/profiles.yml", with_override},
                {"profiles.yml", kCatalogue}})
              .config->model->name == "large");
}

TEST_CASE("a catalogue in the agent resolves by its default, or by being alone") {
    const auto name_of = [](const std::string& catalogue) {
        const LoadedAgent loaded = load({{"parts/agent.yml", agent_with("{user: hi}", catalogue)}});
        return loaded.config ? loaded.config->model->name : lines_of(loaded);
    };
    const std::string begin = "{spec: flatprofile, spec_version: \"4.2.1\", data: {";
    CHECK(name_of(begin + "model_profiles: {a: {provider: x, name: one}}}}") == "one");
    CHECK(name_of(begin + "default: b, model_profiles: {a: {provider: x, name: one}, "
                          "b: {name: y/two}}}}") == "two");
    CHECK_THAT(name_of(begin + "model_profiles: {a: {provider: x, name: one}, "
                               "b: {provider: y, name: two}}}}"),
               Contains("does not say which profile is meant"));
    CHECK(name_of("{provider: x, name: bare}") == "bare");
}

TEST_CASE(
    "a profile that is missing is an error that names the nearest, or a warning with a "
    "default") {
    const std::string agent = agent_with("{user: hi}", "stong");
    const LoadedAgent missing =
        load({{"parts/agent.yml", agent}, {"parts/profiles.yml", kCatalogue}});
    CHECK_FALSE(missing.config);
    CHECK_THAT(lines_of(missing),
               Contains("parts/agent.yml:5:12: error: there is no profile `stong` in "
                        "parts/profiles.yml") &&
                   Contains("did you mean `strong`?"));

    std::string with_default = kCatalogue;
    with_default.insert(with_default.find("metadata:"), "  default: cheap\n");
    const LoadedAgent fallback =
        load({{"parts/agent.yml", agent}, {"parts/profiles.yml", with_default}});
    REQUIRE(fallback.config);
    CHECK(fallback.config->model->name == "small");
    CHECK_THAT(lines_of(fallback), Contains("warning") && Contains("its default `cheap` is used"));

    const LoadedAgent none = load({{"parts/agent.yml", agent}});
    CHECK_THAT(lines_of(none), Contains("there is no parts/profiles.yml"));
}

TEST_CASE("everything that is wrong is told at once, with its place") {
    const LoadedAgent loaded = load({{"parts/agent.yml", R"(spec: flatagent
spec_version: "4.2.1"
data:
  prompt: p.yml
  profle: x
  profile:
    provider: acme
    name: m
    temprature: 1
    max_tokens: none
    backend: codex
    oauth: {provider: x}
    api: graphql
)"},
                                     {"parts/p.yml", R"(sistem: hello
user: "{{ input.x "
output:
  n: {type: integer}
  m: {description: no type}
mcp: {servers: {}, tool_prompt: ""}
tools: [{type: function}]
)"}});
    CHECK_FALSE(loaded.config);
    const std::string lines = lines_of(loaded);
    CHECK_THAT(lines, Contains("parts/agent.yml:5:3: error: there is no key `profle` here") &&
                          Contains("did you mean `profile`?"));
    CHECK_THAT(lines,
               Contains("no key `temprature` here") && Contains("did you mean `temperature`?"));
    CHECK_THAT(lines, Contains("`max_tokens` is a text and should be a number"));
    CHECK_THAT(lines, Contains("the backend `codex` is not supported") &&
                          Contains("`oauth` is not supported") &&
                          Contains("`api` cannot be `graphql`"));
    CHECK_THAT(lines, Contains("parts/p.yml:1:1: error: there is no key `sistem` here") &&
                          Contains("`user` is no template"));
    CHECK_THAT(lines,
               Contains("`type` cannot be `integer`") && Contains("the output `m` has no `type`"));
    CHECK_THAT(lines, Contains("`mcp` is not supported") && Contains("declare `tools`"));
    CHECK_THAT(lines, Contains("the tool has no `function`"));
}

TEST_CASE("what an agent cannot do without is named") {
    const auto lines = [](const std::string& text) {
        return lines_of(load({{"parts/agent.yml", text}}));
    };
    CHECK_THAT(lines("spec: flatmachine\n"), Contains("begins with `spec: flatagent`"));
    CHECK_THAT(lines("spec: flatagent\ndata: {}\n"),
               Contains("has no `prompt`") && Contains("has no `profile`"));
    CHECK_THAT(lines(agent_with("gone.yml", "{provider: a, name: m}")),
               Contains("the prompt's file is missing: parts/gone.yml"));
    CHECK_THAT(lines(agent_with("{system: x}", "{provider: a, name: m}")),
               Contains("the prompt has no `user`"));
    CHECK_THAT(lines(agent_with("{user: x}", "{type: claude-code}")),
               Contains("`claude-code` are not supported") && Contains("type: command"));
    CHECK_THAT(lines(agent_with("{user: x}", "{name: m}")), Contains("has no `provider`"));
    CHECK_THAT(lines(agent_with("{user: x}", "{name: m, base_url: \"ftp://x\"}")),
               Contains("`base_url` is no http or https URL"));
    CHECK_THAT(lines(agent_with("{user: x}", "{type: command}")), Contains("has no `argv`"));
}

TEST_CASE("files that the machine did not bring are read from its folder") {
    const test_support::TemporaryFolder folder;
    std::ofstream(folder.path() / "p.yml") << "user: from the disk\n";
    std::map<std::string, config::Node> held;
    const AgentFiles files(held, folder.path());
    const auto parsed = config::parse_document(agent_with("p.yml", "{provider: a, name: m}"),
                                               "agent.yml", config::Syntax::yaml);
    const LoadedAgent loaded = load_agent({.document = *parsed.root,
                                           .file = "agent.yml",
                                           .path = {},
                                           .name = "writer",
                                           .machine_file = {}},
                                          files);
    REQUIRE(loaded.config);
    CHECK(loaded.config->prompt->user.text == "from the disk");
}
