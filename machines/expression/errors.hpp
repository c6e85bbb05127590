// What goes wrong when an expression or a template is parsed or evaluated. The kind decides how an
// engine treats it; the message says what was wrong and where.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/errors.hpp"

namespace fleet::expression {

enum class ErrorKind {
    expression,          ///< the text is no expression, or names what there is not
    template_syntax,     ///< the text is no template
    template_undefined,  ///< something was done with an undefined value
    type,                ///< an operation on values of the wrong types
    key,                 ///< an object has no such key
    index,               ///< a list or a string is not that long
    arithmetic,          ///< division by zero, a number out of range
    value,               ///< a value of the right type that cannot be used
    limit,               ///< larger, deeper or longer than is allowed
    internal,            ///< a method or attribute that a value does not have
};

/// The name by which error classes are compared: "expression", "template_syntax", ...
[[nodiscard]] std::string_view name_of(ErrorKind kind);

class EvaluationError : public base::Error {
  public:
    EvaluationError(ErrorKind kind, const std::string& message) : Error(message), kind_(kind) {}
    [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

  private:
    ErrorKind kind_;
};

/// The text is no expression or template: where in it that shows, in bytes, and why.
class SyntaxError final : public EvaluationError {
  public:
    SyntaxError(ErrorKind kind, const std::string& message, std::size_t offset, std::string reason)
        : EvaluationError(kind, message), offset_(offset), reason_(std::move(reason)) {}
    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
    /// The message without the text and the place.
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

  private:
    std::size_t offset_;
    std::string reason_;
};

[[noreturn]] void fail(ErrorKind kind, const std::string& message);
/// Throws SyntaxError: "WHAT `TEXT`, line L, column C: REASON".
[[noreturn]] void fail_at(ErrorKind kind, std::string_view what, std::string_view text,
                          std::size_t offset, const std::string& reason);

/// "line 2, column 7" of a byte in a text; columns count characters.
[[nodiscard]] std::string position_in(std::string_view text, std::size_t offset);

/// At most 60 characters of a text, in one line, for messages.
[[nodiscard]] std::string excerpt(std::string_view text);

}  // namespace fleet::expression
