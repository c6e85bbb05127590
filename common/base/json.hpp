// The JSON type of the project: insertion-ordered objects, so that printed keys keep the order in
// which the documentation lists them. Include this only in .cpp files; headers that pass JSON along
// use `JsonText`.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace fleet::base {

using Json = nlohmann::ordered_json;

/// Parses; throws ConfigError "`where`: ..." with the byte position and the parser's reason.
[[nodiscard]] Json parse_json(std::string_view text, const std::string& where);

/// Compact form. Invalid UTF-8 inside strings is replaced by U+FFFD, never an exception.
[[nodiscard]] std::string dump_json(const Json& value);

}  // namespace fleet::base
