#include "machines/agents/output_schema.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace fleet::agents {
namespace {

using expression::Kind;
using expression::List;
using expression::Value;

/// More are not told: the first ones show what is meant.
constexpr std::size_t kMostFaults = 20;

std::string_view name_of(FieldType type) {
    switch (type) {
        case FieldType::text:
            return "a string";
        case FieldType::integer:
            return "an integer";
        case FieldType::number:
            return "a number";
        case FieldType::boolean:
            return "true or false";
        case FieldType::json:
            return "any JSON value";
        case FieldType::list:
            return "a list";
        case FieldType::object:
            return "an object";
    }
    return {};
}

void describe(std::string& out, const OutputField& field, std::size_t depth) {
    constexpr std::size_t kIndent = 2;
    out += std::string(depth * kIndent, ' ') + "- ";
    out += field.name.empty() ? "each item" : '"' + field.name + '"';
    out += ": " + std::string(name_of(field.type));
    if (!field.choices.empty()) {
        out += ", one of";
        for (std::size_t i = 0; i < field.choices.size(); ++i) {
            out += (i == 0 ? " \"" : ", \"") + field.choices[i] + '"';
        }
    }
    out += field.required ? "" : " (optional)";
    out += field.description.empty() ? "\n" : ": " + field.description + '\n';
    for (const OutputField& item : field.items) {
        describe(out, item, depth + 1);
    }
    for (const OutputField& property : field.properties) {
        describe(out, property, depth + 1);
    }
}

class Checker {
  public:
    /// What the value means in the field's type; what is wrong is noted.
    Value check(const OutputField& field, const Value& value, const std::string& path) {
        auto meant = convert(field, value, path);
        if (!meant) {
            fault("`" + path + "` must be " + std::string(name_of(field.type)) + ", and it is " +
                  expression::excerpt(shown(value)));
            return value;
        }
        const bool is_chosen =
            field.choices.empty() ||
            std::ranges::find(field.choices, expression::plain_text(*meant)) != field.choices.end();
        if (!is_chosen) {
            fault("`" + path + "` is " + expression::excerpt(shown(*meant)) +
                  ", which is none of its choices");
        }
        return std::move(*meant);
    }

    Value check_members(const std::vector<OutputField>& fields, Value object,
                        const std::string& prefix) {
        for (const OutputField& field : fields) {
            const Value* const found = object.find(field.name);
            const bool is_missing = found == nullptr || found->is_null();
            if (is_missing && field.required &&
                !(found != nullptr && field.type == FieldType::json)) {
                fault("`" + prefix + field.name + "` is missing");
            } else if (!is_missing) {
                object.set(field.name, check(field, Value(*found), prefix + field.name));
            }
        }
        return object;
    }

    [[nodiscard]] std::vector<std::string>& faults() { return faults_; }

  private:
    void fault(std::string text) {
        if (faults_.size() < kMostFaults) {
            faults_.push_back(std::move(text));
        }
    }

    static std::string shown(const Value& value) {
        return value.is_string() ? value.as_string() : expression::spaced_json(value);
    }

    std::optional<Value> convert(const OutputField& field, const Value& value,
                                 const std::string& path) {
        switch (field.type) {
            case FieldType::text:
                return to_text(value);
            case FieldType::integer:
                return to_integer(value);
            case FieldType::number:
                return to_number(value);
            case FieldType::boolean:
                return to_boolean(value);
            case FieldType::json:
                return value;
            case FieldType::list:
                return to_list(field, value, path);
            case FieldType::object:
                return value.is_dict()
                           ? std::optional(check_members(field.properties, value, path + '.'))
                           : std::nullopt;
        }
        return std::nullopt;
    }

