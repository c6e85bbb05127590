// Templates in both modes, parsed and rendered.
#include "machines/expression/errors.hpp"
#include "machines/template/template.hpp"
#include "tests/fuzz/fixed_context.hpp"
#include "tests/fuzz/target.hpp"

namespace fleet::fuzz {
namespace {

void render(std::string_view input, templates::Mode mode) {
    templates::Variables variables;
    variables.add("context", fixed_context());
    variables.add("input", *fixed_context().find("d"));
    variables.add("output", *fixed_context().find("mixed"));
    try {
        const auto parsed = templates::Template::parse(input, mode);
        const std::string text = parsed.render(variables);
        require(text.size() <= templates::kMaxOutputBytes, "the output's limit is kept");
    } catch (const expression::EvaluationError&) {  // refused, as it may be
    }
}

}  // namespace

void run(std::string_view input) {
    render(input, templates::Mode::config);
    render(input, templates::Mode::prompt);
}

}  // namespace fleet::fuzz
