#include "common/base/json.hpp"

#include "common/base/errors.hpp"

namespace fleet::base {
namespace {

/// Writing and destroying nested values recurses: deeper input could exhaust a thread's stack.
constexpr int kMaxDepth = 500;

/// The byte at which the nesting exceeds the limit, or npos. Text that is not JSON may be judged
/// wrongly here; the parser refuses it anyway.
std::size_t too_deep_at(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char character = text[at];
        if (in_string) {
            if (character == '\\') {
                ++at;
            } else if (character == '"') {
                in_string = false;
            }
        } else if (character == '"') {
            in_string = true;
        } else if (character == '[' || character == '{') {
            if (++depth > kMaxDepth) {
                return at;
            }
        } else if (character == ']' || character == '}') {
            --depth;
        }
    }
    return std::string_view::npos;
}

/// The library's texts begin with "[json.exception.parse_error.101] ".
std::string reason_of(const Json::exception& failure) {
    const std::string text = failure.what();
    const std::size_t end = text.find("] ");
    return end == std::string::npos ? text : text.substr(end + 2);
}

}  // namespace

Json parse_json(std::string_view text, const std::string& where) {
    if (const std::size_t at = too_deep_at(text); at != std::string_view::npos) {
        throw ConfigError(where + ": JSON nested deeper than " + std::to_string(kMaxDepth) +
                          " levels at byte " + std::to_string(at + 1));
    }
    try {
        return Json::parse(text);
    } catch (const Json::parse_error& failure) {
        throw ConfigError(where + ": not valid JSON at byte " + std::to_string(failure.byte) +
                          ": " + reason_of(failure));
    } catch (const Json::exception& failure) {
        throw ConfigError(where + ": unusable JSON: " + reason_of(failure));
    }
}

std::string dump_json(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace fleet::base
