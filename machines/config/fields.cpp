#include "machines/config/fields.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "machines/config/yaml_scalar.hpp"

namespace fleet::config {
namespace {

std::string example_for(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::map:
            return "write `name: value` lines below it";
        case Node::Kind::list:
            return "write `- value` lines below it, or [a, b]";
        case Node::Kind::text:
            return "put it into quotes";
        case Node::Kind::boolean:
            return "write true or false";
        default:
            return "write a number without quotes";
    }
}

std::string plain(double number) {
    constexpr double kMostDigits = 1e15;
    if (std::floor(number) == number && std::abs(number) < kMostDigits) {
        return std::to_string(static_cast<std::int64_t>(number));
    }
    std::string text = number_text(number);
    return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

}  // namespace

std::optional<std::string> name_text(const Node& value) {
    if (value.is_text()) {
        return value.text;
    }
    if (value.is_null() || value.is_list() || value.is_map()) {
        return std::nullopt;
    }
    return value.source.empty() ? value.text : value.source;
}

Fields::Fields(const Node& map, std::string path, Findings& findings)
    : map_(map), path_(std::move(path)), findings_(findings) {}

const Node* Fields::get(std::string_view key) {
    if (std::ranges::find(known_, key) == known_.end()) {
        known_.emplace_back(key);
    }
    const Member* const member = map_.find(key);
    return member == nullptr || member->value.is_null() ? nullptr : &member->value;
}

const Node* Fields::get(std::string_view key, Node::Kind kind) {
    const Node* const value = get(key);
    if (value != nullptr && value->kind != kind) {
        wrong_kind(*value, key, name_of(kind));
        return nullptr;
    }
    return value;
}

std::optional<Node> Fields::map(std::string_view key) {
    const Node* const value = get(key, Node::Kind::map);
    return value == nullptr ? std::nullopt : std::optional(*value);
}

std::optional<std::string> Fields::text(std::string_view key) {
    const Node* const value = get(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    auto text = name_text(*value);
    if (!value->is_text()) {
        wrong_kind(*value, key, "a text");
    }
    return text;
}

std::optional<SourceText> Fields::source(std::string_view key) {
    const Node* const value = get(key, Node::Kind::text);
    return value == nullptr ? std::nullopt : std::optional(SourceText{value->text, value->at});
}

std::optional<bool> Fields::boolean(std::string_view key) {
    const Node* const value = get(key, Node::Kind::boolean);
    return value == nullptr ? std::nullopt : value->as_boolean();
}

std::optional<double> Fields::number(std::string_view key, const Range& range) {
    const Node* const value = get(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    const auto number = value->as_number();
    if (!number) {
        wrong_kind(*value, key, "a number");
        return std::nullopt;
    }
    return check_range(*value, key, *number, range) ? number : std::nullopt;
}

std::optional<std::int64_t> Fields::integer(std::string_view key, const Range& range) {
    static constexpr double kLargest = 9e15;  // every integer up to it is a double exactly
    const auto number = this->number(key, range);
    if (!number) {
        return std::nullopt;
    }
    const Node& value = map_.find(key)->value;
    if (std::floor(*number) != *number || std::abs(*number) > kLargest) {
        findings_.error(
            place_of(value, key),
            "`" + std::string(key) + "` is " + plain(*number) + ", which is no whole number",
            "write a whole number");
        return std::nullopt;
    }
    return static_cast<std::int64_t>(*number);
}

std::optional<NumberOrTemplate> Fields::number_or_template(std::string_view key) {
    const Node* const value = get(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (value->is_text() && value->text.find("{{") != std::string::npos) {
        return NumberOrTemplate{std::nullopt, {value->text, value->at}};
    }
    const auto number = value->as_number();
    if (!number) {
        wrong_kind(*value, key, "a number or a template");
        return std::nullopt;
    }
    if (!check_range(*value, key, *number, {})) {
        return std::nullopt;
    }
    return NumberOrTemplate{number, {}};
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view key) {
    const Node* const list = get(key, Node::Kind::list);
    if (list == nullptr) {
        return std::nullopt;
    }
    std::vector<std::string> all;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
        const Node& item = list->items[i];
        if (auto text = name_text(item)) {
            all.push_back(std::move(*text));
        } else {
            wrong_kind(item, std::string(key) + '.' + std::to_string(i), "a text");
        }
    }
    return all;
}

std::optional<std::size_t> Fields::choice(std::string_view key,
                                          const std::vector<std::string>& names) {
    const Node* const value = get(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_text()) {
        wrong_kind(*value, key, one_of(names));
        return std::nullopt;
    }
    const auto found = std::ranges::find(names, value->text);
    if (found == names.end()) {
        findings_.error(place_of(*value, key),
                        "`" + std::string(key) + "` cannot be `" + value->text + "`",
                        suggestion(value->text, names));
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - names.begin());
}

void Fields::finish() {
    for (const Member& member : map_.members) {
        if (std::ranges::find(known_, member.key) == known_.end()) {
            findings_.error({member.at, path_}, "there is no key `" + member.key + "` here",
                            suggestion(member.key, known_));
        }
    }
}

bool Fields::has(std::string_view key) const {
    const Member* const member = map_.find(key);
    return member != nullptr && !member->value.is_null();
}

Place Fields::place_of_key(std::string_view key) const {
    const Member* const member = map_.find(key);
    return member == nullptr ? place() : Place{member->at, path_of(key)};
}

Place Fields::place_of(const Node& value, std::string_view key) const {
    return {value.at, path_of(key)};
}

std::string Fields::path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + '.' + std::string(key);
}

void Fields::wrong_kind(const Node& value, std::string_view key, std::string_view wanted) {
    std::string advice;
    for (const Node::Kind kind : {Node::Kind::map, Node::Kind::list, Node::Kind::text,
                                  Node::Kind::boolean, Node::Kind::number}) {
        if (wanted == name_of(kind)) {
            advice = example_for(kind);
        }
    }
    findings_.error(place_of(value, key),
                    "`" + std::string(key) + "` is " + std::string(name_of(value.kind)) +
                        " and should be " + std::string(wanted),
                    advice);
}

bool Fields::check_range(const Node& value, std::string_view key, double number,
                         const Range& range) {
    if (number >= range.least && (!range.most || number <= *range.most)) {
        return true;
    }
    const std::string limits =
        range.most ? "write a number from " + plain(range.least) + " to " + plain(*range.most)
                   : "write " + plain(range.least) + " or more";
    findings_.error(place_of(value, key), "`" + std::string(key) + "` cannot be " + plain(number),
                    limits);
    return false;
}

}  // namespace fleet::config
