// A table of hooks as it is kept with a machine.
#include <filesystem>

#include "common/base/errors.hpp"
#include "machines/calls/hook_table.hpp"

namespace fleet::calls {
namespace {

using config::Member;
using config::Node;

Node text_node(std::string text) {
    Node node;
    node.kind = Node::Kind::text;
    node.text = std::move(text);
    return node;
}

Node map_node() {
    Node node;
    node.kind = Node::Kind::map;
    return node;
}

void add(Node& map, std::string key, Node value) {
    map.members.push_back(Member{std::move(key), {}, std::move(value)});
}

void add_text(Node& map, std::string key, const std::string& text) {
    if (!text.empty()) {
        add(map, std::move(key), text_node(text));
    }
}

void add_pairs(Node& map, std::string key,
               const std::vector<std::pair<std::string, std::string>>& pairs) {
    if (pairs.empty()) {
        return;
    }
    Node inner = map_node();
    for (const auto& [name, text] : pairs) {
        add(inner, name, text_node(text));
    }
    add(map, std::move(key), std::move(inner));
}

/// In seconds, exactly: "2.500".
Node timeout_node(base::Millis timeout) {
    const std::string milliseconds = std::to_string(timeout.count() % 1000);
    Node node;
    node.kind = Node::Kind::number;
    node.text = std::to_string(timeout.count() / 1000) + '.' +
                std::string(3 - milliseconds.size(), '0') + milliseconds;
    return node;
}

Node entry_node(const CommandEntry& entry) {
    Node node = map_node();
    Node command;
    command.kind = Node::Kind::list;
    for (const std::string& argument : entry.command) {
        command.items.push_back(text_node(argument));
    }
    add(node, "command", std::move(command));
    add_pairs(node, "env", entry.env);
    add_text(node, "cwd", entry.directory);
    if (entry.concurrent) {
        Node concurrent;
        concurrent.kind = Node::Kind::boolean;
        concurrent.text = *entry.concurrent ? "true" : "false";
        add(node, "concurrent", std::move(concurrent));
    }
    add(node, "timeout", timeout_node(entry.timeout));
    return node;
}

Node entry_node(const EndpointEntry& entry) {
    Node node = map_node();
    add_text(node, "url", entry.url);
    add_text(node, "api_key_env", entry.api_key_env);
    add_text(node, "api_key_file", entry.api_key_file);
    add_pairs(node, "headers", entry.headers);
    add(node, "timeout", timeout_node(entry.timeout));
    return node;
}

}  // namespace

config::Node stored_hooks(const HookTable& table) {
    Node stored = map_node();
    for (const auto& [name, entry] : table) {
        add(stored, name, std::visit([](const auto& one) { return entry_node(one); }, entry));
    }
    return stored;
}

HookTable read_stored_hooks(const config::Node& stored) {
    config::Findings findings("stored configuration");
    // All paths are absolute already.
    HookTable table = read_hook_table(stored, "hooks", std::filesystem::path("/"), findings);
    if (config::has_errors(findings.all())) {
        throw base::ConfigError("reading the hooks stored with a machine: " +
                                findings.all().front().line());
    }
    return table;
}

}  // namespace fleet::calls
