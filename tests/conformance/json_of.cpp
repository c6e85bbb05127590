#include "tests/conformance/json_of.hpp"

#include <cmath>

#include "machines/expression/print.hpp"

namespace fleet::conformance {

using base::Json;
using expression::Kind;
using expression::Value;

Json json_of(const Value& value) {
    if (value.is(Kind::floating) && !std::isfinite(value.as_floating())) {
        return Json{{"$float", expression::float_text(value.as_floating())}};
    }
    if (value.is_list_like()) {
        Json items = Json::array();
        for (const Value& item : value.as_list()) {
            items.push_back(json_of(item));
        }
        return items;
    }
    if (value.is_dict()) {
        Json members = Json::object();
        for (const auto& [key, member] : value.as_dict().entries()) {
            members[expression::plain_text(key)] = json_of(member);
        }
        return members;
    }
    return Json::parse(expression::to_json(value));
}

Value value_of(const Json& json) {
    return expression::from_json(base::dump_json(json));
}

}  // namespace fleet::conformance
