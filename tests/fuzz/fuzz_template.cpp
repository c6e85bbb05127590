// Templates in both modes, parsed and rendered.
#include "machines/expression/errors.hpp"
#include "machines/template/template.hpp"
#include "tests/fuzz/fixed_context.hpp"
#include "tests/fuzz/target.hpp"

namespace fleet::fuzz {
namespace {

/// Smaller than those of people's templates, so that they are reached quickly.
constexpr templates::Limits kLimits{
    .output_bytes = std::size_t{1} << 16U, .iterations = 500, .work = std::size_t{1} << 18U};

void render(std::string_view input, templates::Mode mode) {
    templates::Variables variables;
    variables.add("context", fixed_context());
    variables.add("input", *fixed_context().find("d"));
    variables.add("output", *fixed_context().find("mixed"));
    try {
        const auto parsed = templates::Template::parse(input, mode);
        const std::string text = parsed.render(variables, kLimits);
        require(text.size() <= kLimits.output_bytes, "the output's limit is kept");
    } catch (const expression::EvaluationError&) {  // refused, as it may be
    }
}

}  // namespace

void run(std::string_view input) {
    render(input, templates::Mode::config);
    render(input, templates::Mode::prompt);
}

}  // namespace fleet::fuzz
