// Argument templates: how an item gets into a command's arguments.
//
//   {}          the item
//   {#}         its number
//   {name}      a field of it: letters, digits and _; dots descend ({user.name}, {tags.0}). A field
//               whose own name has dots is found first.
//   {{          a literal brace. The brace that closes it may be written once or twice, so both
//               {{x} and {{x}} give {x}.
//   else        anything else in braces (awk programs, JSON) is left as it is.
//
// Strings stand as they are, all other values as JSON. Pure; compiled templates are immutable and
// may be shared between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/json_text.hpp"

namespace fleet::calls {

/// One item: an execution's input and its number. The input is any JSON value. An object with a
/// member "item" stands for that member; with "item_base64" as well, for the bytes of that. Any
/// other value stands for itself. Not thread-safe.
class Item {
  public:
    /// `input` may be empty: there is no item then. Throws base::ConfigError if it is not JSON, or
    /// "item_base64" is not base64.
    Item(const base::JsonText& input, std::int64_t number);
    Item(const Item&) = delete;
    Item& operator=(const Item&) = delete;
    ~Item();

    [[nodiscard]] std::int64_t number() const { return number_; }
    /// What `{}` stands for; nullopt if there is no item.
    [[nodiscard]] const std::optional<std::string>& text() const { return text_; }
    /// What `{path}` stands for; nullopt if there is no such field.
    [[nodiscard]] std::optional<std::string> field(const std::string& path) const;

  private:
    struct Value;
    std::unique_ptr<const Value> value_;
    std::int64_t number_;
    std::optional<std::string> text_;
};

/// Why an item does not fit a template: names the placeholder, the item's number and what to do.
struct TemplateError {
    std::string placeholder;  ///< "{name}"
    std::string message;
};

/// One text with placeholders.
class TextTemplate {
  public:
    explicit TextTemplate(std::string_view text);
    [[nodiscard]] bool has_placeholder() const { return has_placeholder_; }
    [[nodiscard]] std::variant<std::string, TemplateError> expand(const Item& item) const;

  private:
    struct Literal {
        std::string text;
    };
    struct WholeItem {};
    struct Number {};
    struct Field {
        std::string path;
    };
    using Part = std::variant<Literal, WholeItem, Number, Field>;

    std::vector<Part> parts_;
    bool has_placeholder_ = false;
};

/// An argument vector with placeholders.
class ArgvTemplate {
  public:
    enum class WithoutPlaceholder {
        append_item,  ///< if no argument has a placeholder, the item (if any) is the last argument
        as_it_is,     ///< the item goes another way (standard input)
    };
    ArgvTemplate(const std::vector<std::string>& argv, WithoutPlaceholder without);

    [[nodiscard]] bool has_placeholder() const { return has_placeholder_; }
    [[nodiscard]] std::variant<std::vector<std::string>, TemplateError> expand(
        const Item& item) const;

  private:
    std::vector<TextTemplate> arguments_;
    bool has_placeholder_ = false;
    bool append_item_ = false;
};

}  // namespace fleet::calls
