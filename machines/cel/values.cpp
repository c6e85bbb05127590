#include "machines/cel/values.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "machines/cel/base64.hpp"
#include "machines/cel/cel.hpp"
#include "machines/expression/big_integer.hpp"
#include "machines/expression/errors.hpp"

namespace fleet::cel {
namespace {

using expression::Dict;
using expression::ErrorKind;
using expression::fail;

class CelObject : public expression::Object {
  public:
    explicit CelObject(Type type) : type_(type) {}
    [[nodiscard]] Type type() const { return type_; }
    [[nodiscard]] std::string type_name() const override { return std::string(name_of(type_)); }
    [[nodiscard]] std::string text() const override { return type_name(); }

  private:
    Type type_;
};

template <typename Content>
class Holder final : public CelObject {
  public:
    Holder(Type type, Content content) : CelObject(type), content_(std::move(content)) {}
    [[nodiscard]] const Content& content() const { return content_; }

  private:
    Content content_;
};

template <typename Content>
Value hold(Type type, Content content) {
    return Value::object(std::make_shared<const Holder<Content>>(type, std::move(content)));
}

/// Every object of an evaluation was made here, so its type tells its class.
template <typename Content>
const Content& held(const Value& value) {
    return static_cast<const Holder<Content>&>(*value.as_object()).content();
}

[[noreturn]] void refuse_key(const Value& key) {
    fail(ErrorKind::type, "no_such_overload: a value of type " +
                              std::string(name_of(type_of(key))) + " is no key of a map");
}

/// A key as text, so that equal ones have equal texts; nullopt for what is equal to no key.
std::optional<std::string> text_of_key(const Value& key) {
    constexpr double kTwoTo63 = 9223372036854775808.0;
    switch (type_of(key)) {
        case Type::string:
            return "s" + key.as_string();
        case Type::boolean:
            return key.as_boolean() ? "true" : "false";
        case Type::integer:
            return std::to_string(key.as_integer());
        case Type::unsigned_integer:
            return std::to_string(as_unsigned(key));
        case Type::floating: {
            const double number = key.as_floating();
            if (std::trunc(number) == number && number >= -kTwoTo63 && number < kTwoTo63) {
                return std::to_string(static_cast<std::int64_t>(number));
            }
            if (std::trunc(number) == number && number >= kTwoTo63 && number < 2 * kTwoTo63) {
                return std::to_string(static_cast<std::uint64_t>(number));
            }
            return std::nullopt;
        }
        default:
            refuse_key(key);
    }
}

/// A map whose keys are not all strings.
struct MixedMap {
    Entries entries;
    std::unordered_map<std::string, std::size_t> places;
};

bool is_plain(const Value& value) {
    if (value.is_list_like()) {
        for (const Value& item : value.as_list()) {
            if (!is_plain(item)) {
                return false;
            }
        }
    } else if (value.is_dict()) {
        for (const auto& entry : value.as_dict().entries()) {
            if (!is_plain(entry.second)) {
                return false;
            }
        }
    }
    return !value.is(Kind::object);
}

Value plain_list(const Value& value) {
    List items;
    for (const Value& item : value.as_list()) {
        items.push_back(to_plain(item));
    }
    return Value::list(std::move(items));
}

Value plain_map(const Value& value) {
    Dict dict;
    for (const auto& [key, item] : entries_of(value)) {
        const std::string text =
            key.is_string() ? key.as_string() : text_of_key(key).value_or(std::string());
        dict.set(text, to_plain(item));
    }
    return Value::dict(std::move(dict));
}

}  // namespace

Type type_of(const Value& value) {
    switch (value.kind()) {
        case Kind::undefined:
        case Kind::null:
            return Type::null;
        case Kind::boolean:
            return Type::boolean;
        case Kind::integer:
            return Type::integer;
        case Kind::big_integer:
            fail(ErrorKind::arithmetic,
                 "the integer " + expression::integer_excerpt(value) + " does not fit an int");
        case Kind::floating:
            return Type::floating;
        case Kind::string:
            return Type::string;
        case Kind::list:
        case Kind::tuple:
            return Type::list;
        case Kind::dict:
            return Type::map;
        case Kind::object:
            break;
    }
    const auto* object = dynamic_cast<const CelObject*>(value.as_object().get());
    if (object == nullptr) {
        fail(ErrorKind::type, "a " + value.as_object()->type_name() + " is no value of CEL");
    }
    return object->type();
}

std::string_view name_of(Type type) {
    switch (type) {
        case Type::null:
            return "null_type";
        case Type::boolean:
            return "bool";
        case Type::integer:
            return "int";
        case Type::unsigned_integer:
            return "uint";
        case Type::floating:
            return "double";
        case Type::string:
            return "string";
        case Type::bytes:
            return "bytes";
        case Type::list:
            return "list";
        case Type::map:
            return "map";
        case Type::timestamp:
            return "google.protobuf.Timestamp";
        case Type::duration:
            return "google.protobuf.Duration";
        case Type::type:
            break;
    }
    return "type";
}

Value unsigned_value(std::uint64_t number) {
    return hold(Type::unsigned_integer, number);
}
Value bytes_value(std::string bytes) {
    return hold(Type::bytes, std::move(bytes));
}
Value timestamp_value(const Timestamp& time) {
    return hold(Type::timestamp, time);
}
Value duration_value(const Duration& duration) {
    return hold(Type::duration, duration);
}
Value type_value(Type type) {
    return hold(Type::type, type);
}

std::uint64_t as_unsigned(const Value& value) {
    return held<std::uint64_t>(value);
}
const std::string& as_bytes(const Value& value) {
    return held<std::string>(value);
}
const Timestamp& as_timestamp(const Value& value) {
    return held<Timestamp>(value);
}
const Duration& as_duration(const Value& value) {
    return held<Duration>(value);
}
Type as_type(const Value& value) {
    return held<Type>(value);
}

Value map_value(Entries entries) {
    MixedMap mixed;
    bool only_strings = true;
    for (const auto& [key, value] : entries) {
        only_strings = only_strings && key.is_string();
        if (type_of(key) == Type::floating) {
            refuse_key(key);
        }
        const auto text = text_of_key(key);
        if (!mixed.places.emplace(text.value_or(std::string()), mixed.places.size()).second) {
            fail(ErrorKind::key, "a map has the same key twice");
        }
    }
    if (only_strings) {
        Dict dict;
        dict.reserve(entries.size());
        for (auto& [key, value] : entries) {
            dict.set(std::move(key), std::move(value));
        }
        return Value::dict(std::move(dict));
    }
    mixed.entries = std::move(entries);
    return hold(Type::map, std::move(mixed));
}

const Entries& entries_of(const Value& map) {
    return map.is_dict() ? map.as_dict().entries() : held<MixedMap>(map).entries;
}

const Value* find_in_map(const Value& map, const Value& key) {
    if (map.is_dict() && key.is_string()) {
        return map.find(key.as_string());
    }
    const auto text = text_of_key(key);
    if (map.is_dict() || !text) {
        return nullptr;
    }
    const auto& mixed = held<MixedMap>(map);
    const auto found = mixed.places.find(*text);
    return found == mixed.places.end() ? nullptr : &mixed.entries[found->second].second;
}

void Meter::charge(std::size_t steps) {
    steps_ += steps;
    if (steps_ > kMaxSteps) {
        fail(ErrorKind::limit,
             "the evaluation takes more than " + std::to_string(kMaxSteps) + " steps");
    }
}

Value to_plain(const Value& value) {
    if (is_plain(value)) {
        return value;
    }
    switch (type_of(value)) {
        case Type::list:
            return plain_list(value);
        case Type::map:
            return plain_map(value);
        case Type::unsigned_integer: {
            const std::uint64_t number = as_unsigned(value);
            constexpr auto kMost =
                static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
            return number <= kMost ? Value::integer(static_cast<std::int64_t>(number))
                                   : Value::floating(static_cast<double>(number));
        }
        case Type::bytes:
            return Value::string(base64_text(as_bytes(value)));
        case Type::timestamp:
            return Value::string(to_text(as_timestamp(value)));
        case Type::duration:
            return Value::string(to_text(as_duration(value)));
        default:
            return Value::string(std::string(name_of(as_type(value))));
    }
}

}  // namespace fleet::cel
