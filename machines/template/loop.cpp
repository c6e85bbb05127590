#include "machines/template/loop.hpp"

#include <algorithm>

#include "machines/expression/errors.hpp"

namespace fleet::templates {

using expression::List;
using expression::Value;

namespace {
Value number(std::size_t value) {
    return Value::integer(static_cast<std::int64_t>(value));
}
}  // namespace

std::string Loop::text() const {
    return "<LoopContext " + std::to_string(at_ + 1) + "/" + std::to_string(state_->items.size()) +
           ">";
}

Value Loop::attribute(std::string_view name) const {
    const std::size_t size = state_->items.size();
    if (name == "index") {
        return number(at_ + 1);
    }
    if (name == "index0") {
        return number(at_);
    }
    if (name == "revindex") {
        return number(size - at_);
    }
    if (name == "revindex0") {
        return number(size - at_ - 1);
    }
    if (name == "first") {
        return Value::boolean(at_ == 0);
    }
    if (name == "last") {
        return Value::boolean(at_ + 1 == size);
    }
    if (name == "length") {
        return number(size);
    }
    if (name == "depth") {
        return number(1);
    }
    if (name == "depth0") {
        return number(0);
    }
    if (name == "previtem" && at_ > 0) {
        return state_->items[at_ - 1];
    }
    if (name == "nextitem" && at_ + 1 < size) {
        return state_->items[at_ + 1];
    }
    return Object::attribute(name);
}

Value Loop::cycle(const List& values) const {
    if (values.empty()) {
        expression::fail(expression::ErrorKind::type, "`loop.cycle` needs values");
    }
    return values[at_ % values.size()];
}

bool Loop::changed(const List& values) const {
    const bool same = state_->asked_changed &&
                      std::ranges::equal(state_->last_changed, values, expression::equal);
    state_->asked_changed = true;
    state_->last_changed = values;
    return !same;
}

Value Namespace::attribute(std::string_view name) const {
    const Value* found = members_.find(name);
    return found == nullptr ? Object::attribute(name) : *found;
}

void Namespace::set(std::string_view name, Value value) const {
    members_.set(name, std::move(value));
}

}  // namespace fleet::templates
