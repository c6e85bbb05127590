#include "machines/config/node.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "common/base/json.hpp"

namespace fleet::config {
namespace {

void append_json(std::string& json, const Node& node);

void append_list(std::string& json, const Node& node) {
    json += '[';
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        json += i == 0 ? "" : ",";
        append_json(json, node.items[i]);
    }
    json += ']';
}

void append_map(std::string& json, const Node& node) {
    json += '{';
    for (std::size_t i = 0; i < node.members.size(); ++i) {
        json += i == 0 ? "" : ",";
        json += base::dump_json(node.members[i].key);
        json += ':';
        append_json(json, node.members[i].value);
    }
    json += '}';
}

void append_json(std::string& json, const Node& node) {
    switch (node.kind) {
        case Node::Kind::null:
            json += "null";
            break;
        case Node::Kind::boolean:
        case Node::Kind::integer:
        case Node::Kind::number:
            json += node.text;
            break;
        case Node::Kind::text:
            json += base::dump_json(node.text);
            break;
        case Node::Kind::list:
            append_list(json, node);
            break;
        case Node::Kind::map:
            append_map(json, node);
            break;
    }
}

}  // namespace

std::optional<bool> Node::as_boolean() const {
    return kind == Kind::boolean ? std::optional(text == "true") : std::nullopt;
}

std::optional<double> Node::as_number() const {
    if (!is_number()) {
        return std::nullopt;
    }
    if (text == "NaN") {
        return std::numeric_limits<double>::quiet_NaN();
    }
    if (text == "Infinity" || text == "-Infinity") {
        const double infinity = std::numeric_limits<double>::infinity();
        return text.front() == '-' ? -infinity : infinity;
    }
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) {
        const bool is_small = text.find("e-") != std::string::npos;
        const double far = is_small ? 0.0 : std::numeric_limits<double>::infinity();
        return text.front() == '-' ? -far : far;
    }
    return value;
}

std::optional<std::int64_t> Node::as_integer() const {
    if (kind != Kind::integer) {
        return std::nullopt;
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() ? std::optional(value) : std::nullopt;
}

const Member* Node::find(std::string_view key) const {
    const auto found =
        std::ranges::find_if(members, [&](const Member& member) { return member.key == key; });
    return found == members.end() ? nullptr : &*found;
}

base::JsonText to_json(const Node& node) {
    base::JsonText json;
    append_json(json, node);
    return json;
}

std::string_view name_of(Node::Kind kind) {
    static constexpr std::array<std::string_view, 7> kNames{
        "nothing", "a boolean", "an integer", "a number", "a text", "a list", "a mapping"};
    return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace fleet::config
