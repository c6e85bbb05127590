#include "machines/expression/value.hpp"

#include <algorithm>

#include "machines/expression/big_integer.hpp"
#include "machines/expression/errors.hpp"

namespace fleet::expression {
namespace {

struct Measure {
    std::uint64_t weight = 1;
    std::uint32_t depth = 1;

    void add(const Value& child) {
        weight = std::min(weight + child.weight(), kMaxWeight + 1);
        depth = std::max(depth, child.depth() + 1);
    }
    void check() const {
        if (depth > kMaxDepth) {
            fail(ErrorKind::limit,
                 "a value is nested deeper than " + std::to_string(kMaxDepth) + " levels");
        }
        if (weight > kMaxWeight) {
            fail(ErrorKind::limit, "a value is larger than " + std::to_string(kMaxWeight) +
                                       " characters and elements");
        }
    }
};

}  // namespace

struct Value::ListData {
    List items;
    Measure measure;
};

struct Value::DictData {
    Dict entries;
    Measure measure;
};

Value Object::attribute(std::string_view name) const {
    return Value::undefined(std::make_shared<const std::string>(name));
}

Value Value::undefined(SharedText what) {
    return {Kind::undefined, std::move(what)};
}
Value Value::boolean(bool value) {
    return {Kind::boolean, value};
}
Value Value::integer(std::int64_t value) {
    return {Kind::integer, value};
}
Value Value::big_integer(std::shared_ptr<const BigInteger> number) {
    return {Kind::big_integer, std::move(number)};
}
Value Value::floating(double value) {
    return {Kind::floating, value};
}
Value Value::string(std::string text) {
    return {Kind::string, std::make_shared<const std::string>(std::move(text))};
}
Value Value::string(SharedText text) {
    return {Kind::string, std::move(text)};
}

Value Value::list(List items) {
    Measure measure;
    for (const Value& item : items) {
        measure.add(item);
    }
    measure.check();
    return {Kind::list, std::make_shared<const ListData>(ListData{std::move(items), measure})};
}

Value Value::tuple(List items) {
    Value result = list(std::move(items));
    result.kind_ = Kind::tuple;
    return result;
}

Value Value::dict(Dict entries) {
    Measure measure;
    for (const auto& [key, value] : entries.entries()) {
        measure.add(key);
        measure.add(value);
    }
    measure.check();
    return {Kind::dict, std::make_shared<DictData>(DictData{std::move(entries), measure})};
}

Value Value::object(std::shared_ptr<const Object> object) {
    return {Kind::object, std::move(object)};
}

bool Value::is_integral() const noexcept {
    return kind_ == Kind::integer || kind_ == Kind::boolean;
}

bool Value::as_boolean() const {
    return std::get<bool>(storage_);
}

std::int64_t Value::as_integer() const {
    return is(Kind::boolean) ? static_cast<std::int64_t>(std::get<bool>(storage_))
                             : std::get<std::int64_t>(storage_);
}

const BigInteger& Value::as_big_integer() const {
    return *std::get<std::shared_ptr<const BigInteger>>(storage_);
}

double Value::as_floating() const {
    if (is(Kind::floating)) {
        return std::get<double>(storage_);
    }
    return is(Kind::big_integer) ? nearest_floating(as_big_integer())
                                 : static_cast<double>(as_integer());
}

const std::string& Value::as_string() const {
    return *std::get<SharedText>(storage_);
}

const List& Value::as_list() const {
    return std::get<std::shared_ptr<const ListData>>(storage_)->items;
}

const Dict& Value::as_dict() const {
    return std::get<std::shared_ptr<DictData>>(storage_)->entries;
}

const std::shared_ptr<const Object>& Value::as_object() const {
    return std::get<std::shared_ptr<const Object>>(storage_);
}

std::string Value::undefined_name() const {
    const auto* what = std::get_if<SharedText>(&storage_);
    return what == nullptr || *what == nullptr ? std::string() : **what;
}

const Value* Value::find(std::string_view key) const {
    return is_dict() ? as_dict().find(key) : nullptr;
}

Value::DictData& Value::own_dict() {
    auto& data = std::get<std::shared_ptr<DictData>>(storage_);
    if (data.use_count() != 1) {
        data = std::make_shared<DictData>(*data);
    }
    return *data;
}

void Value::set(std::string_view key, Value value) {
    DictData& data = own_dict();
    // A replaced child's depth stays counted: it is a bound.
    Value* const old = data.entries.find_to_replace(key);
    Measure measure = data.measure;
    if (old != nullptr) {
        measure.weight -= std::min(measure.weight, old->weight());
    } else {
        measure.weight += 1 + key.size();
    }
    measure.add(value);
    measure.check();
    if (old != nullptr) {
        *old = std::move(value);
    } else {
        data.entries.append(key, std::move(value));
    }
    data.measure = measure;
}

bool Value::erase(std::string_view key) {
    const Value* const old = find(key);
    if (old == nullptr) {
        return false;
    }
    const std::uint64_t freed = 1 + key.size() + old->weight();
    DictData& data = own_dict();
    data.measure.weight -= std::min(data.measure.weight - 1, freed);
    return data.entries.erase(key);
}

std::uint64_t Value::weight() const {
    switch (kind_) {
        case Kind::string:
            return 1 + as_string().size();
        case Kind::big_integer:
            return 1 + most_digits_of(as_big_integer());
        case Kind::list:
        case Kind::tuple:
            return std::get<std::shared_ptr<const ListData>>(storage_)->measure.weight;
        case Kind::dict:
            return std::get<std::shared_ptr<DictData>>(storage_)->measure.weight;
        default:
            return 1;
    }
}

std::uint32_t Value::depth() const {
    switch (kind_) {
        case Kind::list:
        case Kind::tuple:
            return std::get<std::shared_ptr<const ListData>>(storage_)->measure.depth;
        case Kind::dict:
            return std::get<std::shared_ptr<DictData>>(storage_)->measure.depth;
        default:
            return 0;
    }
}

bool Value::same_storage(const Value& other) const {
    return storage_.index() > 3 && storage_ == other.storage_;
}

std::partial_ordering compare_numbers(const Value& left, const Value& right) {
    if (left.is_integral() && right.is_integral()) {
        return left.as_integer() <=> right.as_integer();
    }
    if (left.is(Kind::floating) && right.is(Kind::floating)) {
        return left.as_floating() <=> right.as_floating();
    }
    if (left.is(Kind::floating)) {
        const auto reverse = compare_integer(right, left);
        return reverse < 0   ? std::partial_ordering::greater
               : reverse > 0 ? std::partial_ordering::less
                             : reverse;
    }
    return compare_integer(left, right);
}

bool equal(const Value& left, const Value& right) {
    if (left.is_number() && right.is_number()) {
        return compare_numbers(left, right) == std::partial_ordering::equivalent;
    }
    if (left.kind() != right.kind()) {
        return false;
    }
    switch (left.kind()) {
        case Kind::string:
            return left.as_string() == right.as_string();
        case Kind::list:
        case Kind::tuple:
            return left.same_storage(right) ||
                   std::ranges::equal(left.as_list(), right.as_list(), equal);
        case Kind::dict:
            return left.same_storage(right) ||
                   (left.as_dict().size() == right.as_dict().size() &&
                    std::ranges::all_of(left.as_dict().entries(), [&](const Dict::Entry& entry) {
                        const Value* other = right.as_dict().find(entry.first);
                        return other != nullptr && equal(entry.second, *other);
                    }));
        case Kind::object:
            return left.as_object() == right.as_object();
        default:
            return true;
    }
}

std::string type_name(const Value& value) {
    switch (value.kind()) {
        case Kind::undefined:
            return "undefined";
        case Kind::null:
            return "null";
        case Kind::boolean:
            return "boolean";
        case Kind::integer:
        case Kind::big_integer:
            return "integer";
        case Kind::floating:
            return "float";
        case Kind::string:
            return "string";
        case Kind::list:
            return "list";
        case Kind::tuple:
            return "tuple";
        case Kind::dict:
            return "object";
        case Kind::object:
            break;
    }
    return value.as_object()->type_name();
}

}  // namespace fleet::expression
