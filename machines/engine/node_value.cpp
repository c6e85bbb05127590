#include "machines/engine/node_value.hpp"

#include <utility>

#include "machines/expression/literals.hpp"

namespace fleet::engine {

expression::Value value_of(const config::Node& node) {
    using expression::Value;
    switch (node.kind) {
        case config::Node::Kind::null:
            return {};
        case config::Node::Kind::boolean:
            return Value::boolean(node.as_boolean().value_or(false));
        case config::Node::Kind::integer:
            if (const auto integer = node.as_integer()) {
                return Value::integer(*integer);
            }
            return expression::integer_of_text(node.text, 10);
        case config::Node::Kind::number:
            return Value::floating(node.as_number().value_or(0));
        case config::Node::Kind::text:
            return Value::string(node.text);
        case config::Node::Kind::list: {
            expression::List items;
            items.reserve(node.items.size());
            for (const config::Node& item : node.items) {
                items.push_back(value_of(item));
            }
            return Value::list(std::move(items));
        }
        case config::Node::Kind::map:
            break;
    }
    expression::Dict entries;
    entries.reserve(node.members.size());
    for (const config::Member& member : node.members) {
        entries.set(member.key, value_of(member.value));
    }
    return Value::dict(std::move(entries));
}

}  // namespace fleet::engine