    static std::optional<Value> to_text(const Value& value) {
        if (value.is_string()) {
            return value;
        }
        return value.is_number() ? std::optional(Value::string(expression::spaced_json(value)))
                                 : std::nullopt;
    }
    static std::optional<Value> to_number(const Value& value) {
        if (value.is_number() && !value.is(Kind::boolean)) {
            return value;
        }
        if (!value.is_string()) {
            return std::nullopt;
        }
        double number = 0;
        const std::string& text = value.as_string();
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool is_whole = error == std::errc() && end == text.data() + text.size();
        return is_whole && std::isfinite(number) ? std::optional(Value::floating(number))
                                                 : std::nullopt;
    }
    static std::optional<Value> to_integer(const Value& value) {
        constexpr double kLargest = 9e15;  // every integer up to it is a double exactly
        const auto number = to_number(value);
        if (!number || number->is_whole()) {
            return number;
        }
        const double floating = number->as_floating();
        if (std::floor(floating) != floating || std::abs(floating) > kLargest) {
            return std::nullopt;
        }
        return Value::integer(static_cast<std::int64_t>(floating));
    }
    static std::optional<Value> to_boolean(const Value& value) {
        if (value.is(Kind::boolean)) {
            return value;
        }
        if (value.is_string() && (value.as_string() == "true" || value.as_string() == "false")) {
            return Value::boolean(value.as_string() == "true");
        }
        return std::nullopt;
    }
    std::optional<Value> to_list(const OutputField& field, const Value& value,
                                 const std::string& path) {
        if (!value.is_list_like() || field.items.empty()) {
            return value.is_list_like() ? std::optional(value) : std::nullopt;
        }
        List items;
        for (const Value& item : value.as_list()) {
            items.push_back(
                check(field.items.front(), item, path + '.' + std::to_string(items.size())));
        }
        return Value::list(std::move(items));
    }

    std::vector<std::string> faults_;
};

std::optional<Value> object_in(std::string_view text) {
    try {
        Value value = expression::from_json(text);
        if (value.is_dict()) {
            return value;
        }
    } catch (const expression::EvaluationError&) {
        // It is looked for elsewhere in the text.
    }
    return std::nullopt;
}

/// From a brace to the one that closes it.
std::optional<std::string_view> braced(std::string_view text, std::size_t begin) {
    std::size_t depth = 0;
    bool is_quoted = false;
    for (std::size_t at = begin; at < text.size(); ++at) {
        const char one = text[at];
        if (is_quoted) {
            at += one == '\\' ? 1 : 0;
            is_quoted = one != '"';
        } else if (one == '"') {
            is_quoted = true;
        } else if (one == '{') {
            ++depth;
        } else if (one == '}' && --depth == 0) {
            return text.substr(begin, at - begin + 1);
        }
    }
    return std::nullopt;
}

/// The whole text, else the first object within it.
std::optional<Value> find_object(std::string_view text) {
    constexpr int kMostLooks = 32;  // each reads the rest of the text
    if (auto whole = object_in(text)) {
        return whole;
    }
    std::size_t at = text.find('{');
    for (int look = 0; look < kMostLooks && at != std::string_view::npos; ++look) {
        if (const auto part = braced(text, at)) {
            if (auto object = object_in(*part)) {
                return object;
            }
        }
        at = text.find('{', at + 1);
    }
    return std::nullopt;
}

}  // namespace

std::string OutputSchema::instruction() const {
    std::string text =
        "Answer with one JSON object and nothing else, no code fence. Its members:\n";
    for (const OutputField& field : fields_) {
        describe(text, field, 0);
    }
    text.pop_back();
    return text;
}

std::variant<Value, std::vector<std::string>> OutputSchema::extract(std::string_view text) const {
    auto object = find_object(text);
    if (!object) {
        return std::vector<std::string>{"there is no JSON object in it"};
    }
    Checker checker;
    Value checked = checker.check_members(fields_, std::move(*object), {});
    if (!checker.faults().empty()) {
        return std::move(checker.faults());
    }
    return checked;
}

}  // namespace fleet::agents
