#include "machines/estimate/stand_in.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace fleet::estimate {
namespace {

using agents::FieldType;
using agents::OutputField;
using expression::List;
using expression::Value;

/// A model's longest answer is no reason to fill the memory.
constexpr std::int64_t kMostBytes = std::int64_t{1} << 20U;

/// Texts whose length nothing says.
std::int64_t free_texts(const std::vector<OutputField>& fields) {
    std::int64_t count = 0;
    for (const OutputField& field : fields) {
        const bool is_free = (field.type == FieldType::text && field.choices.empty()) ||
                             field.type == FieldType::json;
        count += is_free ? 1 : 0;
        count += free_texts(field.items) + free_texts(field.properties);
        const bool is_bare_list = field.type == FieldType::list && field.items.empty();
        count += is_bare_list ? 1 : 0;
    }
    return count;
}

Value text_of(std::size_t bytes) {
    return Value::string(std::string(bytes, 'x'));
}

Value value_of(const OutputField& field, std::size_t text_bytes);

Value object_of(const std::vector<OutputField>& fields, std::size_t text_bytes) {
    Value object = Value::dict({});
    for (const OutputField& field : fields) {
        object.set(field.name, value_of(field, text_bytes));
    }
    return object;
}

Value value_of(const OutputField& field, std::size_t text_bytes) {
    switch (field.type) {
        case FieldType::text:
            return field.choices.empty() ? text_of(text_bytes)
                                         : Value::string(field.choices.front());
        case FieldType::integer:
            return Value::integer(1);
        case FieldType::number:
            return Value::floating(1);
        case FieldType::boolean:
            return Value::boolean(true);
        case FieldType::json:
            return text_of(text_bytes);
        case FieldType::list: {
            List items;
            items.push_back(field.items.empty() ? text_of(text_bytes)
                                                : value_of(field.items.front(), text_bytes));
            return Value::list(std::move(items));
        }
        case FieldType::object:
            return object_of(field.properties, text_bytes);
    }
    return {};
}

}  // namespace

calls::AgentResult stand_in(const agents::OutputSchema& schema, std::int64_t tokens) {
    const std::int64_t bytes =
        std::clamp<std::int64_t>(tokens, 0, kMostBytes / kBytesOfAToken) * kBytesOfAToken;
    calls::AgentResult result;
    result.finish_reason = "stop";
    if (schema.empty()) {
        result.content = std::string(static_cast<std::size_t>(bytes), 'x');
        return result;
    }
    const std::int64_t texts = std::max<std::int64_t>(1, free_texts(schema.fields()));
    result.output = object_of(schema.fields(), static_cast<std::size_t>(bytes / texts));
    return result;
}

}  // namespace fleet::estimate
