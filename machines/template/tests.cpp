// The tests of `is`.
#include <algorithm>
#include <array>

#include "machines/expression/errors.hpp"
#include "machines/expression/utf8.hpp"
#include "machines/template/filters.hpp"
#include "machines/template/sequence.hpp"

namespace fleet::templates {

using expression::Comparison;
using expression::Kind;
using expression::Value;

namespace {

const Value& argument(const Arguments& arguments) {
    if (arguments.list.empty()) {
        expression::fail(expression::ErrorKind::type, "the test needs a value to compare with");
    }
    return arguments.list[0];
}

template <Kind kind>
bool test_kind(const Value& subject, const Arguments& /*arguments*/) {
    return subject.is(kind);
}

bool test_integer(const Value& subject, const Arguments& /*arguments*/) {
    return subject.is(Kind::integer) || subject.is(Kind::big_integer);
}

template <Comparison comparison>
bool test_compare(const Value& subject, const Arguments& arguments) {
    return expression::compare(comparison, subject, argument(arguments));
}

template <bool value>
bool test_boolean(const Value& subject, const Arguments& /*arguments*/) {
    return subject.is(Kind::boolean) && subject.as_boolean() == value;
}

bool remainder_is(const Value& subject, const Value& divisor, std::int64_t rest) {
    return expression::equal(
        expression::calculate(expression::Arithmetic::modulo, subject, divisor),
        Value::integer(rest));
}

bool test_odd(const Value& subject, const Arguments& /*arguments*/) {
    return remainder_is(subject, Value::integer(2), 1);
}

bool test_even(const Value& subject, const Arguments& /*arguments*/) {
    return remainder_is(subject, Value::integer(2), 0);
}

bool test_divisible(const Value& subject, const Arguments& arguments) {
    return remainder_is(subject, argument(arguments), 0);
}

bool test_defined(const Value& subject, const Arguments& /*arguments*/) {
    return !subject.is_undefined();
}

bool test_number(const Value& subject, const Arguments& /*arguments*/) {
    return subject.is_number();
}

bool test_iterable(const Value& subject, const Arguments& /*arguments*/) {
    return is_iterable(subject);
}

bool test_sequence(const Value& subject, const Arguments& /*arguments*/) {
    return subject.is_string() || subject.is_list_like() || subject.is_dict() ||
           subject.is_undefined() ||
           (subject.is(Kind::object) && subject.as_object()->type_name() == "range");
}

bool test_in(const Value& subject, const Arguments& arguments) {
    return expression::contains(argument(arguments), subject);
}

bool test_same(const Value& subject, const Arguments& arguments) {
    const Value& other = argument(arguments);
    return subject.same_storage(other) ||
           (subject.kind() == other.kind() && !subject.is_list_like() && !subject.is_dict() &&
            expression::equal(subject, other));
}

/// Text all of whose letters have one case, and that has letters.
template <bool upper>
bool test_case(const Value& subject, const Arguments& /*arguments*/) {
    const std::string text = subject.is_string() ? subject.as_string() : std::string();
    return text == (upper ? expression::upper_case(text) : expression::lower_case(text)) &&
           text != (upper ? expression::lower_case(text) : expression::upper_case(text));
}

bool test_filter(const Value& subject, const Arguments& /*arguments*/) {
    return subject.is_string() && find_filter(subject.as_string(), Mode::config) != nullptr;
}

bool test_test(const Value& subject, const Arguments& /*arguments*/) {
    return subject.is_string() && find_test(subject.as_string()) != nullptr;
}

bool test_never(const Value& /*subject*/, const Arguments& /*arguments*/) {
    return false;
}

}  // namespace

Test find_test(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, Test>, 39> kTests{
        {{"defined", test_defined},
         {"undefined", test_kind<Kind::undefined>},
         {"none", test_kind<Kind::null>},
         {"boolean", test_kind<Kind::boolean>},
         {"integer", test_integer},
         {"float", test_kind<Kind::floating>},
         {"string", test_kind<Kind::string>},
         {"mapping", test_kind<Kind::dict>},
         {"number", test_number},
         {"true", test_boolean<true>},
         {"false", test_boolean<false>},
         {"iterable", test_iterable},
         {"sequence", test_sequence},
         {"odd", test_odd},
         {"even", test_even},
         {"divisibleby", test_divisible},
         {"in", test_in},
         {"sameas", test_same},
         {"lower", test_case<false>},
         {"upper", test_case<true>},
         {"filter", test_filter},
         {"test", test_test},
         {"callable", test_never},
         {"escaped", test_never},
         {"eq", test_compare<Comparison::equal>},
         {"equalto", test_compare<Comparison::equal>},
         {"==", test_compare<Comparison::equal>},
         {"ne", test_compare<Comparison::not_equal>},
         {"!=", test_compare<Comparison::not_equal>},
         {"lt", test_compare<Comparison::less>},
         {"lessthan", test_compare<Comparison::less>},
         {"<", test_compare<Comparison::less>},
         {"le", test_compare<Comparison::less_equal>},
         {"<=", test_compare<Comparison::less_equal>},
         {"gt", test_compare<Comparison::greater>},
         {"greaterthan", test_compare<Comparison::greater>},
         {">", test_compare<Comparison::greater>},
         {"ge", test_compare<Comparison::greater_equal>},
         {">=", test_compare<Comparison::greater_equal>}}};
    const auto* const found = std::ranges::find_if(
        kTests, [&](const auto& candidate) { return candidate.first == name; });
    return found == kTests.end() ? nullptr : found->second;
}

}  // namespace fleet::templates
