// The expressions of a rendering.
#include <algorithm>
#include <limits>

#include "machines/expression/big_integer.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"
#include "machines/expression/utf8.hpp"
#include "machines/template/loop.hpp"
#include "machines/template/renderer.hpp"
#include "machines/template/sequence.hpp"

namespace fleet::templates {

using expression::Dict;
using expression::ErrorKind;
using expression::fail;
using expression::Kind;
using expression::List;
using expression::truthy;

namespace {

/// Both places are within the text.
std::string slice_of_text(std::string_view text, std::int64_t begin, std::int64_t end,
                          std::int64_t stride) {
    std::string result;
    if (stride == 1) {  // the usual one needs no table of a large text's characters
        text.remove_prefix(expression::utf8_offset(text, static_cast<std::size_t>(begin)));
        const auto count = static_cast<std::size_t>(std::max(end - begin, std::int64_t{0}));
        return result.append(text.substr(0, expression::utf8_offset(text, count)));
    }
    const auto characters = expression::utf8_characters(text);
    for (std::int64_t at = begin; stride > 0 ? at < end : at > end; at += stride) {
        result += characters[static_cast<std::size_t>(at)];
    }
    return result;
}

}  // namespace

expression::Value Renderer::evaluate(const Expr& expr) {
    switch (expr.type) {
        case Expr::Type::constant:
            return expr.value;
        case Expr::Type::name: {
            const Value* found = find(expr.id);
            return found == nullptr ? Value::undefined(expr.shown) : *found;
        }
        case Expr::Type::list:
        case Expr::Type::tuple:
        case Expr::Type::dict:
            return evaluate_display(expr);
        case Expr::Type::member:
            return member_of(evaluate(*expr.operands[0]), expr.value, expr.shown);
        case Expr::Type::subscript: {
            const Value owner = evaluate(*expr.operands[0]);
            return member_of(owner, evaluate(*expr.operands[1]), expr.shown);
        }
        case Expr::Type::slice:
            return charged(evaluate_slice(expr));
        case Expr::Type::call:
            return charged(evaluate_call(expr));
        case Expr::Type::filter: {
            const Value subject = evaluate(*expr.operands[0]);
            return charged(expr.filter(subject, evaluate_arguments(expr), body_.mode));
        }
        case Expr::Type::test: {
            const Value subject = evaluate(*expr.operands[0]);
            return Value::boolean(expr.test(subject, evaluate_arguments(expr)));
        }
        case Expr::Type::arithmetic:
            return charged(evaluate_arithmetic(expr));
        case Expr::Type::sign: {
            const Value value = evaluate(*expr.operands[0]);
            return expr.negative ? expression::negate(value) : expression::identity(value);
        }
        case Expr::Type::concat:
            return charged(evaluate_concat(expr));
        case Expr::Type::comparison:
            return evaluate_comparison(expr);
        case Expr::Type::all_of: {
            Value left = evaluate(*expr.operands[0]);
            return truthy(left) ? evaluate(*expr.operands[1]) : left;
        }
        case Expr::Type::any_of: {
            Value left = evaluate(*expr.operands[0]);
            return truthy(left) ? left : evaluate(*expr.operands[1]);
        }
        case Expr::Type::none_of:
            return Value::boolean(!truthy(evaluate(*expr.operands[0])));
        case Expr::Type::conditional:
            break;
    }
    if (truthy(evaluate(*expr.operands[1]))) {
        return evaluate(*expr.operands[0]);
    }
    return expr.operands[2] == nullptr ? Value::undefined() : evaluate(*expr.operands[2]);
}

expression::Value Renderer::evaluate_display(const Expr& expr) {
    if (expr.type == Expr::Type::dict) {
        Dict members;
        for (std::size_t i = 0; i < expr.operands.size(); i += 2) {
            Value key = evaluate(*expr.operands[i]);
            members.set(std::move(key), evaluate(*expr.operands[i + 1]));
        }
        return Value::dict(std::move(members));
    }
    List items;
    items.reserve(expr.operands.size());
    for (const ExprPtr& operand : expr.operands) {
        items.push_back(evaluate(*operand));
    }
    return expr.type == Expr::Type::list ? Value::list(std::move(items))
                                         : Value::tuple(std::move(items));
}

expression::Value Renderer::evaluate_arithmetic(const Expr& expr) {
    const Value left = evaluate(*expr.operands[0]);
    const Value right = evaluate(*expr.operands[1]);
    if (expr.arithmetic == expression::Arithmetic::modulo && left.is_string()) {
        return Value::string(format_percent(left.as_string(), right));
    }
    for (const Value* operand : {&left, &right}) {
        if (operand->is(Kind::big_integer)) {
            charge(operand->weight());
        }
    }
    return expression::calculate(expr.arithmetic, left, right);
}

expression::Value Renderer::evaluate_concat(const Expr& expr) {
    std::string text;
    for (const ExprPtr& operand : expr.operands) {
        expression::append_plain_text(text, evaluate(*operand));
        expression::require_size(text.size());
    }
    return Value::string(std::move(text));
}

expression::Value Renderer::evaluate_comparison(const Expr& expr) {
    using Comparison = Expr::Comparison;
    Value left = evaluate(*expr.operands[0]);
    for (std::size_t i = 0; i < expr.comparisons.size(); ++i) {
        Value right = evaluate(*expr.operands[i + 1]);
        const Comparison comparison = expr.comparisons[i];
        bool result = false;
        if (comparison == Comparison::in || comparison == Comparison::not_in) {
            result = expression::contains(right, left) == (comparison == Comparison::in);
        } else {
            result =
                expression::compare(static_cast<expression::Comparison>(comparison), left, right);
        }
        if (!result) {
            return Value::boolean(false);
        }
        left = std::move(right);
    }
    return Value::boolean(true);
}

expression::Value Renderer::evaluate_slice(const Expr& expr) {
    Value subject = evaluate(*expr.operands[0]);
    expression::require_defined(subject);
    if (subject.is(Kind::object) && subject.as_object()->type_name() == "range") {
        subject = Value::list(*subject.as_object()->items());
    }
    if (!subject.is_string() && !subject.is_list_like()) {
        fail(ErrorKind::type,
             "a slice needs a string or a list, not " + expression::type_name(subject));
    }
    constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max();
    const auto part = [&](std::size_t which) -> std::optional<std::int64_t> {
        const Value value =
            expr.operands[which] == nullptr ? Value() : evaluate(*expr.operands[which]);
        if (!value.is_null() && !value.is_whole()) {
            fail(ErrorKind::type, "the parts of a slice are integers");
        }
        if (value.is(Kind::big_integer)) {  // beyond the end on its side, however far
            return expression::is_negative(value) ? -kFar : kFar;
        }
        return value.is_null() ? std::nullopt : std::optional(value.as_integer());
    };
    const std::int64_t step = part(3).value_or(1);
    if (step == 0) {
        fail(ErrorKind::value, "the step of a slice is not 0");
    }
    const std::int64_t size = length_of(subject);
    const std::int64_t lowest = step < 0 ? -1 : 0;
    const std::int64_t highest = step < 0 ? size - 1 : size;
    const auto place = [&](std::optional<std::int64_t> value, std::int64_t otherwise) {
        if (!value) {
            return otherwise;
        }
        return std::clamp(*value < 0 ? *value + size : *value, lowest, highest);
    };
    const std::int64_t begin = place(part(1), step < 0 ? highest : lowest);
    const std::int64_t end = place(part(2), step < 0 ? lowest : highest);
    const std::int64_t stride = std::clamp(step, -size - 1, size + 1);
    if (subject.is_string()) {
        return Value::string(slice_of_text(subject.as_string(), begin, end, stride));
    }
    List chosen;
    for (std::int64_t at = begin; stride > 0 ? at < end : at > end; at += stride) {
        chosen.push_back(subject.as_list()[static_cast<std::size_t>(at)]);
    }
    return subject.is(Kind::tuple) ? Value::tuple(std::move(chosen))
                                   : Value::list(std::move(chosen));
}

Arguments Renderer::evaluate_arguments(const Expr& expr) {
    Arguments arguments;
    for (std::size_t i = 1; i < expr.operands.size(); ++i) {
        arguments.list.push_back(evaluate(*expr.operands[i]));
    }
    for (const auto& [name, argument] : expr.named) {
        arguments.named.emplace_back(name, evaluate(*argument));
    }
    return arguments;
}

expression::Value Renderer::evaluate_call(const Expr& expr) {
    const Expr& callee = *expr.operands[0];
    if (callee.type == Expr::Type::name && find(callee.id) == nullptr) {
        return call_global(callee, evaluate_arguments(expr));
    }
    if (callee.type != Expr::Type::member || callee.name.empty()) {
        const Value value = evaluate(callee);
        expression::require_defined(value);
        fail(ErrorKind::type,
             "a value of type " + expression::type_name(value) + " cannot be called");
    }
    const Value subject = evaluate(*callee.operands[0]);
    expression::require_defined(subject);
    const Arguments arguments = evaluate_arguments(expr);
    const auto* loop =
        subject.is(Kind::object) ? dynamic_cast<const Loop*>(subject.as_object().get()) : nullptr;
    if (loop != nullptr && callee.name == "cycle") {
        return loop->cycle(arguments.list);
    }
    if (loop != nullptr && callee.name == "changed") {
        return Value::boolean(loop->changed(arguments.list));
    }
    Value changed = Value::undefined();
    Value result = call_method(subject, callee.name, arguments, &changed);
    if (!changed.is_undefined()) {
        write_back(*callee.operands[0], std::move(changed));
    }
    return result;
}

expression::Value Renderer::call_global(const Expr& callee, const Arguments& arguments) {
    if (callee.name == "range") {
        return call_range(arguments);
    }
    if (callee.name != "dict" && callee.name != "namespace") {
        fail(ErrorKind::template_undefined, "`" + callee.name + "` is undefined");
    }
    Dict members;
    for (const Value& source : arguments.list) {
        if (!source.is_dict()) {
            fail(ErrorKind::type, "`" + callee.name + "` takes objects and named values");
        }
        members = source.as_dict();
    }
    for (const auto& [name, value] : arguments.named) {
        members.set(std::string_view(name), value);
    }
    return callee.name == "dict" ? Value::dict(std::move(members))
                                 : Value::object(std::make_shared<Namespace>(std::move(members)));
}

expression::Value Renderer::call_range(const Arguments& arguments) const {
    if (arguments.list.empty() || arguments.list.size() > 3 ||
        !std::ranges::all_of(arguments.list, [](const Value& value) { return value.is_whole(); })) {
        fail(ErrorKind::type, "`range` takes one to three integers");
    }
    for (const Value& argument : arguments.list) {
        if (argument.is(Kind::big_integer)) {
            fail(ErrorKind::limit,
                 "`range` does not go as far as " + expression::integer_excerpt(argument));
        }
    }
    const bool single = arguments.list.size() == 1;
    const std::int64_t begin = single ? 0 : arguments.list[0].as_integer();
    const std::int64_t end = arguments.list[single ? 0 : 1].as_integer();
    const std::int64_t step = arguments.list.size() == 3 ? arguments.list[2].as_integer() : 1;
    if (step == 0) {
        fail(ErrorKind::value, "the step of a range is not 0");
    }
    List items;
    for (std::int64_t at = begin; step > 0 ? at < end : at > end;) {
        if (items.size() == limits_.iterations) {
            fail(ErrorKind::limit,
                 "a range of more than " + std::to_string(limits_.iterations) + " numbers");
        }
        items.push_back(Value::integer(at));
        if (__builtin_add_overflow(at, step, &at)) {
            break;
        }
    }
    std::string text = "range(" + std::to_string(begin) + ", " + std::to_string(end);
    text += step == 1 ? ")" : ", " + std::to_string(step) + ")";
    return make_range(std::move(items), std::move(text));
}

}  // namespace fleet::templates
