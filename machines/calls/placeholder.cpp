#include "machines/calls/placeholder.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"

namespace fleet::calls {
namespace {

bool is_name_character(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_';
}

/// Names joined by single dots.
bool is_path(std::string_view text) {
    bool after_name = false;
    for (const char character : text) {
        if (character == '.' ? !after_name : !is_name_character(character)) {
            return false;
        }
        after_name = character != '.';
    }
    return after_name;
}

std::string printed(const base::Json& value) {
    return value.is_string() ? value.get<std::string>() : base::dump_json(value);
}

/// -1 if it is no base64 character.
int base64_value(char character) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t at = kAlphabet.find(character);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

std::optional<std::string> from_base64(std::string_view text) {
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) {
        text.remove_suffix(1);
    }
    if (text.size() % 4 == 1) {
        return std::nullopt;
    }
    std::string bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    int count = 0;
    for (const char character : text) {
        const int value = base64_value(character);
        if (value < 0) {
            return std::nullopt;
        }
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes.push_back(static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xFFU));
        }
    }
    return bytes;
}

const base::Json* member(const base::Json& value, std::string_view name) {
    if (value.is_object()) {
        const auto found = value.find(std::string(name));
        return found == value.end() ? nullptr : &*found;
    }
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    const bool is_index = error == std::errc() && end == name.data() + name.size();
    return value.is_array() && is_index && index < value.size() ? &value[index] : nullptr;
}

const base::Json* find_path(const base::Json& value, std::string_view path) {
    if (const base::Json* whole = member(value, path)) {
        return whole;
    }
    const std::size_t dot = path.find('.');
    if (dot == std::string_view::npos) {
        return nullptr;
    }
    const base::Json* inner = member(value, path.substr(0, dot));
    return inner == nullptr ? nullptr : find_path(*inner, path.substr(dot + 1));
}

std::string of_item(const Item& item) {
    return item.number() > 0 ? "item " + std::to_string(item.number()) : "the input";
}

}  // namespace

struct Item::Value {
    base::Json json;
};

Item::Item(const base::JsonText& input, std::int64_t number) : number_(number) {
    if (input.empty()) {
        return;
    }
    const std::string where = of_item(*this);
    auto value = std::make_unique<Value>(Value{base::parse_json(input, where)});
    const base::Json* item = member(value->json, "item");
    const base::Json* bytes =
        value->json.is_object() ? member(value->json, "item_base64") : nullptr;
    if (bytes != nullptr && bytes->is_string()) {
        text_ = from_base64(bytes->get_ref<const std::string&>());
        if (!text_) {
            throw base::ConfigError(where + ": its member \"item_base64\" is not base64",
                                    "submit it again with --raw");
        }
    } else {
        text_ = printed(value->json.is_object() && item != nullptr ? *item : value->json);
    }
    value_ = std::move(value);
}

Item::~Item() = default;

std::optional<std::string> Item::field(const std::string& path) const {
    if (!value_) {
        return std::nullopt;
    }
    const base::Json* found = find_path(value_->json, path);
    if (found == nullptr) {
        return std::nullopt;
    }
    return path == "item" ? text_ : printed(*found);
}

// Braces are kept on a stack, so that the one that closes a literal "{{" can be told from the rest.
TextTemplate::TextTemplate(std::string_view text) {
    enum class Open : std::uint8_t { single, twice };
    std::vector<Open> open;
    std::string literal;
    const auto add = [&](Part part) {
        if (!literal.empty()) {
            parts_.emplace_back(Literal{std::exchange(literal, {})});
        }
        parts_.push_back(std::move(part));
        has_placeholder_ = true;
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        const std::string_view rest = text.substr(at);
        if (rest.starts_with("{{")) {
            literal += '{';
            open.push_back(Open::twice);
            ++at;
        } else if (rest.front() == '{') {
            const std::size_t close = rest.find('}');
            const std::string_view inside =
                close == std::string_view::npos ? "{" : rest.substr(1, close - 1);
            if (inside.empty()) {
                add(WholeItem{});
            } else if (inside == "#") {
                add(Number{});
            } else if (is_path(inside)) {
                add(Field{std::string(inside)});
            } else {
                literal += '{';
                open.push_back(Open::single);
                continue;
            }
            at += close;
        } else {
            literal += rest.front();
            if (rest.front() == '}' && !open.empty()) {
                at += open.back() == Open::twice && rest.starts_with("}}") ? 1 : 0;
                open.pop_back();
            }
        }
    }
    if (!literal.empty()) {
        parts_.emplace_back(Literal{std::move(literal)});
    }
}

std::variant<std::string, TemplateError> TextTemplate::expand(const Item& item) const {
    std::string result;
    for (const Part& part : parts_) {
        if (const auto* literal = std::get_if<Literal>(&part)) {
            result += literal->text;
        } else if (std::holds_alternative<Number>(part)) {
            result += std::to_string(item.number());
        } else if (std::holds_alternative<WholeItem>(part)) {
            if (!item.text()) {
                return TemplateError{"{}",
                                     "the placeholder {} stands for the item, but there is "
                                     "none; give items, or write {{} for the two characters"};
            }
            result += *item.text();
        } else {
            const std::string& path = std::get<Field>(part).path;
            const std::optional<std::string> value = item.field(path);
            if (!value) {
                return TemplateError{"{" + path + "}",
                                     of_item(item) + " has no field \"" + path +
                                         "\", which the placeholder {" + path +
                                         "} stands for; add the field, or write {{" + path +
                                         "} if the braces are meant literally"};
            }
            result += *value;
        }
    }
    return result;
}

ArgvTemplate::ArgvTemplate(const std::vector<std::string>& argv, WithoutPlaceholder without) {
    arguments_.reserve(argv.size());
    for (const std::string& argument : argv) {
        arguments_.emplace_back(argument);
        has_placeholder_ = has_placeholder_ || arguments_.back().has_placeholder();
    }
    append_item_ = !has_placeholder_ && without == WithoutPlaceholder::append_item;
}

std::variant<std::vector<std::string>, TemplateError> ArgvTemplate::expand(const Item& item) const {
    std::vector<std::string> argv;
    argv.reserve(arguments_.size() + 1);
    for (const TextTemplate& argument : arguments_) {
        auto expanded = argument.expand(item);
        if (auto* error = std::get_if<TemplateError>(&expanded)) {
            return std::move(*error);
        }
        argv.push_back(std::move(std::get<std::string>(expanded)));
    }
    if (append_item_ && item.text()) {
        argv.push_back(*item.text());
    }
    return argv;
}

}  // namespace fleet::calls
