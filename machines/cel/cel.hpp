// The Common Expression Language for conditions of machines that say `expression_engine: cel`.
// Parsed once, evaluated many times, by several threads at once if need be.
//
//   context.score >= 8.0 && !context.done
//   context.users.exists(u, u.age > 18 && 'admin' in u.roles)
//   has(output.due) && timestamp(output.due) - duration('24h') < timestamp(context.now)
//
// Types are as strict as CEL's: 1 == 1.0, but 1 + 1.0 is an error, as is a missing field unless
// `has()` asks for it. Regular expressions are RE2's. A blank text is true. A result that JSON does
// not know leaves as text: bytes as base64, timestamps in RFC 3339, durations in seconds ("1.5s"),
// types by their names; a uint beyond 63 bits as a float.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "machines/expression/value.hpp"

namespace fleet::cel {

struct Program;

/// The names that an expression sees.
struct Variables {
    expression::Value context;
    expression::Value input;
    expression::Value output;
};

inline constexpr std::size_t kMaxTextBytes = std::size_t{64} << 10U;
/// Brackets, calls and conditionals within each other.
inline constexpr std::size_t kMaxNesting = 100;
/// Operators and selections one after the other: `a + a + ...`, `a.b.c...`; && and || are not
/// limited.
inline constexpr std::size_t kMaxChain = 400;
/// In one evaluation: operations, elements looked at and every 64 bytes of text count as one, an
/// error that another operand makes harmless as 50.
inline constexpr std::size_t kMaxSteps = 1'000'000;

class CelExpression {
  public:
    /// Throws EvaluationError with line and column: expression, also for a name or function that
    /// there is not; limit.
    static CelExpression parse(std::string_view text);

    /// Throws EvaluationError: type (no_such_overload), key (no_such_field), index, arithmetic,
    /// value, limit.
    [[nodiscard]] expression::Value evaluate(const Variables& variables) const;
    /// Whether the value counts as true: values other than booleans as in simple conditions.
    [[nodiscard]] bool test(const Variables& variables) const;
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    CelExpression(std::string text, std::shared_ptr<const Program> program);

    std::string text_;
    /// Shared by copies, never changed. Null for a blank text.
    std::shared_ptr<const Program> program_;
};

}  // namespace fleet::cel
