#include "machines/template/sequence.hpp"

#include "machines/expression/errors.hpp"
#include "machines/expression/operators.hpp"
#include "machines/expression/utf8.hpp"

namespace fleet::templates {

using expression::ErrorKind;
using expression::fail;
using expression::Kind;
using expression::List;
using expression::Value;

namespace {

class Sequence final : public expression::Object {
  public:
    Sequence(List items, std::string type, std::string text, bool has_length)
        : items_(std::move(items)),
          type_(std::move(type)),
          text_(std::move(text)),
          has_length_(has_length) {}

    [[nodiscard]] std::string type_name() const override { return type_; }
    [[nodiscard]] std::string text() const override { return text_; }
    [[nodiscard]] const List* items() const override { return &items_; }
    [[nodiscard]] bool has_length() const { return has_length_; }

  private:
    List items_;
    std::string type_;
    std::string text_;
    bool has_length_;
};

}  // namespace

List items_of(const Value& value) {
    List items;
    switch (value.kind()) {
        case Kind::undefined:
            return items;
        case Kind::list:
        case Kind::tuple:
            return value.as_list();
        case Kind::string:
            for (const std::string_view character :
                 expression::utf8_characters(value.as_string())) {
                items.push_back(Value::string(std::string(character)));
            }
            return items;
        case Kind::dict:
            for (const auto& entry : value.as_dict().entries()) {
                items.push_back(entry.first);
            }
            return items;
        case Kind::object:
            if (const List* found = value.as_object()->items()) {
                return *found;
            }
            break;
        default:
            break;
    }
    fail(ErrorKind::type,
         "a value of type " + expression::type_name(value) + " cannot be iterated");
}

bool is_iterable(const Value& value) {
    return value.is_undefined() || value.is_list_like() || value.is_string() || value.is_dict() ||
           (value.is(Kind::object) && value.as_object()->items() != nullptr);
}

Value make_generator(List items, std::string type) {
    std::string text = "<" + type + ">";
    return Value::object(
        std::make_shared<Sequence>(std::move(items), std::move(type), std::move(text), false));
}

Value make_range(List items, std::string text) {
    return Value::object(
        std::make_shared<Sequence>(std::move(items), "range", std::move(text), true));
}

std::int64_t length_of(const Value& value) {
    const auto* sequence =
        value.is(Kind::object) ? dynamic_cast<const Sequence*>(value.as_object().get()) : nullptr;
    const bool counted = value.is_undefined() || value.is_string() || value.is_list_like() ||
                         value.is_dict() || (sequence != nullptr && sequence->has_length());
    if (!counted) {
        fail(ErrorKind::type, "a value of type " + expression::type_name(value) + " has no length");
    }
    switch (value.kind()) {
        case Kind::string:
            return static_cast<std::int64_t>(expression::utf8_length(value.as_string()));
        case Kind::dict:
            return static_cast<std::int64_t>(value.as_dict().size());
        case Kind::list:
        case Kind::tuple:
            return static_cast<std::int64_t>(value.as_list().size());
        default:
            return sequence == nullptr ? 0 : static_cast<std::int64_t>(sequence->items()->size());
    }
}

Value member_of(const Value& value, const Value& key, const expression::SharedText& shown) {
    expression::require_defined(value);
    if (value.is_dict()) {
        const Value* found = expression::is_hashable(key) ? value.as_dict().find(key) : nullptr;
        return found == nullptr ? Value::undefined(shown) : *found;
    }
    if (value.is(Kind::object)) {
        if (key.is_string()) {
            Value found = value.as_object()->attribute(key.as_string());
            return found.is_undefined() ? Value::undefined(shown) : found;
        }
        const List* items = value.as_object()->items();
        const bool subscriptable = items != nullptr && value.as_object()->type_name() == "range";
        return subscriptable ? member_of(Value::list(*items), key, shown) : Value::undefined(shown);
    }
    if (!key.is_integral() || !(value.is_list_like() || value.is_string())) {
        return Value::undefined(shown);
    }
    const std::int64_t size = length_of(value);
    const std::int64_t at = key.as_integer() < 0 ? key.as_integer() + size : key.as_integer();
    return at < 0 || at >= size ? Value::undefined(shown)
                                : expression::subscript(value, Value::integer(at));
}

Value path_of(const Value& value, const Value& path) {
    if (!path.is_string()) {
        return member_of(value, path, nullptr);
    }
    const std::string& text = path.as_string();
    const auto shown = std::make_shared<const std::string>(text);
    Value result = value;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find('.', at), text.size());
        const std::string name = text.substr(at, end - at);
        const bool place = !name.empty() && name.size() < 10 &&
                           name.find_first_not_of("0123456789") == std::string::npos;
        const Value key = place ? Value::integer(std::stol(name)) : Value::string(name);
        result = member_of(result, key, shown);
        at = end + 1;
    }
    return result;
}

}  // namespace fleet::templates
