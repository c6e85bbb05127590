#include "common/model/json_writer.hpp"

#include <algorithm>
#include <utility>

#include "common/base/json.hpp"

namespace fleet::model {
namespace {

bool is_plain(char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte >= 0x20 && byte < 0x7F && character != '"' && character != '\\';
}

}  // namespace

void append_json_string(std::string& json, std::string_view value) {
    if (std::all_of(value.begin(), value.end(), is_plain)) {
        json.append(1, '"').append(value).append(1, '"');
    } else {
        json += base::dump_json(base::Json(std::string(value)));
    }
}

void JsonObjectWriter::begin_member(std::string_view name) {
    if (json_.size() > 1) {
        json_ += ',';
    }
    // Names are ours and need no escaping.
    json_.append(1, '"').append(name).append("\":");
}

void JsonObjectWriter::text(std::string_view name, std::string_view value) {
    begin_member(name);
    append_json_string(json_, value);
}

void JsonObjectWriter::integer(std::string_view name, std::int64_t value) {
    begin_member(name);
    json_ += std::to_string(value);
}

void JsonObjectWriter::boolean(std::string_view name, bool value) {
    begin_member(name);
    json_ += value ? "true" : "false";
}

void JsonObjectWriter::null(std::string_view name) {
    begin_member(name);
    json_ += "null";
}

void JsonObjectWriter::time(std::string_view name, base::StoreTime value) {
    text(name, base::iso8601(value));
}

void JsonObjectWriter::embed(std::string_view name, const base::JsonText& value) {
    begin_member(name);
    if (value.empty()) {
        json_ += "null";
        return;
    }
    const std::size_t begin = json_.size();
    json_ += value;
    // JSON strings hold no raw line breaks: these are space between tokens.
    std::replace_if(
        json_.begin() + static_cast<std::ptrdiff_t>(begin), json_.end(),
        [](char character) { return character == '\n' || character == '\r'; }, ' ');
}

base::JsonText JsonObjectWriter::finish() {
    json_ += '}';
    return std::exchange(json_, "{");
}

}  // namespace fleet::model
