// Templates: a subset of Jinja, parsed once and rendered many times, by several threads at once if
// need be. They compute text from variables and do nothing else: no files, no includes, no calls
// into the program. Loops, nesting and sizes are limited.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "machines/expression/value.hpp"

namespace fleet::templates {

struct Body;

/// What a rendering sees, by name. The values are borrowed and must outlive the rendering.
class Variables {
  public:
    void add(std::string_view name, const expression::Value& value) {
        variables_.emplace_back(name, &value);
    }
    /// The last one of that name; null pointer if there is none.
    [[nodiscard]] const expression::Value* find(std::string_view name) const;

  private:
    std::vector<std::pair<std::string_view, const expression::Value*>> variables_;
};

enum class Mode {
    config,  ///< values of machine definitions: lists and objects print as JSON, `fromjson` exists
    prompt,  ///< prompts of agents: plain Jinja
};

/// A rendering that would exceed one of these ends with an error (limit).
struct Limits {
    std::size_t output_bytes = std::size_t{64} << 20U;
    std::size_t iterations = 1'000'000;
    /// Characters and elements that operators, filters and calls make and loops print, together:
    /// what bounds the time that a rendering takes.
    std::size_t work = std::size_t{1} << 30U;
};

class Template {
  public:
    /// Throws EvaluationError (template_syntax) with line and column.
    static Template parse(std::string_view text, Mode mode);

    /// Throws EvaluationError: template_undefined, type, value, arithmetic, limit, ...
    [[nodiscard]] std::string render(const Variables& variables, const Limits& limits = {}) const;

  private:
    explicit Template(std::shared_ptr<const Body> body) : body_(std::move(body)) {}

    std::shared_ptr<const Body> body_;  ///< shared by copies, never changed
};

}  // namespace fleet::templates
