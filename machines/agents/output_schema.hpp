// The members that an agent's answer must have: told to the model, found in its text, checked.
// Immutable once read; safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "machines/expression/value.hpp"

namespace fleet::agents {

enum class FieldType { text, integer, number, boolean, json, list, object };

struct OutputField {
    std::string name;
    FieldType type = FieldType::text;
    std::string description;
    std::vector<std::string> choices;  ///< `enum`; empty: any
    bool required = true;
    std::vector<OutputField> items;       ///< of a list: none or one
    std::vector<OutputField> properties;  ///< of an object; empty: any
};

class OutputSchema {
  public:
    OutputSchema() = default;
    explicit OutputSchema(std::vector<OutputField> fields) : fields_(std::move(fields)) {}

    [[nodiscard]] bool empty() const { return fields_.empty(); }
    [[nodiscard]] const std::vector<OutputField>& fields() const { return fields_; }
    /// For the model: that it answers with one JSON object, and with which members.
    [[nodiscard]] std::string instruction() const;

    /// What the text says, in the schema's types; or what is wrong with it, a sentence each, none
    /// of them longer than a line.
    ///
    /// The object may stand in a code fence or within other text. Numbers and booleans may be
    /// written as texts; a text may be a number. Members that the schema does not name stay.
    [[nodiscard]] std::variant<expression::Value, std::vector<std::string>> extract(
        std::string_view text) const;

  private:
    std::vector<OutputField> fields_;
};

}  // namespace fleet::agents
