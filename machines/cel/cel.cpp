#include "machines/cel/cel.hpp"

#include "machines/cel/evaluator.hpp"
#include "machines/cel/node.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/operators.hpp"

namespace fleet::cel {

using expression::EvaluationError;
using expression::Value;

CelExpression::CelExpression(std::string text, std::shared_ptr<const Program> program)
    : text_(std::move(text)), program_(std::move(program)) {}

CelExpression CelExpression::parse(std::string_view text) {
    const bool blank = text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
    return {std::string(text),
            blank ? nullptr : std::make_shared<const Program>(parse_program(text))};
}

Value CelExpression::evaluate(const Variables& variables) const {
    if (program_ == nullptr) {
        return Value::boolean(true);
    }
    Evaluator evaluator(*program_, variables);
    try {
        Value room;
        return to_plain(evaluator.evaluate(*program_->root, room));
    } catch (const EvaluationError& failure) {
        std::string message = "expression `" + expression::excerpt(text_) + "`";
        if (evaluator.failed() != nullptr) {
            message += ", " + expression::position_in(text_, evaluator.failed()->offset);
        }
        throw EvaluationError(failure.kind(), message + ": " + failure.what());
    }
}

bool CelExpression::test(const Variables& variables) const {
    return expression::truthy(evaluate(variables));
}

}  // namespace fleet::cel
