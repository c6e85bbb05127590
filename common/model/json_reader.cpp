#include "common/model/json_reader.hpp"

#include <limits>
#include <utility>

#include "common/base/json.hpp"

namespace fleet::model {
namespace {

base::Json parse(const base::JsonText& text, const std::string& what) {
    try {
        return base::parse_json(text, "reading " + what);
    } catch (const base::ConfigError& failure) {
        throw base::ProtocolError(failure.what());
    }
}

}  // namespace

JsonObjectReader::JsonObjectReader(const base::JsonText& text, const std::string& what)
    : JsonObjectReader(parse(text, what), what) {}

JsonObjectReader::JsonObjectReader(const Json& object, std::string what)
    : object_(std::make_unique<const Json>(object)), what_(std::move(what)) {
    if (!object_->is_object()) {
        throw base::ProtocolError("reading " + what_ + ": it is not a JSON object but " +
                                  object_->type_name());
    }
}

JsonObjectReader::~JsonObjectReader() = default;

const base::Json* JsonObjectReader::find(const char* name) const {
    const auto member = object_->find(name);
    return member == object_->end() || member->is_null() ? nullptr : &*member;
}

const base::Json* JsonObjectReader::find_array(const char* name) const {
    const base::Json* value = find(name);
    if (value != nullptr && !value->is_array()) {
        refuse(name, "an array");
    }
    return value;
}

void JsonObjectReader::refuse(const std::string& name, const std::string& wanted) const {
    throw base::ProtocolError("reading " + what_ + ": member \"" + name + "\" is not " + wanted);
}

void JsonObjectReader::read(const char* name, std::string& target) const {
    if (const base::Json* value = find(name)) {
        if (!value->is_string()) {
            refuse(name, "a string");
        }
        target = value->get<std::string>();
    }
}

void JsonObjectReader::read(const char* name, bool& target) const {
    if (const base::Json* value = find(name)) {
        if (!value->is_boolean()) {
            refuse(name, "true or false");
        }
        target = value->get<bool>();
    }
}

void JsonObjectReader::read(const char* name, double& target) const {
    if (const base::Json* value = find(name)) {
        if (!value->is_number()) {
            refuse(name, "a number");
        }
        target = value->get<double>();
    }
}

void JsonObjectReader::read(const char* name, std::int64_t& target) const {
    if (const base::Json* value = find(name)) {
        constexpr auto kLargest =
            static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        // A number that needs the sign bit parses as unsigned.
        if (!value->is_number_integer() ||
            (value->is_number_unsigned() && value->get<std::uint64_t>() > kLargest)) {
            refuse(name, "an integer of 64 bits");
        }
        target = value->get<std::int64_t>();
    }
}

void JsonObjectReader::read(const char* name, int& target) const {
    std::int64_t value = target;
    read(name, value);
    if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) {
        refuse(name, "an integer of 32 bits");
    }
    target = static_cast<int>(value);
}

void JsonObjectReader::read(const char* name, base::Millis& target) const {
    std::int64_t value = target.count();
    read(name, value);
    target = base::Millis{value};
}

void JsonObjectReader::read(const char* name, base::StoreTime& target) const {
    std::int64_t value = base::count_ms(target);
    read(name, value);
    target = base::store_time(value);
}

}  // namespace fleet::model
