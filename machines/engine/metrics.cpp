#include "machines/engine/metrics.hpp"

#include <array>
#include <string_view>

#include "machines/expression/operators.hpp"

namespace fleet::engine {
namespace {

using expression::Value;

constexpr std::array<std::string_view, 3> kCallNames{"api_calls", "requests", "calls"};

double amount(const Value* value) {
    if (value == nullptr) {
        return 0;
    }
    if (value->is_number()) {
        return value->as_floating();
    }
    const Value* total = value->find("total");
    return total != nullptr && total->is_number() ? total->as_floating() : 0;
}

bool is_positive(const Value* value) {
    return value != nullptr && value->is_number() && value->as_floating() > 0;
}

}  // namespace

Value stated_calls(const calls::AgentResult& result) {
    const Value* stated = result.usage.find(kCallNames[0]);
    if (stated != nullptr && stated->is_number()) {
        return *stated;
    }
    return counted_calls(result);
}

Value counted_calls(const calls::AgentResult& result) {
    for (const std::string_view name : kCallNames) {
        const Value* value = result.usage.find(name);
        if (is_positive(value)) {
            return *value;
        }
    }
    return Value::integer(0);
}

double cost_of(const calls::AgentResult& result) {
    return result.cost.is_null() ? amount(result.usage.find("cost")) : amount(&result.cost);
}

Value add(const Value& left, const Value& right) {
    return expression::calculate(expression::Arithmetic::add, left, right);
}

}  // namespace fleet::engine
